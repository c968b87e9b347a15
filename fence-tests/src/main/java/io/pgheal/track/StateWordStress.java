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
        private final StateWord word = new StateWord();

        @Actor
        public void call(ZZ_Result r) {
            r.r1 = word.tryEnter();
            if (r.r1) {
                word.exit();
            }
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r2 = word.tryRevoke(0, false);
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
        private final StateWord word = new StateWord();
        private boolean inDriver = word.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            word.exit();
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r1 = word.tryRevoke(1, false);
            r.r2 = r.r1 && inDriver;
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
        private final StateWord word = new StateWord();
        private boolean inDriver = word.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            word.exitPoisoned();
        }

        @Actor
        public void revoke(ZZ_Result r) {
            r.r1 = word.tryRevoke(1, false);
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
        private final StateWord word = new StateWord();
        private boolean inDriver = word.tryEnter();
        private boolean rolledBack;
        private boolean finished;
        private boolean early;

        @Actor
        public void call() {
            inDriver = false;
            word.exitPoisoned();
            rolledBack = word.tryTake(true);
        }

        @Actor
        public void finish() {
            finished = word.tryTake(false);
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
        private final StateWord word = new StateWord();
        private boolean revoked;
        private Closing closing;

        @Actor
        public void close() {
            closing = word.close();
        }

        @Actor
        public void revoke() {
            revoked = word.tryRevoke(0, false);
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
        private final StateWord word = new StateWord();
        private boolean revoked;
        private Closing first;
        private Closing second;

        @Actor
        public void close() {
            first = word.close();
        }

        @Actor
        public void revokeAndCloseAgain() {
            revoked = word.tryRevoke(0, false);
            second = word.close();
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
        private final StateWord word = new StateWord();
        private boolean rolledBack;
        private boolean finished;
        private Closing closing;

        {
            word.tryEnter();
            word.exitPoisoned();
        }

        @Actor
        public void cleanUp() {
            rolledBack = word.tryTake(true);
            closing = word.close();
        }

        @Actor
        public void finish() {
            finished = word.tryTake(false);
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
        private final StateWord word = new StateWord();
        private boolean taken;
        private Closing closing;

        {
            word.tryEnter();
        }

        @Actor
        public void call() {
            word.exitPoisoned();
            taken = word.tryTake(true);
        }

        @Actor
        public void close() {
            closing = word.close();
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
        private final StateWord word = new StateWord();
        private boolean finished;
        private boolean revoked;
        private Closing closing;

        @Actor
        public void closeTwice() {
            word.refuseClose();
            closing = word.close();
        }

        @Actor
        public void heal() {
            finished = word.tryTake(false);
            revoked = word.tryRevoke(0, false);
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
        private final StateWord word = new StateWord();
        private boolean inDriver = word.tryEnter();

        @Actor
        public void call() {
            inDriver = false;
            word.exit();
        }

        @Actor
        public void close(Z_Result r) {
            r.r1 = word.close() == Closing.CLEAN && inDriver;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "false", expect = ACCEPTABLE, desc = "no call runs on a connection that is in the pool")
    @Outcome(id = "true", expect = FORBIDDEN, desc = "a call ran after the connection went back")
    public static class CallAgainstClose {
        private final StateWord word = new StateWord();
        private volatile boolean inPool;

        @Actor
        public void call(Z_Result r) {
            if (word.tryEnter()) {
                r.r1 = inPool;
                word.exit();
            }
        }

        @Actor
        public void close() {
            if (word.close() == Closing.CLEAN) {
                inPool = true;
            }
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "2, 0, 0", expect = ACCEPTABLE, desc = "both calls are counted, and over")
    @Outcome(id = ".*", expect = FORBIDDEN, desc = "a call was lost, or never ends")
    public static class CallAgainstCall {
        private final StateWord word = new StateWord();

        @Actor
        public void one() {
            word.tryEnter();
            word.exit();
        }

        @Actor
        public void other() {
            word.tryEnter();
            word.exit();
        }

        @Arbiter
        public void count(III_Result r) {
            long seen = word.read();
            r.r1 = (int) StateWord.sequence(seen);
            r.r2 = StateWord.callsInProgress(seen);
            r.r3 = StateWord.isFenced(seen) ? 1 : 0;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "fenced, and the end of the stale call changes nothing")
    @Outcome(id = "false, .*", expect = FORBIDDEN, desc = "a stale call kept the fence away")
    @Outcome(id = "true, .*", expect = FORBIDDEN, desc = "the end of the stale call took a flag away")
    public static class EndOfStaleCallAgainstRevoke {
        private final StateWord word = new StateWord();
        private boolean revoked;

        {
            word.tryEnter();
        }

        @Actor
        public void call() {
            word.exit();
        }

        @Actor
        public void revoke() {
            revoked = word.tryRevoke(1, true);
        }

        @Arbiter
        public void look(ZI_Result r) {
            long seen = word.read();
            r.r1 = revoked;
            r.r2 = StateWord.isRevoked(seen) && StateWord.isTaken(seen) ? StateWord.callsInProgress(seen) : -1;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "0, true", expect = ACCEPTABLE, desc = "out of use, and every call is over")
    @Outcome(id = ".*", expect = FORBIDDEN, desc = "a call never ends, or the poison was lost")
    public static class CutCallAgainstCall {
        private final StateWord word = new StateWord();

        {
            word.tryEnter();
        }

        @Actor
        public void cut() {
            word.exitPoisoned();
        }

        @Actor
        public void call() {
            if (word.tryEnter()) {
                word.exit();
            }
        }

        @Arbiter
        public void look(IZ_Result r) {
            r.r1 = StateWord.callsInProgress(word.read());
            r.r2 = StateWord.isPoisoned(word.read()) && !word.tryEnter();
        }
    }
}
