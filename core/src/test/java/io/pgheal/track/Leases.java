package io.pgheal.track;

import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.util.Optional;
import org.postgresql.core.BaseConnection;

/** Leases over raw objects that are none. */
final class Leases {
    static final class TestPool implements Pool {
        int discarded;

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
                new PhysicalConnection(1, null),
                new WeakReference<>(Thread.currentThread()),
                BorrowStack.NONE,
                null);
    }

    /** As the healing side would. */
    static void revoke(Lease lease) {
        lease.state.tryRevoke(StateWord.sequence(lease.state.read()), true);
    }
}
