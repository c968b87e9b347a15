package io.pgheal.track;

import io.pgheal.Internal;
import java.lang.reflect.Method;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * An abandoned lease that nobody ever borrowed, of a connection that leads nowhere: the healing side rehearses a heal on
 * it. Has a registry of its own.
 */
@Internal
public final class LeaseOfNobody {
    private final LeaseRegistry registry;
    private final LeaseSnapshot seen;

    public LeaseOfNobody(Ticker ticker) throws SQLException {
        registry = new LeaseRegistry("rehearsal", new Pool.UnknownPool(() -> 0), true, 0, ticker, () -> false);
        BaseConnection nowhere = DriverHandle.proxy(BaseConnection.class, LeaseOfNobody::answer);
        Borrower nobody = Borrower.currentThread(new PhysicalConnection(0, null), 0);
        Lease lease = new Lease(1, registry, nowhere, nowhere, nobody, BorrowStack.NONE, null);
        lease.enter(Call.EXECUTE, "SELECT 1");
        lease.exit();
        lease.unreachable = true;
        long now = ticker.nanos();
        LeaseWatch watch = new LeaseWatch(lease, now);
        lease.watch = watch;
        seen = watch.observe(now, registry.movingWork(), null);
    }

    private static @Nullable Object answer(Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
        if (method.getReturnType() == boolean.class) {
            return false;
        }
        if (method.getReturnType() == int.class) {
            return 0;
        }
        return method.getName().equals("getTransactionState") ? TransactionState.OPEN : null;
    }

    public LeaseRegistry registry() {
        return registry;
    }

    public LeaseSnapshot seen() {
        return seen;
    }
}
