package io.pgheal.decide;

import io.pgheal.Internal;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.track.LeaseSnapshot;
import java.time.Duration;
import java.util.Optional;

/** The decision table. Pure: the same diagnosis and limits always lead to the same decision. */
@Internal
public final class Decider {
    private static final Duration SUSPECT_LOOK = Duration.ofMillis(200);
    private static final Duration LEADER_LOOK = Duration.ofSeconds(1);
    /** Shorter waits for an owner that looks alive are normal, and no reason to ask the collector. */
    private static final Duration ASKED_AFTER = Duration.ofSeconds(1);
    /** After such a wait, earlier requests in vain do not delay the asking. */
    private static final Duration ASKED_ANYWAY_AFTER = Duration.ofSeconds(10);

    private static final String RETAINED = "; retained: something still refers to its connection";

    private Decider() {}

    /** Why the user's rules spare the culprit; empty if they do not. */
    public static Optional<String> spared(Diagnosis diagnosis, SpareRules spare) {
        return spare.spares(diagnosis);
    }

    public static Decision decide(Diagnosis diagnosis, Limits limits, SpareRules spare, HealingMode mode) {
        Decision decision = switch (diagnosis.kind()) {
            case ABANDONED_TRANSACTION, ABANDONED_CONNECTION -> abandoned(diagnosis, limits);
            case ORPHANED_BACKEND -> orphaned(diagnosis);
            case STUCK_LOCK -> stuckLock(diagnosis, limits);
            case OPEN_AFTER_CLOSE -> openAfterClose(diagnosis);
            case FOREIGN_BLOCKER -> foreign(diagnosis);
            case OPERATORS_CHOICE -> Decision.nothing("that is for the operator to decide");
            case HOLDER_NOT_SEEN -> Decision.report("a statement failed before it was seen who held the lock");
        };
        if (decision.action() != Action.HEAL) {
            return decision;
        }
        if (mode != HealingMode.HEAL) {
            return decision.onlyTold("pgheal.mode is " + mode.name().toLowerCase(java.util.Locale.ROOT));
        }
        return spare.spares(diagnosis).map(decision::onlyTold).orElse(decision);
    }

    /**
     * The time until the culprit will be healed if its owner stays silent; empty if it will not be. For the exceptions of
     * the waiters only: decides nothing, and ignores budgets.
     */
    public static Optional<Duration> due(Diagnosis diagnosis, Limits limits, SpareRules spare, HealingMode mode) {
        if (mode != HealingMode.HEAL || spare.spares(diagnosis).isPresent()) {
            return Optional.empty();
        }
        return switch (diagnosis.kind()) {
            case ABANDONED_TRANSACTION, ABANDONED_CONNECTION -> {
                Decision now = abandoned(diagnosis, limits);
                yield now.action() == Action.HEAL
                        ? Optional.of(Duration.ZERO)
                        : limits.retained() == Retained.HEAL
                                        && now.action() == Action.WAIT
                                        && !isExtended(diagnosis)
                                        && !isEnlisted(diagnosis)
                                        && !mayLead(diagnosis)
                                ? Optional.of(notNegative(limits.grace().minus(diagnosis.silence())))
                                : Optional.empty();
            }
            case STUCK_LOCK -> {
                Decision now = atTheUsersSay(diagnosis, limits);
                yield now.action() == Action.HEAL || !now.lookAgain().isZero()
                        ? Optional.of(now.lookAgain())
                        : Optional.empty();
            }
            case ORPHANED_BACKEND ->
                orphaned(diagnosis).action() == Action.HEAL ? Optional.of(Duration.ZERO) : Optional.empty();
            case OPEN_AFTER_CLOSE, FOREIGN_BLOCKER, HOLDER_NOT_SEEN, OPERATORS_CHOICE -> Optional.empty();
        };
    }

    private static boolean isExtended(Diagnosis diagnosis) {
        return diagnosis.lease() != null && diagnosis.lease().extended();
    }

    private static boolean isEnlisted(Diagnosis diagnosis) {
        return diagnosis.lease() != null && diagnosis.lease().enlisted();
    }

    private static Duration notNegative(Duration time) {
        return time.isNegative() ? Duration.ZERO : time;
    }

