package io.pgheal.track;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.sql.ResultSet;
import java.sql.Statement;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** What the application does with a lease and its handles, against what the healing side does with it. */
public final class LeaseStress {
    private static final String WRONG = "[A-Z0-9 ]+";
    private static final String OVER_AND_KEPT = ".*, kept";

    private LeaseStress() {}

    @JCStressTest
    @State
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "committed, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and the commit refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the commit")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CommitAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            StandIn.attempt(it.handle::commit);
        }

        @Actor
        public void healing() {
            it.revoke();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(false);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "executed, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and the statement refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the statement")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StatementAgainstRevoke {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();

        @Actor
        public void application() {
            StandIn.attempt(() -> statement.executeUpdate("update t set a = 1"));
        }

        @Actor
        public void healing() {
            it.revoke();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(false);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "fetched, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and the fetch refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the fetch")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class ResultSetAgainstRevoke {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();

        @Actor
        public void application() {
            StandIn.attempt(rows::next);
        }

        @Actor
        public void healing() {
            it.revoke();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(false);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "not called, (returned|aborted)", expect = ACCEPTABLE, desc = "one party gave it back")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class TwoClosesAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void closeTwice() {
            StandIn.attempt(it.handle::close);
            StandIn.attempt(it.handle::close);
        }

        @Actor
        public void healing() {
            it.revoke();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "not called, returned", expect = ACCEPTABLE, desc = "one of them gave it back")
    @Outcome(id = "not called, (kept|aborted)", expect = FORBIDDEN, desc = "lost, or aborted for nothing")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CloseAgainstClose {
        private final StandIn it = new StandIn();

        @Actor
        public void close() {
            StandIn.attempt(it.handle::close);
        }

        @Actor
        public void closeToo() {
            StandIn.attempt(it.handle::close);
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "committed, then given back")
    @Outcome(id = "not called, (returned|aborted)", expect = ACCEPTABLE, desc = "given back, the commit refused")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CommitAgainstRevokeAndClose {
        private final StandIn it = new StandIn();

        @Actor
        public void commit() {
            StandIn.attempt(it.handle::commit);
        }

        @Actor
        public void revokeAndClose() {
            it.revoke();
            StandIn.attempt(it.handle::close);
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "executed, then given back")
    @Outcome(id = "not called, (returned|aborted)", expect = ACCEPTABLE, desc = "given back, the statement refused")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StatementAgainstClose {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();

        @Actor
        public void execute() {
            StandIn.attempt(() -> statement.executeUpdate("update t set a = 1"));
        }

        @Actor
        public void close() {
            StandIn.attempt(it.handle::close);
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "aborted, then given back")
    @Outcome(id = "not called, (returned|aborted)", expect = ACCEPTABLE, desc = "given back, the abort was late")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class AbortAgainstClose {
        private final StandIn it = new StandIn();

        @Actor
        public void abort() {
            StandIn.attempt(() -> it.handle.abort(Runnable::run));
        }

        @Actor
        public void close() {
            StandIn.attempt(it.handle::close);
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "the application aborts, and is still to close")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and the application's abort was late")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "fenced on a judgement older than the abort")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class AbortAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void abort() {
            StandIn.attempt(() -> it.handle.abort(Runnable::run));
        }

        @Actor
        public void healing() {
            it.revoke();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(false);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "unwrapped, and the fence failed")
    @Outcome(id = "false, true", expect = ACCEPTABLE, desc = "fenced, and nothing was handed out")
    @Outcome(id = "true, true", expect = FORBIDDEN, desc = "fenced on a judgement older than the unwrapping")
    @Outcome(id = "false, false", expect = FORBIDDEN, desc = "neither won")
    public static class UnwrapAgainstRevoke {
        private final StandIn it = new StandIn();
        private Object below;

        @Actor
        public void unwrap() {
            StandIn.attempt(() -> below = it.handle.unwrap(StandIn.Below.class));
        }

        @Actor
        public void healing() {
            it.revoke();
        }

        @Arbiter
        public void look(ZZ_Result r) {
            r.r1 = below != null;
            r.r2 = it.verdict(false).endsWith("aborted");
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "called, aborted", expect = ACCEPTABLE, desc = "cut, and one party gave it back")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(
            id = {"called, returned", "not called, .*"},
            expect = FORBIDDEN,
            desc = "somebody gets a cut connection")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CutRolledBackAndClosedAgainstFinish {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            it.overflows = true;
            StandIn.attempt(it.handle::commit);
            StandIn.attempt(it.handle::rollback);
            StandIn.attempt(it.handle::close);
        }

        @Actor
        public void healing() {
            it.finish();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "not called, (returned|aborted)", expect = ACCEPTABLE, desc = "one party gave it back")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class RefusedCloseAndCloseAgainstFinishAndRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            it.lease.state.refuseClose();
            StandIn.attempt(it.handle::close);
        }

        @Actor
        public void healing() {
            it.finish();
            it.revoke();
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }
}
