package io.pgheal.track;

import java.sql.Connection;
import java.util.Optional;
import org.postgresql.core.BaseConnection;

/** Leases over raw objects that are none. */
final class Leases {
    static final class TestPool implements Pool {
        int discarded;
        Error thrown;

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
            return false;
        }

        @Override
        public void discard(Connection lent) {
            if (thrown != null) {
                throw thrown;
            }
            discarded++;
        }
    }

    private Leases() {}

    static LeaseRegistry registry(Pool pool) {
        return new LeaseRegistry("test", pool, true, 0, Ticker.system(), () -> false);
    }

    static Lease lease(Raw lent, Raw driver, TestPool pool) {
        return new Lease(
                1,
                registry(pool),
                lent.as(Connection.class),
                driver.as(BaseConnection.class),
                Borrower.currentThread(new PhysicalConnection(1, null), 0),
                BorrowStack.NONE,
                null);
    }

    /** As the healing side would. */
    static void revoke(Lease lease) {
        lease.tryRevoke(StateWord.sequence(lease.word()), true);
    }
}
