package io.pgheal.track;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.sql.Blob;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** A large object. */
final class BlobHandle extends Handle implements Blob {
    final Blob raw;

    BlobHandle(Lease lease, Handle owner, Blob raw) {
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
    public byte[] getBytes(long pos, int length) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            byte[] result = raw.getBytes(pos, length);
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
    public @Nullable InputStream getBinaryStream() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getBinaryStream());
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
    public long position(byte[] pattern, long start) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            long result = raw.position(pattern, start);
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
    public long position(Blob pattern, long start) throws SQLException {
        lease.enter(Call.HOST);
        try {
            long result = raw.position(own(pattern), start);
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
    public int setBytes(long pos, byte[] bytes) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            int result = raw.setBytes(pos, bytes);
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
    public int setBytes(long pos, byte[] bytes, int offset, int len) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            int result = raw.setBytes(pos, bytes, offset, len);
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
    public @Nullable OutputStream setBinaryStream(long pos) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable OutputStream result = wrap(raw.setBinaryStream(pos));
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
    public @Nullable InputStream getBinaryStream(long pos, long length) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getBinaryStream(pos, length));
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
