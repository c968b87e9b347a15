package io.pgheal.track;

import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;

/** The pool under the data source, as far as pgheal knows it. Thread-safe. */
@Internal
public interface Pool {
    /** The pool's own name, if the pool has one. */
    Optional<String> name();

    /** How many connections the pool lends at most, if known. */
    Optional<Integer> size();

    /**
     * Whether callers wait for a connection while all connections that the pool may have are lent, as far as that is
     * known.
     */
    boolean isExhausted();

    /** Whether {@link #isExhausted} is known from {@link Waiting} only. */
    default boolean needsWaiting() {
        return false;
    }

    /** Frees the pool's slot of a connection that was lent and has been aborted. */
    void discard(Connection lent) throws SQLException;

    /**
     * Chooses the implementation for a data source.
     *
     * @param waiting the number of callers that have been waiting in {@code getConnection()} for long
     */
    static Pool of(DataSource dataSource, java.util.function.IntSupplier waiting) {
        Pool hikari = HikariPool.below(dataSource, waiting);
        return hikari == null ? new UnknownPool(waiting) : hikari;
    }

    /**
     * Closes an aborted connection that is lent by any pool. Closing alone does not make every pool notice the abort: some
     * would lend it again. So the pool first gets a signal that it understands: an abort through its handle (Agroal), then
     * a call that fails (Druid, and HikariCP, which then touches no statement at the close).
     */
    static void giveUp(Connection lent) throws SQLException {
        try {
            lent.abort(Runnable::run);
            lent.createStatement().close(); // sends nothing: the driver knows that the connection was closed
        } catch (SQLException | RuntimeException expected) {
            // intended: this failure is the signal
        } finally {
            lent.close();
        }
    }

    /** Any other pool. */
    record UnknownPool(java.util.function.IntSupplier waiting) implements Pool {
        @Override
        public Optional<String> name() {
            return Optional.empty();
        }

        @Override
        public Optional<Integer> size() {
            return Optional.empty();
        }

        @Override
        public boolean isExhausted() {
            return waiting.getAsInt() > 0;
        }

        @Override
        public boolean needsWaiting() {
            return true;
        }

        @Override
        public void discard(Connection lent) throws SQLException {
            giveUp(lent);
        }
    }
}
