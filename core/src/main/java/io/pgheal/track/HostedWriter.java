package io.pgheal.track;

import java.io.IOException;
import org.postgresql.util.ByteStreamWriter;

/** Like {@link HostedStream}, for an object that writes its own bytes. */
record HostedWriter(Lease lease, ByteStreamWriter given) implements ByteStreamWriter {
    @Override
    public int getLength() {
        return given.getLength();
    }

    @Override
    public void writeTo(ByteStreamTarget target) throws IOException {
        Lease.Hosting before = lease.hostingBegins();
        try {
            given.writeTo(target);
        } finally {
            lease.hostingEnds(before);
        }
    }
}
