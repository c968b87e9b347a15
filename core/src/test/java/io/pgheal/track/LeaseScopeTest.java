package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

class LeaseScopeTest {
    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());

    @Test
    void anInnerScopeThatWasNeverClosedIsLeftWithItsOuterOne() throws SQLException {
        LeaseScope outer = registry.openScope("outer", true);
        registry.openScope("lost", true);
        outer.close();

        LeaseScope next = registry.openScope("next", true);
        ConnectionHandle handle = lend();
        next.close();

        assertThat(handle.lease.scopeEnd()).isNotNull();
    }

    @Test
    void aScopeThatEndsAfterItsOuterOneKeepsNoLeaseFromItsEvidence() throws SQLException {
        LeaseScope outer = registry.openScope("outer", true);
        LeaseScope inner = registry.openScope("inner", true);
        ConnectionHandle handle = lend();
        inner.continuesElsewhere();
        inner.close();
        outer.close();
        inner.completed();

        assertThat(handle.lease.scopeEnd()).isNotNull();
    }

    /** Whoever closes it for its thread does not know whether that is still at work. */
    @Test
    void aScopeThatAnotherThreadEndedProvesNothing() throws Exception {
        LeaseScope scope = registry.openScope("scope", true);
        ConnectionHandle handle = lend();
        Thread other = new Thread(scope::close);
        other.start();
        other.join();

        assertThat(handle.lease.scopeEnd().isProof()).isFalse();
    }

    @Test
    void aScopeProvesNothingOfALeaseThatAnotherThreadCalled() throws Exception {
        LeaseScope scope = registry.openScope("scope", true);
        ConnectionHandle mine = lend();
        ConnectionHandle called = lend();
        Thread other = new Thread(() -> {
            called.lease.tryEnter(Call.PREPARE);
            called.lease.exit();
        });
        other.start();
        other.join();
        scope.close();

        assertThat(mine.lease.isLeftBehind()).isTrue();
        assertThat(called.lease.isLeftBehind()).isFalse();
    }

    // ---- what an inner scope's end proves, when the outer one ends

    private ScopeEnd endOfOuter(boolean innerOwned, boolean innerFails, boolean outerOwned, ScopedWork between)
            throws SQLException {
        LeaseScope outer = registry.openScope("outer", outerOwned);
        LeaseScope inner = registry.openScope("inner", innerOwned);
        ConnectionHandle handle = lend();
        if (innerFails) {
            inner.failed(new IllegalStateException());
        }
        inner.close();
        assertThat(handle.lease.scopeEnd())
                .as("it belongs to the outer scope now")
                .isNull();
        between.on(handle);
        outer.close();
        return handle.lease.scopeEnd();
    }

    private interface ScopedWork {
        void on(ConnectionHandle handle) throws SQLException;
    }

    @Test
    void aLeaseThatOutlivedTheApplicationsOwnInnerScopeOutlivedItForGood() throws SQLException {
        ScopeEnd end = endOfOuter(true, false, false, nothing -> {});
        assertThat(end.ownedByApplication()).isTrue();
        assertThat(end.thrown()).isNull();
        assertThat(end.scope()).contains("inner").contains("outer");
    }

    @Test
    void theThrowableThatEndedTheInnerScopeIsToldAtTheEndOfTheOuterOne() throws SQLException {
        assertThat(endOfOuter(false, true, false, nothing -> {}).thrown())
                .isEqualTo(IllegalStateException.class.getName());
    }

    /** Whoever used it between the two ends had it: the inner end says nothing any more. */
    @Test
    void aCallAfterTheInnerScopeTakesItsProofBack() throws SQLException {
        ScopeEnd afterCall = endOfOuter(true, true, false, handle -> {
            handle.lease.enter(Call.EXECUTE);
            handle.lease.exit();
        });
        assertThat(afterCall.ownedByApplication()).isFalse();
        assertThat(afterCall.thrown()).isNull();
        ScopeEnd afterTouch = endOfOuter(true, true, false, handle -> handle.lease.touch());
        assertThat(afterTouch.ownedByApplication()).isFalse();
        assertThat(afterTouch.thrown()).isNull();
    }

    @Test
    void anInnerScopeOfAFrameworkThatEndsInOrderProvesNothing() throws SQLException {
        assertThat(endOfOuter(false, false, false, nothing -> {}).ownedByApplication())
                .isFalse();
        assertThat(endOfOuter(false, false, true, nothing -> {}).ownedByApplication())
                .isTrue();
    }

    /** A transaction of the thread that was there before the inner scope: the lease is that one's. */
    @Test
    void anInnerScopeInsideATransactionProvesNothing() throws SQLException {
        boolean[] inside = new boolean[1];
        LeaseRegistry spring =
                new LeaseRegistry("test", new Leases.TestPool(), true, 0, Ticker.system(), () -> inside[0]);
        LeaseScope outer = spring.openScope("outer", false);
        inside[0] = true;
        LeaseScope inner = spring.openScope("inner", true);
        ConnectionHandle handle = spring.lend(new Raw().as(Connection.class), new Raw().as(BaseConnection.class));
        inner.close();
        inside[0] = false;
        outer.close();
        assertThat(handle.lease.scopeEnd().ownedByApplication()).isFalse();
        assertThat(handle.lease.scopeEnd().scope()).isEqualTo("outer");
    }

    /** What makes the outer end prove less is not mended by the inner one. */
    @Test
    void anOuterScopeInsideATransactionStaysThat() throws SQLException {
        boolean[] inside = {true};
        LeaseRegistry spring =
                new LeaseRegistry("test", new Leases.TestPool(), true, 0, Ticker.system(), () -> inside[0]);
        LeaseScope outer = spring.openScope("outer", false);
        inside[0] = false;
        LeaseScope inner = spring.openScope("inner", true);
        ConnectionHandle handle = spring.lend(new Raw().as(Connection.class), new Raw().as(BaseConnection.class));
        inner.close();
        outer.close();
        assertThat(handle.lease.scopeEnd().insideTransaction()).isTrue();
    }

    @Test
    void whatAnInnerScopeLeavesOpenBelongsToItsOuterOne() throws SQLException {
        LeaseScope outer = registry.openScope("outer", true);
        LeaseScope inner = registry.openScope("inner", true);
        ConnectionHandle handle = lend();
        inner.close();
        assertThat(handle.lease.scopeEnd()).isNull();
        outer.close();
        assertThat(handle.lease.scopeEnd()).isNotNull();
    }

    private ConnectionHandle lend() throws SQLException {
        return registry.lend(new Raw().as(Connection.class), new Raw().as(BaseConnection.class));
    }
}