    private static Decision abandoned(Diagnosis diagnosis, Limits limits) {
        LeaseSnapshot lease = diagnosis.lease();
        if (lease == null) {
            return Decision.nothing("no lease");
        }
        Backend backend = diagnosis.backend();
        if (backend != null && backend.committing()) {
            return Decision.waitFor("it is committing, or waits for its standby", SUSPECT_LOOK);
        }
        boolean certain = diagnosis.strength() == Strength.CERTAIN;
        if (!certain && lease.extended()) {
            return Decision.waitFor("the application asked for more time", SUSPECT_LOOK);
        }
        if (!certain && !lease.transactionOpen() && (!diagnosis.poolExhausted() || isBoundToItsSession(diagnosis))) {
            return Decision.nothing("no transaction is open, and nobody waits for its slot");
        }
        if (mayLead(diagnosis)) {
            String leads = diagnosis.onlyAdvisoryWaiters()
                    ? "only advisory locks are waited for: it may lead while others follow"
                    : "it holds an advisory lock or listens, and nobody waits for its rows: it may lead while others only look";
            if (certain) {
                return Decision.reportAndLookAgain(leads, LEADER_LOOK);
            }
            return diagnosis.onlyAdvisoryWaiters() || diagnosis.silence().compareTo(limits.patience()) >= 0
                    ? Decision.report(leads)
                    : Decision.waitFor("nobody waits for what it holds", SUSPECT_LOOK);
        }
        return certain ? Decision.heal("its owner is gone for certain", true, true) : suspected(diagnosis, limits);
    }

    /**
     * Whether the session may hold something on purpose for as long as it lives, without any code that uses it: an advisory
     * lock, or a channel that it listens to. Not while somebody waits for another lock of it, nor once it is proven that no
     * code can come back to the connection and its pool needs the slot.
     */
    private static boolean mayLead(Diagnosis diagnosis) {
        LeaseSnapshot lease = diagnosis.lease();
        boolean leads = diagnosis.onlyAdvisoryWaiters()
                || (isBoundToItsSession(diagnosis) && !diagnosis.somebodyWaitsForLock());
        return leads && !(diagnosis.poolExhausted() && lease != null && lease.unreachable());
    }

    private static boolean isBoundToItsSession(Diagnosis diagnosis) {
        LeaseSnapshot lease = diagnosis.lease();
        return (lease != null && lease.sessionBound()) || diagnosis.holdsAdvisoryLock();
    }

    /**
     * The owner looks gone: that decides when the collector is asked, but ends nothing unless {@code abandoned.retained} is
     * heal.
     */
    private static Decision suspected(Diagnosis diagnosis, Limits limits) {
        LeaseSnapshot lease = diagnosis.lease();
        boolean somebodyWaits = diagnosis.somebodyWaitsForLock() || diagnosis.poolExhausted();
        Duration silence = diagnosis.silence();
        Duration bound = somebodyWaits ? limits.grace() : limits.patience();
        String gone = somebodyWaits ? "its owner looks gone, and somebody waits" : "its owner looks gone";
        boolean over = silence.compareTo(bound) >= 0;
        if (isEnlisted(diagnosis)) {
            return over
                    ? Decision.report(
                            gone
                                    + ", but its connection takes part in a global transaction (JTA), which others may end: left alone")
                    : Decision.waitFor(gone, shorter(bound.minus(silence), SUSPECT_LOOK));
        }
        if (limits.retained() == Retained.HEAL && over) {
            return Decision.heal(
                    gone + ", silent for " + silence.toMillis() + " ms; abandoned.retained is heal", true, false);
        }
        if (lease != null && lease.retained()) {
            if (limits.retained() == Retained.HEAL) {
                return Decision.waitFor(gone, shorter(bound.minus(silence), SUSPECT_LOOK));
            }
            Decision told = Decision.report("retained: " + gone)
                    .retained(", but something still refers to its connection, and may come back to it: left alone."
                            + " If nothing will, set abandoned.retained=heal, or a time limit for whoever is in the"
                            + " way (tables.<table>.idle-blocker-timeout)");
            return somebodyWaits ? told.asking(Asking.SOON) : told; // the reference may have been dropped since
        }
        Duration again =
                somebodyWaits ? SUSPECT_LOOK : over ? LEADER_LOOK : shorter(bound.minus(silence), SUSPECT_LOOK);
        Decision later = Decision.waitFor(gone, again);
        return somebodyWaits || over ? later.asking(somebodyWaits ? Asking.NOW : Asking.SOON) : later;
    }

    private static Decision orphaned(Diagnosis diagnosis) {
        return diagnosis.untouchable() == null
                ? Decision.heal("no client can reach this backend any more", false, true)
                : Decision.report("not touched: " + diagnosis.untouchable());
    }

    private static Decision foreign(Diagnosis diagnosis) {
        String why = diagnosis.untouchable();
        return diagnosis.somebodyWaitsForLock()
                ? Decision.report(
                        "not one of our connections: reported, never touched" + (why == null ? "" : "; " + why))
                : Decision.nothing("nobody waits");
    }

    /**
     * The party that began the transaction ends it: usually a transaction manager, which knows nothing of connection
     * objects.
     */
    private static Decision openAfterClose(Diagnosis diagnosis) {
        Backend backend = diagnosis.backend();
        boolean isOver = backend == null
                ? diagnosis.backendId() != null // the server did not show it
                : !backend.isIdleInTransaction() && !backend.isActive();
        return isOver
                ? Decision.nothing("its transaction is over, or could not be seen")
                : Decision.report(
                        "its connection was closed, and its transaction is open still: a global one (JTA) that"
                                + " has not ended, or a pool that does not roll back what is given back to it; never touched");
    }

