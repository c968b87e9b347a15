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
import org.openjdk.jcstress.infra.results.IZ_Result;
import org.openjdk.jcstress.infra.results.L_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;
import org.postgresql.copy.CopyIn;

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
            it.lease.refuseClose();
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

    @JCStressTest
    @State
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "rolled back, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class RollbackAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            StandIn.attempt(it.handle::rollback);
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
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "committed by its auto-commit, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class AutoCommitAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            StandIn.attempt(() -> it.handle.setAutoCommit(true));
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
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "read, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class ColumnOfTheDriverAgainstRevoke {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();

        @Actor
        public void application() {
            StandIn.attempt(() -> rows.getString(1));
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
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "closed, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StatementCloseAgainstRevoke {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();

        @Actor
        public void application() {
            StandIn.attempt(statement::close);
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
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "closed, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class ResultSetCloseAgainstRevoke {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();

        @Actor
        public void application() {
            StandIn.attempt(rows::close);
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
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "ended, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class EndOfCopyAgainstRevoke {
        private final StandIn it = new StandIn();
        private final CopyIn copy = it.copy();

        @Actor
        public void application() {
            StandIn.attempt(copy::endCopy);
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
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "fetched, then given back")
    @Outcome(id = "not called, returned", expect = ACCEPTABLE, desc = "given back, and it was refused")
    @Outcome(id = "not called, aborted", expect = FORBIDDEN, desc = "aborted for nothing")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class NextAgainstClose {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();

        @Actor
        public void application() {
            StandIn.attempt(rows::next);
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
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "closed, then given back")
    @Outcome(id = "not called, returned", expect = ACCEPTABLE, desc = "given back, and it was refused")
    @Outcome(id = "not called, aborted", expect = FORBIDDEN, desc = "aborted for nothing")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StatementCloseAgainstClose {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();

        @Actor
        public void application() {
            StandIn.attempt(statement::close);
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
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "closed, then given back")
    @Outcome(id = "not called, returned", expect = ACCEPTABLE, desc = "given back, and it was refused")
    @Outcome(id = "not called, aborted", expect = FORBIDDEN, desc = "aborted for nothing")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class ResultSetCloseAgainstClose {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();

        @Actor
        public void application() {
            StandIn.attempt(rows::close);
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
    @Outcome(id = "called, (returned|aborted)", expect = ACCEPTABLE, desc = "unwrapped, then given back")
    @Outcome(id = "not called, returned", expect = ACCEPTABLE, desc = "given back, and it was refused")
    @Outcome(id = "not called, aborted", expect = FORBIDDEN, desc = "aborted for nothing")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class UnwrapAgainstClose {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            StandIn.attempt(() -> it.handle.unwrap(StandIn.Deep.class));
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

    /** What stays in memory is counted apart from the word, so that reading a column costs no atomic step: one that comes
     * between the look at that count and the fence is not seen. It reads what was fetched before the fence, sends nothing, and
     * is as if it had come before a fence that came a moment later; {@link TouchThenRevoke} is what must hold.
     */
    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "read, and the fence failed")
    @Outcome(id = "false, true", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "read at the very moment of the fence")
    @Outcome(id = "false, false", expect = FORBIDDEN, desc = "neither won")
    public static class TouchAgainstRevoke {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();

        @Actor
        public void application(ZZ_Result r) {
            r.r1 = StandIn.attempt(() -> rows.getBoolean(1));
        }

        @Actor
        public void healing(ZZ_Result r) {
            r.r2 = it.revoke();
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "false", expect = ACCEPTABLE, desc = "the fence failed, or came first")
    @Outcome(id = "true", expect = FORBIDDEN, desc = "fenced on a judgement older than a touch that was over")
    public static class TouchThenRevoke {
        private final StandIn it = new StandIn();
        private final ResultSet rows = it.rows();
        private volatile boolean touched;

        @Actor
        public void application() {
            StandIn.attempt(() -> rows.getBoolean(1));
            touched = true;
        }

        @Actor
        public void healing(Z_Result r) {
            r.r1 = touched && it.revoke();
        }
    }

    /** A cancel must work beside the call of another thread, and so is no call. Of what passed before the fence the driver
     * makes nothing: no statement is being executed when the fence closes.
     */
    @JCStressTest
    @State
    @Outcome(id = ".*, true", expect = ACCEPTABLE, desc = "fenced: a cancel is no sign of life")
    @Outcome(id = ".*, false", expect = FORBIDDEN, desc = "a cancel kept the fence away")
    public static class CancelAgainstRevoke {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();

        @Actor
        public void application(ZZ_Result r) {
            r.r1 = StandIn.attempt(statement::cancel);
        }

        @Actor
        public void healing(ZZ_Result r) {
            r.r2 = it.revoke();
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "false", expect = ACCEPTABLE, desc = "refused, or it came first")
    @Outcome(id = "true", expect = FORBIDDEN, desc = "cancelled on a lease that was over")
    public static class CancelAfterRevoke {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();
        private volatile boolean revoked;

        @Actor
        public void healing() {
            it.revoke();
            revoked = true;
        }

        @Actor
        public void application(Z_Result r) {
            if (revoked) {
                StandIn.attempt(statement::cancel);
                r.r1 = it.isCancelled();
            }
        }
    }

    @JCStressTest
    @State
    @Outcome(
            id = "(not )?called, (returned|aborted)",
            expect = ACCEPTABLE,
            desc = "given back, and the cancel met its own statement or nothing")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CancelAgainstStatementAndClose {
        private final StandIn it = new StandIn();
        private final Statement statement = it.statement();

        @Actor
        public void executeAndClose() {
            StandIn.attempt(() -> statement.executeUpdate("update t set a = 1"));
            StandIn.attempt(it.handle::close);
        }

        @Actor
        public void cancel() {
            StandIn.attempt(statement::cancel);
        }

        @Arbiter
        public void verdict(L_Result r) {
            r.r1 = it.verdict(true);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "one party aborted it")
    @Outcome(id = "not called, returned", expect = FORBIDDEN, desc = "somebody gets it in the middle of a copy")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class RollbackOfAnOpenCopyAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            it.copy();
            StandIn.attempt(it.handle::rollback);
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
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "one party aborted it")
    @Outcome(id = "not called, returned", expect = FORBIDDEN, desc = "somebody gets it in the middle of a copy")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CloseOfAnOpenCopyAgainstRevoke {
        private final StandIn it = new StandIn();

        @Actor
        public void application() {
            it.copy();
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
    @Outcome(id = "(not )?called, aborted", expect = ACCEPTABLE, desc = "aborted: the copy was never ended")
    @Outcome(id = ".*, returned", expect = FORBIDDEN, desc = "somebody gets it in the middle of a copy")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CallOfAnOpenCopyAgainstClose {
        private final StandIn it = new StandIn();
        private final CopyIn copy = it.copy();

        @Actor
        public void application() {
            StandIn.attempt(() -> copy.writeToCopy(new byte[1], 0, 1));
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

    /** A call that was held to be stale ends all the same, and its thread goes on with its work. */
    @JCStressTest
    @State
    @Outcome(id = "called, kept", expect = ACCEPTABLE, desc = "committed, and the fence failed")
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "fenced, and it was refused")
    @Outcome(id = "called, aborted", expect = FORBIDDEN, desc = "aborted on a judgement older than the call")
    @Outcome(id = "not called, kept", expect = FORBIDDEN, desc = "neither won")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StaleCallGoesOnAgainstRevoke {
        private final StandIn it = StandIn.inAStaleCall();

        @Actor
        public void application() {
            it.lease.exit();
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
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "one party aborted it")
    @Outcome(id = ".*, returned", expect = FORBIDDEN, desc = "somebody gets a cut connection")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StaleCallIsCutAndRolledBackAgainstRevoke {
        private final StandIn it = StandIn.inAStaleCall();

        @Actor
        public void application() {
            it.lease.failedCut(new StackOverflowError());
            StandIn.attempt(it.handle::rollback);
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
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "one party aborted it")
    @Outcome(id = ".*, returned", expect = FORBIDDEN, desc = "somebody gets a cut connection")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StaleCallIsCutAndClosedAgainstFinishAndRevoke {
        private final StandIn it = StandIn.inAStaleCall();

        @Actor
        public void application() {
            it.lease.failedCut(new StackOverflowError());
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

    @JCStressTest
    @State
    @Outcome(id = "not called, (returned|aborted)", expect = ACCEPTABLE, desc = "one party gave it back")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class StaleCallEndsAndClosesAgainstRevoke {
        private final StandIn it = StandIn.inAStaleCall();

        @Actor
        public void application() {
            it.lease.exit();
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
    @Outcome(id = "not called, aborted", expect = ACCEPTABLE, desc = "one party aborted it")
    @Outcome(id = ".*, returned", expect = FORBIDDEN, desc = "somebody gets a cut connection")
    @Outcome(id = OVER_AND_KEPT, expect = FORBIDDEN, desc = "nobody gave it back")
    @Outcome(id = WRONG, expect = FORBIDDEN)
    public static class CloseDuringAStaleCallAgainstRevoke {
        private final StandIn it = StandIn.inAStaleCall();

        @Actor
        public void application() {
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
    @Outcome(id = "(1, true|2, true)", expect = ACCEPTABLE, desc = "one fence won, and its incident is told")
    @Outcome(id = "(1|2), false", expect = FORBIDDEN, desc = "told of the incident of the fence that failed")
    @Outcome(id = "0, .*", expect = FORBIDDEN, desc = "neither won")
    public static class RevokeAgainstRevoke {
        private final StandIn it = new StandIn();
        private volatile int winner;

        @Actor
        public void healing() {
            if (it.revoke("one")) {
                winner = 1;
            }
        }

        @Actor
        public void operator() {
            if (it.revoke("two")) {
                winner = 2;
            }
        }

        @Arbiter
        public void lateCall(IZ_Result r) {
            r.r1 = winner;
            r.r2 = it.isToldOf(winner == 1 ? "one" : "two");
        }
    }
}
