package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

/** By a clock of the test's own, which goes on by {@code dear} each time that it is read. */
class BorrowStacksTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long DEAR = Duration.ofMillis(1).toNanos();
    private static final long TYPICAL = Duration.ofNanos(20_000).toNanos();

    private long now;
    private long dear;
    private final Ticker clock = new Ticker() {
        @Override
        public long nanos() {
            now += dear;
            return now;
        }
    };
    private final LeaseRegistry registry =
            new LeaseRegistry("test", new Leases.TestPool(), true, 8, clock, () -> false);
    private final Raw lent = new Raw();

    private ConnectionHandle lend() {
        return io.pgheal.application.Borrower.borrow(1, this::lendHere);
    }

    private ConnectionHandle lendHere() {
        try {
            return registry.lend(lent.as(Connection.class), new Raw().as(BaseConnection.class));
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private Lease lendFor(String statement) throws Exception {
        Lease lease = lend().lease;
        lease.enter(Call.EXECUTE, statement);
        lease.exit();
        return lease;
    }

    /** A lease of this kind that was returned, and from which the loop has learned. */
    private void learn(String statement) throws Exception {
        Lease lease = lendFor(statement);
        assertThat(lease.ownStack()).isNotSameAs(BorrowStack.NONE);
        lease.close();
        look();
    }

    private void look() {
        registry.look(now, null);
    }

    /** Takes stacks until none is left, each for a time that cannot have been spent on it. */
    private void spend() {
        dear = DEAR;
        while (taken()) {}
        dear = 0;
    }

    private boolean taken() {
        return registry.stacks().take() != BorrowStack.NONE;
    }

    private static <T> T inThread(String name, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        new Thread(task, name).start();
        return task.get();
    }

    private static LeaseView view(Lease lease) {
        return LeaseView.of(new LeaseWatch(lease, 0).observe(0, new MovingWork(), null));
    }

    @Test
    void whileBorrowsAreFewEachHasItsStack() {
        dear = TYPICAL;
        look();
        for (int i = 0; i < 1000; i++) {
            assertThat(taken()).isTrue();
            now += Duration.ofMillis(10).toNanos();
            look();
        }
    }

    @Test
    void howeverManyBorrowsThereAreStacksTakeNoMoreThanHalfAPercentOfAProcessor() {
        dear = TYPICAL;
        look();
        long began = now;
        int taken = 0;
        while (now - began < 60 * SECOND) {
            for (int i = 0; i < 500; i++) {
                taken += taken() ? 1 : 0;
                now += SECOND / 10_000; // until the next borrow
            }
            look();
        }
        assertThat((double) taken * TYPICAL / (now - began)).isBetween(0.0047, 0.0053);
    }

    /** The thread may have waited for a processor meanwhile: the borrows after it have their stacks all the same. */
    @Test
    void aStackIsNotChargedForTheTimeInWhichItsThreadDidNotRun() {
        look();
        dear = SECOND;
        assertThat(taken()).isTrue();
        dear = 0;
        assertThat(taken()).isTrue();
    }

    /** Turning a stack into text takes longer than taking it, and ever new statements are ever new kinds. */
    @Test
    void theTextOfAStackIsPaidFromTheSameShare() throws Exception {
        look();
        for (int i = 0; i < 25; i++) {
            lendFor("SELECT name" + i + " FROM users").close();
            dear = DEAR;
            look();
            dear = 0;
        }
        assertThat(taken()).isFalse();
    }

    @Test
    void noStacksAreTakenWhereNoneAreShown() throws Exception {
        LeaseRegistry without = new LeaseRegistry("test", new Leases.TestPool(), true, 0, clock, () -> false);
        Lease lease = without.lend(lent.as(Connection.class), new Raw().as(BaseConnection.class)).lease;
        assertThat(lease.ownStack()).isSameAs(BorrowStack.NONE);
        assertThat(view(lease).borrowStackLikely()).isFalse();
        assertThat(view(lease).borrowedAt()).isNull();
    }

    // ---- the leases without a stack

    @Test
    void aLeaseHasItsOwnStackWhereOneWasTaken() throws Exception {
        LeaseView own = view(lendFor("SELECT 1"));
        assertThat(own.borrowStackLikely()).isFalse();
        assertThat(own.borrowedAt()).startsWith("io.pgheal.application.Borrower.borrow(");
    }

    @Test
    void aLeaseWithoutAStackIsToldByAnotherOfItsKind() throws Exception {
        learn("SELECT * FROM users WHERE name = 'alice'");
        spend();
        LeaseView likely = view(lendFor("SELECT * FROM users WHERE name = 'bob'"));
        assertThat(likely.borrowStackLikely()).isTrue();
        assertThat(likely.borrowedAt()).startsWith("(probably) io.pgheal.application.Borrower.borrow(");
        assertThat(likely.borrowStack()).isNotEmpty();
    }

    @Test
    void aLeaseOfAnotherStatementScopeOrKindOfThreadTellsNothing() throws Exception {
        inThread("worker-1", () -> {
            learn("SELECT 1");
            return null;
        });
        spend();
        List<Lease> others = new ArrayList<>();
        others.add(inThread("worker-2", () -> lendFor("SELECT name FROM users")));
        others.add(inThread("job-1", () -> lendFor("SELECT 1")));
        others.add(inThread("worker-2", () -> {
            try (LeaseScope scope = registry.openScope("GET /users", true)) {
                return lendFor("SELECT 1");
            }
        }));
        assertThat(others).allSatisfy(lease -> {
            assertThat(view(lease).borrowStack()).isEmpty();
            assertThat(view(lease).borrowStackLikely()).isFalse();
        });
        assertThat(view(inThread("worker-12", () -> lendFor("SELECT 2"))).borrowStack())
                .isNotEmpty();
    }

    /** Whoever borrows and asks nothing, as a health check does, has nothing in common with others who do. */
    @Test
    void aLeaseThatRanNoStatementIsToldByNoOther() throws Exception {
        lend().close();
        lendFor("-- nothing").close();
        look();
        spend();
        LeaseView unknown = view(lend().lease);
        assertThat(unknown.borrowStack()).isEmpty();
        assertThat(unknown.borrowedAt()).isNull();
    }

    /** A request has its final name at its end. */
    @Test
    void aScopeTeachesByItsFinalName() throws Exception {
        try (LeaseScope scope = registry.openScope("GET /users/*", true)) {
            learn("SELECT 1");
            scope.rename("GET /users/{id}");
        }
        look();
        spend();
        try (LeaseScope scope = registry.openScope("GET /users/{id}", true)) {
            assertThat(view(lendFor("SELECT 1")).borrowStackLikely()).isTrue();
        }
        try (LeaseScope scope = registry.openScope("GET /users/*", true)) {
            assertThat(view(lendFor("SELECT 1")).borrowStackLikely()).isFalse();
        }
    }

    @Test
    void aBoundedNumberOfKindsIsRemembered() throws Exception {
        for (int i = 0; i <= 1000; i++) {
            learn("SELECT name" + i + " FROM users");
            now += SECOND;
        }
        spend();
        assertThat(view(lendFor("SELECT name0 FROM users")).borrowStack()).isEmpty();
        assertThat(view(lendFor("SELECT name1 FROM users")).borrowStack()).isNotEmpty();
    }
}
