package io.pgheal.heal;

import io.pgheal.Internal;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.Signal;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Revocation;
import io.pgheal.track.Ticker;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Carries out one heal: tries one remedy after the other until the transaction is seen to be gone. Called by one thread at
 * a time, so that there is never more than one remedy under way.
 */
@Internal
public final class Healer {
    private static final Duration ANSWER = Duration.ofSeconds(2);
    private static final int JUDGED_AGAIN = 3;
    /** Looks are at first this part of a round trip apart: a look that comes too early costs little. */
    private static final int ROUND_TRIP_SHARE = 10;

    private static final long LAST_LOOK_NANOS = 50_000_000;

    private final ControlChannel channel;
    private final Ticker ticker;
    private final Duration escalationInterval;
    /** About how long a look takes, in nanoseconds: the shortest one of late. The first is a guess. */
    private volatile long roundTrip = 1_000_000;

    public Healer(ControlChannel channel, Ticker ticker, Duration escalationInterval) {
        this.channel = channel;
        this.ticker = ticker;
        this.escalationInterval = escalationInterval;
    }

    public Outcome carryOut(Diagnosis diagnosis, Decision decision, String incidentId) {
        return new Climb(diagnosis, decision, incidentId).run();
    }

    /**
     * Carries out an operator's act: only the remedy that was asked for, except that for an idle lease of ours the gentler
     * {@link Rung#ABORT} comes before {@link Rung#TERMINATE}.
     *
     * @param thisTransactionOnly whether only the judged transaction is meant, and no later one of the same session
     */
    public Outcome carryOut(
            Diagnosis diagnosis, Decision decision, String incidentId, Rung asked, boolean thisTransactionOnly) {
        return new Climb(diagnosis, decision, incidentId).run(asked, thisTransactionOnly);
    }

    /** What was seen of the victim after a remedy. */
    private enum Sight {
        GONE,
        STILL_THERE,
        BLIND
    }

    /** One heal. */
    private final class Climb {
        private final Diagnosis diagnosis;
        private final Decision decision;
        private final String incidentId;
        private final long began = ticker.nanos();
        private final List<RungResult> rungs = new ArrayList<>();
        private @Nullable Rung signalled;
        private @Nullable Signal answer;
        private boolean sent;
        private boolean ownerLives;
        private @Nullable LeaseSnapshot limited;
        private boolean judgedOnce;
        /** The session is not in the judged transaction any more: whatever it is in, its end is not waited for. */
        private boolean judgedIsOver;

        private boolean idle;
        private boolean fenced;
        private boolean fencedIdle;
        private @Nullable TransactionRef last;
        private @Nullable String xid;

        Climb(Diagnosis diagnosis, Decision decision, String incidentId) {
            this.diagnosis = diagnosis;
            this.decision = decision;
            this.incidentId = incidentId;
            if (diagnosis.backend() != null) {
                remember(diagnosis.backend());
            }
            idle = diagnosis.lease() != null && isIdle(diagnosis.lease());
        }

        Outcome run() {
            if (ActThread.isGivenUp()) {
                return withdrawn();
            }
            LeaseSnapshot lease = diagnosis.lease();
            Backend backend = diagnosis.backend();
            boolean busy = backend != null && backend.isActive();
            if (!decision.evidenceBased() && lease != null && nobodyWaitsAnyMore()) {
                return withdrawn();
            }
            if (lease == null) {
                return end(busy && climb(Rung.CANCEL) == Sight.GONE ? Sight.GONE : climb(Rung.TERMINATE));
            }
            if (busy && !decision.evidenceBased()) {
                return cancelLiveOwner(lease);
            }
            if (!lease.lease().revoke(lease, lease.callIsStale(), revocation())) {
                return withdrawn();
            }
            fenced = true;
            fencedIdle = idle;
            // Aborting a busy connection alone would leave its backend running, with its locks.
            Sight sight = Sight.STILL_THERE;
            try {
                if (busy) {
                    sight = climb(Rung.CANCEL);
                }
            } finally {
                sight = abort(lease, sight); // the fence is ours, so give the connection back in any case
            }
            if (sight == Sight.STILL_THERE && !busy && isBusyNow()) {
                sight = climb(Rung.CANCEL); // the story came too late to show this
            }
            return end(sight == Sight.STILL_THERE ? climb(Rung.TERMINATE) : sight);
        }

