package io.pgheal.track;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** Stands for the lease of a connection that pgheal did not lend: nobody ends it, so nobody needs to be asked for time. */
record NoLease(Connection connection) implements HealingLease {
    @Override
    public void extend(Duration time) {}

    @Override
    public boolean isOver() {
        try {
            return connection.isClosed();
        } catch (SQLException cannotSay) {
            return true; // as an object that is of no use any more
        }
    }

    @Override
    public boolean isLeftBehind() {
        return isOver();
    }
}
