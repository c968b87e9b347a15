package io.pgheal.track;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Reference;

/** Writes a large object, and keeps the connection's handle reachable. */
final class OutputStreamHandle extends OutputStream {
    private final Lease lease;
    private final Handle owner;
    private final OutputStream raw;

    OutputStreamHandle(Lease lease, Handle owner, OutputStream raw) {
        this.lease = lease;
        this.owner = owner;
        this.raw = raw;
    }

    @Override
    public void write(int value) throws IOException {
        StreamCalls.enter(lease);
        try {
            raw.write(value);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void write(byte[] bytes) throws IOException {
        StreamCalls.enter(lease);
        try {
            raw.write(bytes);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        StreamCalls.enter(lease);
        try {
            raw.write(bytes, offset, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void flush() throws IOException {
        StreamCalls.enter(lease);
        try {
            raw.flush();
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