        Outcome run(Rung asked, boolean thisTransactionOnly) {
            LeaseSnapshot lease = diagnosis.lease();
            Backend backend = diagnosis.backend();
            judgedOnce = thisTransactionOnly;
            if (asked == Rung.CANCEL) {
                ownerLives = true;
                return end(climb(Rung.CANCEL));
            }
            boolean quiet = backend != null && !backend.isActive();
            if (lease != null && quiet && lease.lease().revoke(lease, lease.callIsStale(), revocation())) {
                judgedOnce = false; // fenced: the session has no later transaction
                fenced = true;
                fencedIdle = idle;
                Sight sight = abort(lease, Sight.STILL_THERE);
                return end(sight == Sight.STILL_THERE ? climb(Rung.TERMINATE) : sight);
            }
            return end(climb(Rung.TERMINATE));
        }

        private boolean isBusyNow() {
            BackendId victim = diagnosis.backendId();
            try {
                return victim != null
                        && lookAt(victim).filter(Backend::isActive).isPresent();
            } catch (SQLException e) {
                return false;
            }
        }

        /**
         * A time limit protects waiters. Other heals may have come before this one, and meanwhile the waiters may have got
         * their lock or given up.
         */
        private boolean nobodyWaitsAnyMore() {
            BackendId victim = diagnosis.backendId();
            if (victim == null || diagnosis.waiters().isEmpty() || !reachesItsServer()) {
                return false;
            }
            try {
                return !isInTheWay(victim);
            } catch (SQLException e) {
                return false;
            }
        }

        /**
         * Enforces the user's time limit: cancels the statement first, so that the owner learns of it by its exception.
         * Only the judged transaction is meant, and only while somebody waits for it. If the session, or the next borrower
         * of its connection, blocks somebody again, that is another diagnosis.
         */
        private Outcome cancelLiveOwner(LeaseSnapshot lease) {
            ownerLives = true;
            limited = lease;
            if (!lease.lease().isStillLimited(ticker.nanos())) {
                return withdrawn();
            }
            Sight sight = climb(Rung.CANCEL);
            if (answer == Signal.MOVED_ON) {
                return withdrawn();
            }
            return end(sight == Sight.STILL_THERE && isStillDue() ? climb(Rung.TERMINATE) : sight);
        }

        private boolean isStillDue() {
            BackendId victim = diagnosis.backendId();
            try {
                return judgeAgain(victim) != null;
            } catch (SQLException e) {
                return false;
            }
        }

        private Outcome withdrawn() {
            return new Outcome(OutcomeKind.WITHDRAWN, rungs, null, since(began));
        }

        private Revocation revocation() {
            return new Revocation(
                    incidentId,
                    decision.reason(),
                    decision.evidenceBased(),
                    idle ? TransactionEnd.ROLLED_BACK : TransactionEnd.UNKNOWN);
        }

        /**
         * Whether the lease is in a transaction and between calls: if it is fenced now, no commit was ever sent. Not if its
         * connection was lost, because then the last call may have been a commit that the network cut.
         */
        private static boolean isIdle(LeaseSnapshot lease) {
            return lease.transactionOpen() // otherwise auto-commit has committed each statement
                    && !lease.callInProgress()
                    && lease.unfinished() == LeaseSnapshot.Unfinished.NOTHING
                    && !lease.unwrapped() // pgheal does not see statements that were sent past its handles
                    && lease.lease().isConnected();
        }

        private Sight abort(LeaseSnapshot lease, Sight before) {
            long start = ticker.nanos();
            lease.lease().giveBack();
            Sight sight = before == Sight.GONE ? Sight.GONE : lookUntilGone(start);
            rungs.add(new RungResult(
                    Rung.ABORT, sight == Sight.GONE, inWords("connection aborted", sight), since(start)));
            return sight;
        }

        private Sight climb(Rung rung) {
            long start = ticker.nanos();
            String refused = whyNoSignal();
            if (refused != null) {
                rungs.add(new RungResult(rung, false, "not sent: " + refused, since(start)));
                return channel.server().isEmpty() ? Sight.BLIND : Sight.STILL_THERE;
            }
            try {
                Signal signal = signal(rung);
                Sight sight = lookOnce();
                for (int again = 0;
                        signal == Signal.MOVED_ON && sight == Sight.STILL_THERE && !judgedOnce && again < JUDGED_AGAIN;
                        again++) {
                    LockSupport.parkNanos(roundTrip << again); // what moves on may be about to end: a commit
                    signal = signal(rung);
                    sight = lookOnce();
                }
                // A commit was quicker: it is never signalled, ends by itself, and only then is it known how.
                boolean endsByItself =
                        rung == Rung.TERMINATE && signal == Signal.MOVED_ON && !judgedOnce && !judgedIsOver;
                if (sight == Sight.STILL_THERE && (signal == Signal.SENT || endsByItself)) {
                    sight = lookUntilGone(start);
                }
                rungs.add(new RungResult(rung, sight == Sight.GONE, inWords(signal, sight), since(start)));
                return sight;
            } catch (SQLException e) {
                rungs.add(
                        new RungResult(rung, false, "the server could not be asked: " + e.getMessage(), since(start)));
                return Sight.BLIND;
            }
        }

