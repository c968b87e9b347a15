package io.pgheal.track;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** One checkout under way: what the pool lent, to be given back if anything above fails. */
final class Checkout {
    @Nullable
    Connection lent;

    @Nullable
    ConnectionHandle handle;

    /** Gives everything back; what goes wrong doing so is added to what went wrong first. */
    void undo(Throwable first) {
        undo(handle == null ? lent : handle, first); // closing the handle ends the lease, too
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