    private static Decision stuckLock(Diagnosis diagnosis, Limits limits) {
        Decision byLimit = atTheUsersSay(diagnosis, limits);
        LeaseSnapshot lease = diagnosis.lease();
        Backend backend = diagnosis.backend();
        if (byLimit.action() != Action.REPORT
                || lease == null
                || lease.unwrapped() // pgheal does not see calls on the driver's own connection, which keep it in use
                || lease.enlisted() // whether the connection object is in use proves nothing
                || backend == null
                || !backend.isIdleInTransaction()
                || diagnosis.onlyAdvisoryWaiters()) {
            return byLimit;
        }
        Duration waited = diagnosis.longestWait();
        if (waited.compareTo(ASKED_AFTER) < 0) {
            return byLimit.answeredIn(ASKED_AFTER.minus(waited));
        }
        return lease.retained()
                ? byLimit.retained(RETAINED).asking(Asking.SOON) // the reference may have been dropped since
                : byLimit.asking(waited.compareTo(ASKED_ANYWAY_AFTER) >= 0 ? Asking.NOW : Asking.SOON);
    }

    private static Decision atTheUsersSay(Diagnosis diagnosis, Limits limits) {
        Backend backend = diagnosis.backend();
        LeaseSnapshot lease = diagnosis.lease();
        if (!diagnosis.somebodyWaitsForLock() || backend == null || lease == null) {
            return Decision.nothing("nobody waits");
        }
        if (diagnosis.untouchable() != null) {
            return Decision.report("not touched: " + diagnosis.untouchable());
        }
        if (lease.extended()) {
            return Decision.report("its owner asked for more time");
        }
        boolean idle = backend.isIdleInTransaction();
        if (!idle && !backend.isActive()) {
            return Decision.report(
                    "its owner looks alive, and no transaction is open: what it holds belongs to its session");
        }
        String limit = idle ? "idle-blocker-timeout" : "active-blocker-timeout";
        Duration bound = idle
                ? limits.idleBlockerTimeout(diagnosis.waitedTables(), diagnosis.waitsForUnknownTable())
                : limits.activeBlockerTimeout(diagnosis.waitedTables(), diagnosis.waitsForUnknownTable());
        if (bound.isZero()) {
            return Decision.report("its owner looks alive, and no time limit is set (lock-wait." + limit
                    + ", or tables.<table>." + limit + ")");
        }
        Duration blocking =
                shorter(diagnosis.longestWait(), idle ? idleFor(backend, lease) : activeFor(diagnosis, lease));
        if (blocking.compareTo(bound) < 0) {
            return Decision.reportAndLookAgain(
                    "its owner looks alive; " + limit + " of " + bound.toMillis() + " ms is not over",
                    bound.minus(blocking));
        }
        return Decision.heal(
                limit + " of " + bound.toMillis() + " ms is over, after " + blocking.toMillis() + " ms", false, false);
    }

    /** The server also sees statements that were sent past our handles; but only time that pgheal has seen, too, counts. */
    private static Duration idleFor(Backend backend, LeaseSnapshot lease) {
        Duration inState = backend.stateAge();
        return inState == null ? Duration.ZERO : shorter(inState, lease.quiet());
    }

    /**
     * How long the culprit itself blocks: others may have waited for earlier holders, because a queue that moves has a new
     * root each time.
     */
    private static Duration activeFor(Diagnosis diagnosis, LeaseSnapshot lease) {
        Duration inTheWay = diagnosis.inTheWay();
        return inTheWay == null ? lease.observed() : shorter(inTheWay, lease.observed());
    }

    /**
     * Decides about an operator's act. It needs neither a time limit nor evidence, but sessions that must never be
     * signalled are refused: one that commits, that is hidden, that is no client's, or that a spare rule names.
     *
     * @param cancelOnly whether only the statement is to be cancelled, and the session is to live on
     */
    public static Decision operatorsAct(Diagnosis diagnosis, SpareRules spare, boolean cancelOnly, String operator) {
        Backend backend = diagnosis.backend();
        String refused = backend == null ? "its session could not be seen" : diagnosis.untouchable();
        if (refused == null) {
            refused = spare.spares(diagnosis).orElse(null);
        }
        if (refused == null && cancelOnly && backend != null && !backend.isActive()) {
            refused = "it executes nothing that could be cancelled: terminate it";
        }
        return refused == null
                ? Decision.asked(Action.HEAL, "asked for by " + operator, operator)
                : Decision.asked(Action.REPORT, "asked for by " + operator + "; not touched: " + refused, operator);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** Whether only a rule of the user lets pgheal heal a culprit of this kind. */
    public static boolean needsTheUsersSay(DiagnosisKind kind) {
        return kind == DiagnosisKind.STUCK_LOCK || kind == DiagnosisKind.FOREIGN_BLOCKER;
    }
}
