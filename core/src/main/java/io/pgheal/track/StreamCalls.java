package io.pgheal.track;

import java.io.IOException;
import java.sql.SQLException;

/** Lease calls for streams, which may throw only an {@link IOException}. */
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
