package io.pgheal.track;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Reference;

/** Reads a large object, and keeps the connection's handle reachable. */
final class InputStreamHandle extends InputStream {
    private final Lease lease;
    private final Handle owner;
    private final InputStream raw;

    InputStreamHandle(Lease lease, Handle owner, InputStream raw) {
        this.lease = lease;
        this.owner = owner;
        this.raw = raw;
    }

    @Override
    public int read() throws IOException {
        StreamCalls.enter(lease);
        try {
            int result = raw.read();
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
    public int read(byte[] bytes) throws IOException {
        StreamCalls.enter(lease);
        try {
            int result = raw.read(bytes);
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
    public int read(byte[] bytes, int offset, int length) throws IOException {
        StreamCalls.enter(lease);
        try {
            int result = raw.read(bytes, offset, length);
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
    public long skip(long count) throws IOException {
        StreamCalls.enter(lease);
        try {
            long result = raw.skip(count);
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
    public int available() throws IOException {
        StreamCalls.enter(lease);
        try {
            int result = raw.available();
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
    public boolean markSupported() {
        try {
            return raw.markSupported();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Stays in memory: the driver remembers a position. */
    @Override
    public void mark(int limit) {
        try {
            raw.mark(limit);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void reset() throws IOException {
        StreamCalls.enter(lease);
        try {
            raw.reset();
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
    public void close() throws IOException {
        if (!StreamCalls.enterClose(lease)) {
            return;
        }
        try {
            raw.close();
            lease.exit();
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
            Reference.reachabilityFence(owner);
            Reference.reachabilityFence(this);
        }
    }
}