        private @Nullable String whyNoSignal() {
            if (ActThread.isGivenUp()) {
                return "this act hung and was given up, another one may be at work";
            }
            if (diagnosis.backendId() == null) {
                return "the backend's pid is not known for certain (a pooler in between?)";
            }
            if (diagnosis.untouchable() != null) {
                return diagnosis.untouchable();
            }
            LeaseSnapshot lease = diagnosis.lease();
            Optional<ServerIdentity> reached = channel.server().map(ControlChannel.Server::identity);
            if (reached.isEmpty()) {
                return channel.trouble();
            }
            if (channel.server()
                    .map(server -> server.capabilities().poolerInBetween())
                    .orElse(true)) {
                return "the control connection itself goes through a pooler: set pgheal.control.url to the server's own";
            }
            if (lease != null && !reached.get().equals(lease.physical().server())) {
                return "the control connection reaches another server than this connection";
            }
            return null;
        }

        /** Judges the transaction anew each time: a remedy of ours or an act of the owner changes its state. */
        private Signal signal(Rung rung) throws SQLException {
            BackendId victim = diagnosis.backendId();
            Backend backend = diagnosis.backend();
            TransactionRef judged = signalled == null && backend != null ? backend.transaction() : judgeAgain(victim);
            signalled = rung;
            judgedIsOver = judged == null;
            answer = Signal.MOVED_ON;
            if (judged != null) {
                answer = channel.ask(
                        ANSWER, control -> rung == Rung.CANCEL ? control.cancel(judged) : control.terminate(judged));
            }
            sent |= answer == Signal.SENT;
            return answer;
        }

        private @Nullable TransactionRef judgeAgain(@Nullable BackendId victim) throws SQLException {
            if (victim == null) {
                return null;
            }
            Backend seen = lookAt(victim).orElse(null);
            TransactionRef now = seen == null ? null : seen.transaction();
            if (seen == null || now == null || fenced) {
                return now;
            }
            LeaseSnapshot lease = limited;
            if (lease != null) {
                return isJudged(now) && lease.lease().isStillLimited(ticker.nanos()) ? now : null;
            }
            return isInALaterTransaction(seen) ? null : now; // the later transaction was never judged
        }

        private boolean isInALaterTransaction(Backend now) {
            TransactionRef moment = now.transaction();
            return moment != null && moment.xactStart() != null && !isJudged(moment);
        }

        /**
         * Whether this is a state of the judged transaction. An error within a savepoint keeps the transaction's start, its
         * rollback clears it.
         */
        private boolean isJudged(@Nullable TransactionRef now) {
            Backend backend = diagnosis.backend();
            TransactionRef judged = backend == null ? null : backend.transaction();
            return now != null
                    && judged != null
                    && judged.xactStart() != null
                    && judged.xactStart().equals(now.xactStart());
        }

        private Optional<Backend> lookAt(BackendId victim) throws SQLException {
            Optional<Backend> now = channel.ask(ANSWER, control -> control.backend(victim.pid()))
                    .filter(backend -> victim.equals(backend.id()));
            now.ifPresent(this::remember);
            return now;
        }

        /** Keeps the xid of the judged transaction, which gets one with its first write and loses it with its end. */
        private void remember(Backend backend) {
            TransactionRef now = backend.transaction();
            if (now == null || now.xactStart() == null) {
                return;
            }
            if (last == null || now.xactStart().equals(last.xactStart())) {
                last = now;
                xid = backend.xid() == null ? xid : backend.xid();
            }
        }

        private Sight lookUntilGone(long start) {
            long pause = Math.min(roundTrip / ROUND_TRIP_SHARE + 1, LAST_LOOK_NANOS);
            while (true) {
                Sight sight = lookOnce();
                if (sight != Sight.STILL_THERE || ticker.nanos() - start >= escalationInterval.toNanos()) {
                    return sight;
                }
                if (Thread.currentThread().isInterrupted()) {
                    return Sight.BLIND; // the healer is being closed
                }
                LockSupport.parkNanos(pause);
                pause = Math.min(pause * 2, LAST_LOOK_NANOS);
            }
        }

