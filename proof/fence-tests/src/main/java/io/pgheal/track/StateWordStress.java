package io.pgheal.track;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.pgheal.track.StateWord.Closing;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.IZ_Result;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.ZI_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/** The moves of {@link StateWord} against each other. */
public final class StateWordStress {
    private StateWordStress() {}

    private static int givesBack(boolean won) {
        return won ? 1 : 0;
    }

    private static int givesBack(Closing closing) {
        return closing == Closing.ENDED ? 0 : 1;
    }

    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "the call came first: the fence fails")
    @Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the fence came first: the call is refused")
    @Outcome(id = "true, true", expect = FORBIDDEN, desc = "a call came and went, and the judgement before it stood")
    @Outcome(id = "false, false", expect = FORBIDDEN, desc = "neither won")
    public static class CallAgainstRevoke {
        private final StateWord state = new StateWord();

        @Actor
        public void call(ZZ_Result r) {
            r.r1 = state.tryEnter();
            if (r.r1) {
                state.exit();
            }
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r2 = state.tryRevoke(0, false);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "fenced after the call had ended")
    @Outcome(id = "false, false", expect = ACCEPTABLE, desc = "the call was in progress: the fence fails")
    @Outcome(
            id = {"true, true", "false, true"},
            expect = FORBIDDEN,
            desc = "fenced while the call was in the driver")
    public static class EndOfCallAgainstRevoke {
        private final StateWord state = new StateWord();
        private boolean inDriver = state.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            state.exit();
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r1 = state.tryRevoke(1, false);
            r.r2 = r.r1 && inDriver;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "the calls came first: the fence fails")
    @Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the fence came first: the calls are refused")
    @Outcome(id = "true, true", expect = FORBIDDEN, desc = "a call came and went, and the judgement before it stood")
    @Outcome(id = "false, false", expect = FORBIDDEN, desc = "neither won")
    public static class OwnersCallAgainstRevoke {
        private final StateWord state = new StateWord();

        @Actor
        public void call(ZZ_Result r) {
            r.r1 = state.tryEnter();
            if (r.r1) {
                state.exitOwn();
            }
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r2 = state.tryRevoke(0, false);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "fenced after the call had ended")
    @Outcome(id = "false, false", expect = ACCEPTABLE, desc = "a call was in progress, or the next had begun")
    @Outcome(
            id = {"true, true", "false, true"},
            expect = FORBIDDEN,
            desc = "fenced while a call was in the driver")
    public static class EndOfOwnersCallAgainstRevoke {
        private final StateWord state = new StateWord();
        private boolean inDriver = state.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            state.exitOwn();
            if (state.tryEnter()) {
                inDriver = true;
                state.exitOwn();
            }
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r1 = state.tryRevoke(1, false);
            r.r2 = r.r1 && inDriver;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "false", expect = ACCEPTABLE, desc = "closed clean after the call, or cut during it")
    @Outcome(id = "true", expect = FORBIDDEN, desc = "closed clean while the call was in the driver")
    public static class EndOfOwnersCallAgainstClose {
        private final StateWord state = new StateWord();
        private boolean inDriver = state.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            state.exitOwn();
        }

        @Actor
        public void close(Z_Result r) {
            r.r1 = state.tryClose() == Closing.CLEAN && inDriver;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "3, 0, 0", expect = ACCEPTABLE, desc = "all calls are counted, and over")
    @Outcome(id = ".*", expect = FORBIDDEN, desc = "a call was lost, or never ends")
    public static class OwnersCallAgainstOthersCalls {
        private final StateWord state = new StateWord();

        @Actor
        public void owner() {
            state.tryEnter();
            state.exitOwn();
            state.tryEnter();
            state.exitOwn();
        }

        @Actor
        public void other() {
            state.tryEnter();
            state.exit();
        }

        @Arbiter
        public void count(III_Result r) {
            long seen = state.word();
            r.r1 = (int) StateWord.sequence(seen);
            r.r2 = state.callsInProgress(seen);
            r.r3 = StateWord.isFenced(seen) ? 1 : 0;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "fenced after the cut call had ended")
    @Outcome(id = "false, false", expect = ACCEPTABLE, desc = "the call was in progress: the fence fails")
    @Outcome(
            id = {"true, true", "false, true"},
            expect = FORBIDDEN,
            desc = "fenced while the call was in the driver")
    public static class CutCallAgainstRevoke {
        private final StateWord state = new StateWord();
        private boolean inDriver = state.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            state.exitPoisoned();
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r1 = state.tryRevoke(1, false);
            r.r2 = r.r1 && inDriver;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1, false", expect = ACCEPTABLE, desc = "taken after the cut, or left to the rollback")
    @Outcome(id = "0, .*", expect = FORBIDDEN, desc = "nobody gives the connection back")
    @Outcome(id = "2, .*", expect = FORBIDDEN, desc = "two give the connection back")
    @Outcome(id = ".*, true", expect = FORBIDDEN, desc = "taken while the call was in the driver")
    public static class CutCallAndRollbackAgainstFinish {
        private final StateWord state = new StateWord();
        private boolean inDriver = state.tryEnter();
        private boolean rolledBack;
        private boolean finished;
        private boolean early;

        @Actor
        public void call() {
            inDriver = false;
            state.exitPoisoned();
            rolledBack = state.tryTake(true);
        }

        @Actor
        public void finish() {
            finished = state.tryTake(false);
            early = finished && inDriver;
        }

        @Arbiter
        public void count(IZ_Result r) {
            r.r1 = givesBack(rolledBack) + givesBack(finished);
            r.r2 = early;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one gives the connection back")
    @Outcome(id = "0", expect = FORBIDDEN, desc = "nobody gives the connection back")
    @Outcome(id = "2", expect = FORBIDDEN, desc = "two give the connection back")
    public static class CloseAgainstRevoke {
        private final StateWord state = new StateWord();
        private boolean revoked;
        private Closing closing;

        @Actor
        public void close() {
            closing = state.tryClose();
        }

        @Actor
        public void revoke() {
            revoked = state.tryRevoke(0, false);
        }

        @Arbiter
        public void count(I_Result r) {
            r.r1 = givesBack(revoked) + givesBack(closing);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one gives the connection back")
    @Outcome(id = "0", expect = FORBIDDEN, desc = "nobody gives the connection back")
    @Outcome(
            id = {"2", "3"},
            expect = FORBIDDEN,
            desc = "more than one give the connection back")
    public static class CloseAgainstRevokeAndSecondClose {
        private final StateWord state = new StateWord();
        private boolean revoked;
        private Closing first;
        private Closing second;

        @Actor
        public void close() {
            first = state.tryClose();
        }

        @Actor
        public void revokeAndCloseAgain() {
            revoked = state.tryRevoke(0, false);
            second = state.tryClose();
        }

        @Arbiter
        public void count(I_Result r) {
            r.r1 = givesBack(revoked) + givesBack(first) + givesBack(second);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one gives the connection back")
    @Outcome(id = "0", expect = FORBIDDEN, desc = "nobody gives the connection back")
    @Outcome(
            id = {"2", "3"},
            expect = FORBIDDEN,
            desc = "more than one give the connection back")
    public static class RollbackAndCloseOfTheCutAgainstFinish {
        private final StateWord state = new StateWord();
        private boolean rolledBack;
        private boolean finished;
        private Closing closing;

        {
            state.tryEnter();
            state.exitPoisoned();
        }

        @Actor
        public void cleanUp() {
            rolledBack = state.tryTake(true);
            closing = state.tryClose();
        }

        @Actor
        public void finish() {
            finished = state.tryTake(false);
        }

        @Arbiter
        public void count(I_Result r) {
            r.r1 = givesBack(rolledBack) + givesBack(finished) + givesBack(closing);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "closed, and not clean")
    @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "nobody gives the connection back")
    @Outcome(id = "2, .*", expect = FORBIDDEN, desc = "two give the connection back")
    @Outcome(id = ".*, 1", expect = FORBIDDEN, desc = "a cut connection goes back to the pool as if it were whole")
    public static class CutCallAgainstClose {
        private final StateWord state = new StateWord();
        private boolean taken;
        private Closing closing;

        {
            state.tryEnter();
        }

        @Actor
        public void call() {
            state.exitPoisoned();
            taken = state.tryTake(true);
        }

        @Actor
        public void close() {
            closing = state.tryClose();
        }

        @Arbiter
        public void count(II_Result r) {
            r.r1 = givesBack(taken) + givesBack(closing);
            r.r2 = closing == Closing.CLEAN ? 1 : 0;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one gives the connection back")
    @Outcome(id = "0", expect = FORBIDDEN, desc = "nobody gives the connection back")
    @Outcome(
            id = {"2", "3"},
            expect = FORBIDDEN,
            desc = "more than one give the connection back")
    public static class RefusedCloseAndCloseAgainstFinishAndRevoke {
        private final StateWord state = new StateWord();
        private boolean finished;
        private boolean revoked;
        private Closing closing;

        @Actor
        public void closeTwice() {
            state.refuseClose();
            closing = state.tryClose();
        }

        @Actor
        public void heal() {
            finished = state.tryTake(false);
            revoked = state.tryRevoke(0, false);
        }

        @Arbiter
        public void count(I_Result r) {
            r.r1 = givesBack(finished) + givesBack(revoked) + givesBack(closing);
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "false", expect = ACCEPTABLE, desc = "closed clean after the call, or cut during it")
    @Outcome(id = "true", expect = FORBIDDEN, desc = "closed clean while the call was in the driver")
    public static class EndOfCallAgainstClose {
        private final StateWord state = new StateWord();
        private boolean inDriver = state.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            state.exit();
        }

        @Actor
        public void close(Z_Result r) {
            r.r1 = state.tryClose() == Closing.CLEAN && inDriver;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "false", expect = ACCEPTABLE, desc = "no call runs on a connection that is in the pool")
    @Outcome(id = "true", expect = FORBIDDEN, desc = "a call ran after the connection went back")
    public static class CallAgainstClose {
        private final StateWord state = new StateWord();
        private volatile boolean inPool;

        @Actor
        public void call(Z_Result r) {
            if (state.tryEnter()) {
                r.r1 = inPool;
                state.exit();
            }
        }

        @Actor
        public void close() {
            if (state.tryClose() == Closing.CLEAN) {
                inPool = true;
            }
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "2, 0, 0", expect = ACCEPTABLE, desc = "both calls are counted, and over")
    @Outcome(id = ".*", expect = FORBIDDEN, desc = "a call was lost, or never ends")
    public static class CallAgainstCall {
        private final StateWord state = new StateWord();

        @Actor
        public void one() {
            state.tryEnter();
            state.exit();
        }

        @Actor
        public void other() {
            state.tryEnter();
            state.exit();
        }

        @Arbiter
        public void count(III_Result r) {
            long seen = state.word();
            r.r1 = (int) StateWord.sequence(seen);
            r.r2 = state.callsInProgress(seen);
            r.r3 = StateWord.isFenced(seen) ? 1 : 0;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "fenced, and the end of the stale call changes nothing")
    @Outcome(id = "false, .*", expect = FORBIDDEN, desc = "a stale call kept the fence away")
    @Outcome(id = "true, .*", expect = FORBIDDEN, desc = "the end of the stale call took a flag away")
    public static class EndOfStaleCallAgainstRevoke {
        private final StateWord state = new StateWord();
        private boolean revoked;

        {
            state.tryEnter();
        }

        @Actor
        public void call() {
            state.exit();
        }

        @Actor
        public void revoke() {
            revoked = state.tryRevoke(1, true);
        }

        @Arbiter
        public void look(ZI_Result r) {
            long seen = state.word();
            r.r1 = revoked;
            r.r2 = StateWord.isRevoked(seen) && StateWord.isTaken(seen) ? state.callsInProgress(seen) : -1;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "0, true", expect = ACCEPTABLE, desc = "out of use, and every call is over")
    @Outcome(id = ".*", expect = FORBIDDEN, desc = "a call never ends, or the poison was lost")
    public static class CutCallAgainstCall {
        private final StateWord state = new StateWord();

        {
            state.tryEnter();
        }

        @Actor
        public void cut() {
            state.exitPoisoned();
        }

        @Actor
        public void call() {
            if (state.tryEnter()) {
                state.exit();
            }
        }

        @Arbiter
        public void look(IZ_Result r) {
            r.r1 = state.callsInProgress();
            r.r2 = StateWord.isPoisoned(state.word()) && !state.tryEnter();
        }
    }
}
