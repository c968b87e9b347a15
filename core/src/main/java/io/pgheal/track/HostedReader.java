package io.pgheal.track;

import java.io.IOException;
import java.io.Reader;
import org.jspecify.annotations.Nullable;

/** Like {@link HostedStream}, for characters. */
final class HostedReader extends Reader {
    private final Lease lease;
    private final Reader given;

    private HostedReader(Lease lease, Reader given) {
        this.lease = lease;
        this.given = given;
    }

    static @Nullable Reader of(Lease lease, @Nullable Reader given) {
        return given == null ? null : new HostedReader(lease, given);
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
    public int read(char[] characters, int offset, int length) throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.read(characters, offset, length);
        } finally {
            lease.hostingEnds(before);
        }
    }

    @Override
    public boolean ready() throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            return given.ready();
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

    /** Like {@link HostedStream#toString()}. */
    @Override
    public String toString() {
        return given.toString();
    }
}
