package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import io.pgheal.track.LeaseSnapshot.Unfinished;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.copy.CopyIn;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * One lease over a pool and a driver that only watch: who gave the connection back, and whether a call was in the driver
 * when it must not have been.
 */
final class StandIn implements InvocationHandler, Pool {
    private static final Class<?>[] CONNECTION = {Connection.class, Below.class};
    private static final Class<?>[] DRIVER = {BaseConnection.class, Deep.class};
    private static final Class<?>[] STATEMENT = {Statement.class};
    private static final Class<?>[] RESULT_SET = {ResultSet.class};
    private static final Class<?>[] COPY = {CopyIn.class};
    private static final Revocation WHY = why("1");

    /** What the driver has beside its interfaces, which pgheal answers itself. */
    interface Below {}

    /** What only the driver's own connection is. */
    interface Deep {}

    final Lease lease;
    final ConnectionHandle handle;
    private final LeaseSnapshot judged;

    private final AtomicInteger inDriver = new AtomicInteger();
    private final AtomicInteger returned = new AtomicInteger();
    private final AtomicInteger discarded = new AtomicInteger();
    private volatile boolean fenced;
    private volatile boolean inPool;
    private volatile boolean called;
    private volatile boolean cancelled;
    private volatile String wrong = "";

    /** Whether the driver's statement is being executed, and nobody is about to cancel it. */
    private final AtomicBoolean executing = new AtomicBoolean();

    /** Whether the next call in the driver ends by an error. */
    boolean overflows;

    StandIn() {
        this(false);
    }

    private StandIn(boolean inACall) {
        LeaseRegistry registry = new LeaseRegistry("stress", this, false, 0, Ticker.system(), () -> false);
        Connection lent = as(CONNECTION);
        lease = new Lease(
                1,
                registry,
                lent,
                as(DRIVER),
                Borrower.currentThread(new PhysicalConnection(1, null), 0),
                BorrowStack.NONE,
                null);
        handle = new ConnectionHandle(lease);
        if (inACall) {
            lease.tryEnter(Call.EXECUTE);
            lease.unreachable = true;
        }
        judged = look();
    }

    /** Judged while a call was in progress that was held to be stale. */
    static StandIn inAStaleCall() {
        return new StandIn(true);
    }

    private static Revocation why(String incident) {
        return new Revocation(incident, "stress", false, TransactionEnd.ROLLED_BACK);
    }

    private LeaseSnapshot look() {
        return new LeaseWatch(lease, 0).observe(0, new MovingWork(), null);
    }

    @SuppressWarnings("unchecked")
    private <T> T as(Class<?>[] types) {
        return (T) Proxy.newProxyInstance(StandIn.class.getClassLoader(), types, this);
    }

    Statement statement() {
        return new StatementHandle(lease, handle, as(STATEMENT));
    }

    ResultSet rows() {
        return new ResultSetHandle(lease, handle, as(RESULT_SET));
    }

    /** A copy that is open until its handle ends it; of the thread that asks for it. */
    CopyIn copy() {
        return (CopyIn) CopyHandle.of(lease, handle, as(COPY));
    }

    // ---- the healing side

    /** On the judgement of before everything. */
    boolean revoke() {
        return revoke(WHY);
    }

    boolean revoke(String incident) {
        return revoke(why(incident));
    }

    private boolean revoke(Revocation why) {
        boolean won = lease.revoke(judged, judged.callIsStale(), why);
        if (won) {
            if (inDriver.get() != 0) {
                wrong = "FENCED DURING A CALL";
            }
            fenced = true;
            lease.giveBack();
        }
        return won;
    }

    /** As the loop does for what the application could not finish. */
    void finish() {
        LeaseSnapshot seen = look();
        if (seen.unfinished() == Unfinished.CUT) {
            lease.finish(seen);
        }
    }

    // ---- the application's side

    /** Something that may be refused. */
    interface Attempt {
        void make() throws SQLException;
    }

    static boolean attempt(Attempt call) {
        try {
            call.make();
            return true;
        } catch (SQLException | StackOverflowError refused) {
            return false; // the verdict tells
        }
    }

    /** Whether a late call is told this incident. */
    boolean isToldOf(String incident) {
        try {
            handle.commit();
            return false;
        } catch (SQLException refused) {
            return String.valueOf(refused.getMessage()).contains("incident " + incident + ":");
        }
    }

    // ---- what lies below

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) {
        switch (method.getName()) {
            case "getTransactionState":
                return TransactionState.OPEN;
            case "close":
                if (proxy instanceof Connection) {
                    if (inDriver.get() != 0) {
                        wrong = "RETURNED DURING A CALL";
                    }
                    returned.incrementAndGet();
                    inPool = true;
                } else {
                    inDriver();
                }
                return null;
            case "abort":
                if (proxy instanceof BaseConnection) {
                    return null; // the healing side's own
                }
                inDriver();
                return null;
            case "executeUpdate":
                executing.set(true);
                inDriver();
                while (!executing.compareAndSet(true, false)) {
                    Thread.onSpinWait(); // as the driver does: a statement does not end while it is being cancelled
                }
                return 0;
            case "commit", "rollback", "setAutoCommit", "next", "getString", "endCopy", "writeToCopy":
                inDriver();
                return answer(method.getReturnType());
            case "cancel":
                cancel();
                return null;
            case "isActive":
                return true;
            case "unwrap":
                inDriver();
                return as(DRIVER);
            case "hashCode":
                return System.identityHashCode(proxy);
            case "equals":
                return proxy == arguments[0];
            default:
                return answer(method.getReturnType());
        }
    }

    private void inDriver() {
        inDriver.incrementAndGet();
        called = true;
        look(fenced, "CALLED AFTER THE FENCE");
        look(inPool, "CALLED IN THE POOL");
        inDriver.decrementAndGet();
        if (overflows) {
            throw new StackOverflowError();
        }
    }

    /** Whoever has the connection by now: what runs there is cut. The driver cancels nothing but what this statement runs. */
    private void cancel() {
        cancelled = true;
        if (executing.compareAndSet(true, false)) {
            look(inPool, "CANCELLED IN THE POOL");
            executing.set(true);
        }
    }

    boolean isCancelled() {
        return cancelled;
    }

    private void look(boolean bad, String what) {
        if (bad) {
            wrong = what;
        }
    }

    private static Object answer(Class<?> type) {
        return type == boolean.class
                ? (Object) false
                : type == int.class ? (Object) 0 : type == long.class ? (Object) 0L : null;
    }

    // ---- the pool

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
        discarded.incrementAndGet();
    }

    // ---- the verdict

    /** What happened, in words; what must not happen, in capitals. */
    String verdict(boolean givenBack) {
        int times = returned.get() + discarded.get();
        if (!wrong.isEmpty()) {
            return wrong;
        }
        if (times > 1) {
            return "GIVEN BACK " + times + " TIMES";
        }
        if (times == 0 && givenBack) {
            return "NEVER GIVEN BACK";
        }
        return (called ? "called" : "not called")
                + (returned.get() == 1 ? ", returned" : discarded.get() == 1 ? ", aborted" : ", kept");
    }
}
