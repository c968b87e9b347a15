package io.pgheal.track;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.lang.ref.Reference;
import java.sql.Clob;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** A large object of text. */
class ClobHandle extends Handle implements Clob {
    final Clob raw;

    ClobHandle(Lease lease, Handle owner, Clob raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    public long length() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            long result = raw.length();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getSubString(long pos, int length) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            String result = raw.getSubString(pos, length);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Reader getCharacterStream() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(raw.getCharacterStream());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable InputStream getAsciiStream() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getAsciiStream());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long position(String searchstr, long start) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            long result = raw.position(searchstr, start);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long position(Clob searchstr, long start) throws SQLException {
        lease.enter(Call.HOST);
        try {
            long result = raw.position(own(searchstr), start);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int setString(long pos, String str) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            int result = raw.setString(pos, str);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int setString(long pos, String str, int offset, int len) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            int result = raw.setString(pos, str, offset, len);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable OutputStream setAsciiStream(long pos) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable OutputStream result = wrap(raw.setAsciiStream(pos));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Writer setCharacterStream(long pos) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Writer result = wrap(raw.setCharacterStream(pos));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void truncate(long len) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.truncate(len);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Silent on a lease that is over or cut. */
    @Override
    public void free() throws SQLException {
        if (!lease.enterClose()) {
            return;
        }
        try {
            raw.free();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Reader getCharacterStream(long pos, long length) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(raw.getCharacterStream(pos, length));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String toString() {
        try {
            return raw.toString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
