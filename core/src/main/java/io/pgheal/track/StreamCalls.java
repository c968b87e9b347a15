package io.pgheal.track;

import java.io.IOException;
import java.sql.SQLException;

/** Lets streams enter a lease: they may throw nothing but an {@link IOException}. */
final class StreamCalls {
    private StreamCalls() {}

    static void enter(Lease lease) throws IOException {
        try {
            lease.enter(Call.FETCH);
        } catch (SQLException refused) {
            throw new IOException(refused.getMessage(), refused);
        }
    }
}
