package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.Getters;
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
     * would lend it again. So the pool first gets the signals that pools understand. First a call that fails (Druid, c3p0,
     * and HikariCP, which then touches no statement at the close), then an abort through its handle. Not the other
     * way round: after an abort c3p0's handle tells its pool nothing any more, and the slot would be lost.
     */
    static void giveUp(Connection lent) throws SQLException {
        flushFromAgroal(lent);
        try {
            lent.createStatement().close(); // sends nothing: the driver knows that the connection was closed
        } catch (SQLException | RuntimeException expected) {
            // intended: this failure is the signal
        }
        try {
            lent.abort(Runnable::run);
        } catch (SQLException | RuntimeException expected) {
            // the close is what counts
        } finally {
            lent.close();
        }
    }

    /**
     * Without an {@code ExceptionSorter}, which it lacks by default, Agroal takes no failure for a sign that a connection is
     * broken. So it is told directly, but only while the connection is lent: one that is already back would keep its slot
     * and never be lent.
     */
    private static void flushFromAgroal(Connection lent) {
        Object handler = Getters.first(lent, Object.class, "getHandler");
        if (handler != null) {
            Getters.first(handler, Boolean.class, "tryFlushFromActive");
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
