package io.pgheal.track;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.lang.ref.Reference;
import java.sql.SQLException;
import java.sql.SQLXML;
import javax.xml.transform.Result;
import javax.xml.transform.Source;

/** XML. The driver keeps it in memory, and so are its streams. */
final class SQLXMLHandle extends Handle implements SQLXML {
    final SQLXML raw;

    SQLXMLHandle(Lease lease, Handle owner, SQLXML raw) {
        super(lease, owner);
        this.raw = raw;
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
    public InputStream getBinaryStream() throws SQLException {
        lease.touch();
        try {
            return raw.getBinaryStream();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public OutputStream setBinaryStream() throws SQLException {
        lease.touch();
        try {
            return raw.setBinaryStream();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public Reader getCharacterStream() throws SQLException {
        lease.touch();
        try {
            return raw.getCharacterStream();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public Writer setCharacterStream() throws SQLException {
        lease.touch();
        try {
            return raw.setCharacterStream();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getString() throws SQLException {
        lease.touch();
        try {
            return raw.getString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setString(String value) throws SQLException {
        lease.touch();
        try {
            raw.setString(value);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public <T extends Source> T getSource(Class<T> sourceClass) throws SQLException {
        lease.touch();
        try {
            return raw.getSource(sourceClass);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public <T extends Result> T setResult(Class<T> resultClass) throws SQLException {
        lease.touch();
        try {
            return raw.setResult(resultClass);
        } catch (Throwable t) {
            lease.cut(t);
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
