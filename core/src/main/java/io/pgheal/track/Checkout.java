package io.pgheal.track;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** One checkout in progress: holds what the pool lent, so that the pool gets it back if a later step fails. */
final class Checkout {
    @Nullable
    Connection lent;

    @Nullable
    ConnectionHandle handle;

    /** Gives everything back. A failure on the way is added to {@code first} as suppressed. */
    void undo(Throwable first) {
        undo(handle == null ? lent : handle, first); // closing the handle also ends the lease
    }

    static void undo(@Nullable Connection connection, Throwable first) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException | RuntimeException | StackOverflowError e) {
            if (e != first) {
                first.addSuppressed(e);
            }
        }
    }
}