        private Sight lookOnce() {
            BackendId victim = diagnosis.backendId();
            if (victim == null || !reachesItsServer()) {
                return Sight.BLIND;
            }
            if (ownerLives) {
                return lookWhetherItGaveWay(victim);
            }
            Backend backend = diagnosis.backend();
            TransactionRef judged = backend == null ? null : backend.transaction();
            List<Integer> waiters =
                    diagnosis.waiters().stream().map(Waiter::pid).toList();
            try {
                long asked = ticker.nanos();
                boolean gone = judged == null
                        ? channel.ask(ANSWER, control -> isAbsent(victim, control.backend(victim.pid())))
                        : channel.ask(ANSWER, control -> control.transactionGone(judged, waiters));
                roundTrip = Math.min(ticker.nanos() - asked, roundTrip + roundTrip / 8 + 1);
                return gone ? Sight.GONE : Sight.STILL_THERE;
            } catch (SQLException e) {
                return Sight.BLIND;
            }
        }

        /**
         * Whether a live owner has released its locks. Its session stays, and so does its transaction until the owner rolls
         * it back. What the owner does afterwards, in a later transaction or after a savepoint, does not matter.
         */
        private Sight lookWhetherItGaveWay(BackendId victim) {
            try {
                Optional<Backend> now = lookAt(victim);
                if (now.filter(this::isBeyondTheJudged).isPresent()) {
                    return Sight.GONE; // sessions that wait now wait for something else
                }
                // An operator wants the statement to end, whether or not somebody waits.
                boolean runs = limited == null && now.filter(Backend::isActive).isPresent();
                return runs || isInTheWay(victim) ? Sight.STILL_THERE : Sight.GONE;
            } catch (SQLException e) {
                return Sight.BLIND;
            }
        }

        /** An aborted transaction shows no start, but may have a savepoint that keeps its locks. */
        private boolean isBeyondTheJudged(Backend now) {
            TransactionRef moment = now.transaction();
            return isInALaterTransaction(now)
                    || (moment != null && moment.state().equals("idle"));
        }

        private boolean isInTheWay(BackendId victim) throws SQLException {
            List<Integer> waiters =
                    diagnosis.waiters().stream().map(Waiter::pid).toList();
            return !channel.ask(ANSWER, control -> control.inTheWay(List.of(victim.pid()), waiters))
                    .isEmpty();
        }

        /** A session that is hidden from our role is not gone. */
        private static boolean isAbsent(BackendId victim, Optional<Backend> seen) {
            return seen.isEmpty()
                    || (seen.get().id() != null && !victim.equals(seen.get().id()));
        }

        private boolean reachesItsServer() {
            LeaseSnapshot lease = diagnosis.lease();
            return lease == null
                    || channel.server()
                            .map(server ->
                                    server.identity().equals(lease.physical().server()))
                            .orElse(false);
        }

        private String inWords(Object what, Sight sight) {
            return what
                    + switch (sight) {
                        case GONE -> limited == null ? ", transaction seen gone" : ", nobody waits for it any more";
                        case STILL_THERE -> ", transaction still there";
                        case BLIND -> ", the server could not be asked what became of it";
                    };
        }

        private Outcome end(Sight sight) {
            OutcomeKind kind = switch (sight) {
                case GONE -> OutcomeKind.HEALED;
                case STILL_THERE -> OutcomeKind.UNRESOLVED;
                case BLIND ->
                    sent || rungs.stream().anyMatch(r -> r.rung() == Rung.ABORT)
                            ? OutcomeKind.RELEASED_UNVERIFIED
                            : OutcomeKind.REPORTED; // nothing was done, so the missing effect proves nothing
            };
            TransactionEnd end = rungs.isEmpty() ? null : endOfTransaction();
            LeaseSnapshot lease = diagnosis.lease();
            if (lease != null && end != null && !ownerLives && !fencedIdle) {
                lease.lease().settle(revocation().with(end));
            }
            return new Outcome(kind, rungs, end, since(began));
        }

        private @Nullable TransactionEnd endOfTransaction() {
            LeaseSnapshot lease = diagnosis.lease();
            if (lease != null && !lease.transactionOpen() && !lease.callInProgress()) {
                return null;
            }
            if (fencedIdle) {
                return TransactionEnd.ROLLED_BACK;
            }
            String written = xid;
            if (written == null || !reachesItsServer()) {
                return TransactionEnd.UNKNOWN;
            }
            try {
                return TransactionEnd.of(channel.ask(ANSWER, control -> control.transactionStatus(written)));
            } catch (SQLException e) {
                return TransactionEnd.UNKNOWN;
            }
        }

        private Duration since(long nanos) {
            return Duration.ofNanos(ticker.nanos() - nanos);
        }
    }
}
