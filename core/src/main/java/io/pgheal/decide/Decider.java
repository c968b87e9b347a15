package io.pgheal.decide;

import io.pgheal.detect.Strength;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.track.LeaseSnapshot;
import java.time.Duration;

/** The decision table. Pure: the same diagnosis and limits always lead to the same decision. */
public final class Decider {
    private static final Duration SUSPECT_LOOK = Duration.ofMillis(200);

    private Decider() {}

    public static Decision decide(Diagnosis diagnosis, Limits limits, SpareRules spare, HealingMode mode) {
        Decision decision = switch (diagnosis.kind()) {
            case ABANDONED_TRANSACTION -> abandoned(diagnosis, limits);
            case ORPHANED_BACKEND -> orphaned(diagnosis);
            case STUCK_LOCK -> stuckLock(diagnosis, limits);
            case FOREIGN_BLOCKER -> foreign(diagnosis);
        };
        if (decision.action() != Action.HEAL) {
            return decision;
        }
        if (mode != HealingMode.HEAL) {
            return decision.onlyTold("pgheal.mode is " + mode.name().toLowerCase(java.util.Locale.ROOT));
        }
        return spare.spares(diagnosis).map(decision::onlyTold).orElse(decision);
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
            return Decision.heal("its owner is gone for certain", true, true);
        }
        if (lease.extended()) {
            return Decision.waitFor("the application asked for more time", SUSPECT_LOOK);
        }
        Duration silence = diagnosis.silence();
        if (!lease.transactionOpen()) {
            if (!diagnosis.poolExhausted() || lease.sessionBound()) {
                return Decision.nothing("no transaction is open, and nobody waits for its slot");
            }
            return strong(diagnosis, limits.grace(), silence, "its pool is exhausted");
        }
        if (diagnosis.onlyAdvisoryWaiters() && !diagnosis.poolExhausted()) {
            return Decision.reportAndLookAgain(
                    "only advisory locks are waited for: it may lead while others follow", Duration.ofSeconds(1));
        }
        boolean somebodyWaits = diagnosis.somebodyWaitsForLock() || diagnosis.poolExhausted();
        return somebodyWaits
                ? strong(diagnosis, limits.grace(), silence, "its owner is gone, and somebody waits")
                : strong(diagnosis, limits.patience(), silence, "its owner is gone");
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
        String limit = idle ? "idle-blocker-timeout" : "active-blocker-timeout";
        Duration bound = idle
                ? limits.idleBlockerTimeout(diagnosis.waitedTables(), diagnosis.waitsForUnknownTable())
                : limits.activeBlockerTimeout(diagnosis.waitedTables(), diagnosis.waitsForUnknownTable());
        if (bound.isZero()) {
            return Decision.report("its owner is alive, and no time limit is set (lock-wait." + limit
                    + ", or tables.<table>." + limit + ")");
        }
        Duration blocking = idle ? shorter(diagnosis.longestWait(), lease.quiet()) : diagnosis.longestWait();
        if (blocking.compareTo(bound) < 0) {
            return Decision.reportAndLookAgain(
                    "its owner is alive; " + limit + " of " + bound.toMillis() + " ms is not over",
                    bound.minus(blocking));
        }
        return Decision.heal(
                limit + " of " + bound.toMillis() + " ms is over, after " + blocking.toMillis() + " ms", false, false);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** Whether a culprit of this kind is touched only at the user's say. */
    public static boolean needsTheUsersSay(DiagnosisKind kind) {
        return kind == DiagnosisKind.STUCK_LOCK || kind == DiagnosisKind.FOREIGN_BLOCKER;
    }
}
