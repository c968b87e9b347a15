package io.pgheal.decide;

import io.pgheal.detect.Strength;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.track.LeaseSnapshot;
import java.time.Duration;
import java.util.Optional;

/** The decision table. Pure: the same diagnosis and limits always lead to the same decision. */
public final class Decider {
    private static final Duration SUSPECT_LOOK = Duration.ofMillis(200);
    private static final Duration LEADER_LOOK = Duration.ofSeconds(1);

    private Decider() {}

    public static Decision decide(Diagnosis diagnosis, Limits limits, SpareRules spare, HealingMode mode) {
        Decision decision = switch (diagnosis.kind()) {
            case ABANDONED_TRANSACTION -> abandoned(diagnosis, limits);
            case ORPHANED_BACKEND -> orphaned(diagnosis);
            case STUCK_LOCK -> stuckLock(diagnosis, limits);
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
     * In how long a culprit that is not healed yet will be, if its owner stays silent; empty if it is not to be. What its
     * waiters are told; it decides nothing, and knows of no budget.
     */
    public static Optional<Duration> due(Diagnosis diagnosis, Limits limits, SpareRules spare, HealingMode mode) {
        if (mode != HealingMode.HEAL || spare.spares(diagnosis).isPresent()) {
            return Optional.empty();
        }
        return switch (diagnosis.kind()) {
            case ABANDONED_TRANSACTION ->
                abandoned(diagnosis, limits.withoutWaiting()).action() == Action.HEAL
                        ? Optional.of(
                                diagnosis.strength() == Strength.CERTAIN
                                        ? Duration.ZERO
                                        : notNegative(limits.grace().minus(diagnosis.silence())))
                        : Optional.empty();
            case STUCK_LOCK -> {
                Decision now = stuckLock(diagnosis, limits);
                yield now.action() == Action.HEAL || !now.lookAgain().isZero()
                        ? Optional.of(now.lookAgain())
                        : Optional.empty();
            }
            case ORPHANED_BACKEND ->
                orphaned(diagnosis).action() == Action.HEAL ? Optional.of(Duration.ZERO) : Optional.empty();
            case FOREIGN_BLOCKER, HOLDER_NOT_SEEN, OPERATORS_CHOICE -> Optional.empty();
        };
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
        if (diagnosis.strength() == Strength.CERTAIN) {
            return diagnosis.onlyAdvisoryWaiters() && diagnosis.certainOnlyByScope()
                    ? follows("only advisory locks are waited for: it may lead while others follow")
                    : Decision.heal("its owner is gone for certain", true, true);
        }
        if (lease.extended()) {
            return Decision.waitFor("the application asked for more time", SUSPECT_LOOK);
        }
        Duration silence = diagnosis.silence();
        boolean sessionBound = lease.sessionBound() || diagnosis.holdsAdvisoryLock();
        if (!lease.transactionOpen() && (!diagnosis.poolExhausted() || sessionBound)) {
            return Decision.nothing("no transaction is open, and nobody waits for its slot");
        }
        if (diagnosis.onlyAdvisoryWaiters()) {
            return follows("only advisory locks are waited for: it may lead while others follow");
        }
        if (sessionBound && !diagnosis.somebodyWaitsForLock()) {
            if (silence.compareTo(diagnosis.poolExhausted() ? limits.grace() : limits.patience()) < 0) {
                return Decision.waitFor("nobody waits for what it holds", SUSPECT_LOOK);
            }
            return follows(
                    "it holds an advisory lock, listens or copies, and nobody waits for its rows: it may lead while"
                            + " others only look");
        }
        if (!lease.transactionOpen()) {
            return strong(diagnosis, limits.grace(), silence, "its pool is exhausted");
        }
        boolean somebodyWaits = diagnosis.somebodyWaitsForLock() || diagnosis.poolExhausted();
        return somebodyWaits
                ? strong(diagnosis, limits.grace(), silence, "its owner is gone, and somebody waits")
                : strong(diagnosis, limits.patience(), silence, "its owner is gone");
    }

    private static Decision follows(String reason) {
        return Decision.reportAndLookAgain(reason, LEADER_LOOK);
    }

    private static Decision strong(Diagnosis diagnosis, Duration bound, Duration silence, String reason) {
        if (silence.compareTo(bound) < 0) {
            Duration left = bound.minus(silence);
            return Decision.waitFor(reason, left.compareTo(SUSPECT_LOOK) < 0 ? left : SUSPECT_LOOK);
        }
        if (diagnosis.strength() != Strength.STRONG) {
            return Decision.report(reason + "; its evidence is set to be reported only");
        }
        return Decision.heal(reason + ", silent for " + silence.toMillis() + " ms", true, false);
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

    private static Decision stuckLock(Diagnosis diagnosis, Limits limits) {
        Backend backend = diagnosis.backend();
        LeaseSnapshot lease = diagnosis.lease();
        if (!diagnosis.somebodyWaitsForLock() || backend == null || lease == null) {
            return Decision.nothing("nobody waits");
        }
        if (diagnosis.untouchable() != null) {
            return Decision.report("not touched: " + diagnosis.untouchable());
        }
        if (lease.extended()) {
            return Decision.report("its owner is alive and asked for more time");
        }
        boolean idle = backend.isIdleInTransaction();
        if (!idle && !backend.isActive()) {
            return Decision.report(
                    "its owner is alive, and no transaction is open: what it holds belongs to its session");
        }
        String limit = idle ? "idle-blocker-timeout" : "active-blocker-timeout";
        Duration bound = idle
                ? limits.idleBlockerTimeout(diagnosis.waitedTables(), diagnosis.waitsForUnknownTable())
                : limits.activeBlockerTimeout(diagnosis.waitedTables(), diagnosis.waitsForUnknownTable());
        if (bound.isZero()) {
            return Decision.report("its owner is alive, and no time limit is set (lock-wait." + limit
                    + ", or tables.<table>." + limit + ")");
        }
        Duration blocking =
                shorter(diagnosis.longestWait(), idle ? idleFor(backend, lease) : activeFor(diagnosis, lease));
        if (blocking.compareTo(bound) < 0) {
            return Decision.reportAndLookAgain(
                    "its owner is alive; " + limit + " of " + bound.toMillis() + " ms is not over",
                    bound.minus(blocking));
        }
        return Decision.heal(
                limit + " of " + bound.toMillis() + " ms is over, after " + blocking.toMillis() + " ms", false, false);
    }

    /** The server sees also what is said past our handles; but of its time only what was seen here, too, counts. */
    private static Duration idleFor(Backend backend, LeaseSnapshot lease) {
        Duration inState = backend.stateAge();
        return inState == null ? Duration.ZERO : shorter(inState, lease.quiet());
    }

    /** Others may have waited for long before it: a queue that moves has a new root each time. */
    private static Duration activeFor(Diagnosis diagnosis, LeaseSnapshot lease) {
        Duration inTheWay = diagnosis.inTheWay();
        return inTheWay == null ? lease.observed() : shorter(inTheWay, lease.observed());
    }

    /**
     * An operator's own act. No time counts here and no evidence is needed, but what must never be touched stays
     * untouched: a commit, what is hidden, no client's session, and whatever the user spared.
     *
     * @param cancelOnly the statement is to be cancelled, the session is to live on
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

    /** Whether a culprit of this kind is touched only at the user's say. */
    public static boolean needsTheUsersSay(DiagnosisKind kind) {
        return kind == DiagnosisKind.STUCK_LOCK || kind == DiagnosisKind.FOREIGN_BLOCKER;
    }
}
