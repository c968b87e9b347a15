package io.pgheal.track;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A stream of the application that the driver reads while it executes. The stream may itself read rows over the same
 * connection: such a nested call is no sign that the outer call was cut.
 */
final class HostedStream extends InputStream {
    private final Lease lease;
    private final InputStream given;

    private HostedStream(Lease lease, InputStream given) {
        this.lease = lease;
        this.given = given;
    }

    static @Nullable InputStream of(Lease lease, @Nullable InputStream given) {
        return given == null ? null : new HostedStream(lease, given);
    }

    @Override
    public int read() throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.read();
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public int read(byte[] bytes) throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.read(bytes);
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.read(bytes, offset, length);
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public long skip(long count) throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.skip(count);
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public int available() throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.available();
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public void close() throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            given.close();
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public boolean markSupported() {
        return given.markSupported();
    }

    @Override
    public void mark(int limit) {
        given.mark(limit);
    }

    @Override
    public void reset() throws IOException {
        given.reset();
    }

    /** Of a stream that is set as text, the driver sends this. */
    @Override
    public String toString() {
        return given.toString();
    }
}
