package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.World.Verdict;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.decide.TableRule;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.OwnerState;
import io.pgheal.track.ScopeEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What must hold whatever is shown to the pure stages: the invariants, each written down once more in its own words, over
 * thousands of invented worlds, ten times as many where the tests are thorough. The number in a failure is the seed of its
 * world.
 */
class InvariantsTest {
    private static final int WORLDS = Integer.getInteger("pgheal.test.worlds", 5_000);
    private static final long FIRST = Long.getLong("pgheal.test.seed", 20261123);

    private static void everyHeal(BiConsumer<World, Verdict> invariant) {
        everyWorld(world -> world.verdicts.stream()
                .filter(verdict -> verdict.decision().action() == Action.HEAL)
                .forEach(verdict -> invariant.accept(world, verdict)));
    }

    private static void everyWorld(java.util.function.Consumer<World> invariant) {
        for (long seed = FIRST; seed < FIRST + WORLDS; seed++) {
            World world = new World(seed);
            try {
                invariant.accept(world);
            } catch (AssertionError e) {
                throw new AssertionError("in the world of -Dpgheal.test.seed=" + seed, e);
            }
        }
    }

    /** Else all others would say nothing. */
    @Test
    void everyRowThatHealsIsReached() {
        Map<DiagnosisKind, Integer> heals = new EnumMap<>(DiagnosisKind.class);
        int[] certainStrong = new int[2];
        int[] activeIdle = new int[2];
        everyHeal((world, verdict) -> {
            DiagnosisKind kind = verdict.diagnosis().kind();
            heals.merge(kind, 1, Integer::sum);
            if (isAbandoned(verdict)) {
                certainStrong[verdict.decision().certain() ? 0 : 1]++;
            } else if (kind == DiagnosisKind.STUCK_LOCK) {
                activeIdle[backend(verdict).isActive() ? 0 : 1]++;
            }
        });
        assertThat(heals)
                .containsOnlyKeys(
                        DiagnosisKind.ABANDONED_TRANSACTION,
                        DiagnosisKind.ABANDONED_CONNECTION,
                        DiagnosisKind.ORPHANED_BACKEND,
                        DiagnosisKind.STUCK_LOCK);
        assertThat(heals.get(DiagnosisKind.ORPHANED_BACKEND)).isGreaterThan(WORLDS / 20);
        assertThat(certainStrong)
                .satisfies(both -> assertThat(Math.min(both[0], both[1])).isGreaterThan(WORLDS / 50));
        assertThat(activeIdle)
                .satisfies(both -> assertThat(Math.min(both[0], both[1])).isGreaterThan(WORLDS / 200));
    }

    @Test
    void onlyTheHealingModeHeals() {
        everyHeal((world, verdict) -> assertThat(world.mode).isEqualTo(HealingMode.HEAL));
    }

    @Test
    void nobodyWhoIsSparedIsHealed() {
        everyHeal((world, verdict) -> {
            Backend backend = verdict.diagnosis().backend();
            if (backend == null) {
                assertThat(world.spare).as("cannot be checked").isEqualTo(io.pgheal.decide.SpareRules.NONE);
                return;
            }
            assertThat(world.spare.users()).doesNotContain(backend.user());
            assertThat(world.spare.databases()).doesNotContain(backend.database());
            assertThat(world.spare.applicationNames()).doesNotContain(backend.applicationName());
            for (TableName table : verdict.diagnosis().tables()) {
                TableName whole = table.partitionOf() == null ? table : table.partitionOf();
                assertThat(world.spare.tables())
                        .as("tables, and what they are parts of")
                        .doesNotContain(
                                table.schema() + "." + table.name(),
                                table.toString(),
                                whole.schema() + "." + whole.name(),
                                whole.toString());
            }
        });
    }

    @Test
    void nobodyWhoCommitsOrWaitsForItsStandbyIsHealed() {
        everyHeal((world, verdict) -> {
            Backend backend = verdict.diagnosis().backend();
            assertThat(backend != null && backend.committing()).isFalse();
        });
    }

    @Test
    void nobodyWhoIsHiddenOrNoClientIsHealedWithoutALeaseOfOurs() {
        everyHeal((world, verdict) -> {
            if (!isAbandoned(verdict)) {
                assertThat(backend(verdict).visible()).isTrue();
                assertThat(backend(verdict).isClient()).isTrue();
            }
        });
    }

    @Test
    void aForeignSessionIsNeverHealed() {
        everyHeal((world, verdict) -> {
            assertThat(verdict.diagnosis().kind()).isNotEqualTo(DiagnosisKind.FOREIGN_BLOCKER);
            if (verdict.diagnosis().kind() == DiagnosisKind.STUCK_LOCK) {
                assertThat(world.leases).containsKey(verdict.diagnosis().backendId());
            }
        });
    }

    @Test
    void thereIsAtMostOneRemedyForABackend() {
        everyWorld(world -> {
            Set<Object> healed = new HashSet<>();
            world.verdicts.stream()
                    .filter(verdict -> verdict.decision().action() == Action.HEAL)
                    .forEach(
                            verdict -> assertThat(healed.add(verdict.diagnosis().backendId()))
                                    .isTrue());
        });
    }

    @Test
    void onlyRootsAreHealedByATimeLimit() {
        everyHeal((world, verdict) -> {
            if (verdict.diagnosis().kind() == DiagnosisKind.STUCK_LOCK) {
                int pid = backend(verdict).pid();
                assertThat(world.waiters)
                        .noneMatch(waiter ->
                                waiter.pid() == pid && !waiter.blockedBy().equals(Set.of(pid)));
            }
        });
    }

    // ---- evidence

    private static boolean certain(LeaseSnapshot lease) {
        ScopeEnd end = lease.scopeEnd();
        boolean scope = end != null
                && lease.transactionOpen()
                && !lease.movedBetweenThreads()
                && (!lease.callInProgress() || lease.callIsStale())
                && !end.insideTransaction()
                && !end.asynchronous()
                && !lease.calledElsewhere()
                && (end.ownedByApplication() || (end.thrown() != null && !lease.workMoves()));
        return !lease.unwrapped() && (lease.unreachable() || scope);
    }

    private static boolean suspected(LeaseSnapshot lease) {
        ScopeEnd end = lease.scopeEnd();
        boolean scope = end != null && !end.insideTransaction();
        return !lease.unwrapped()
                && !lease.movedBetweenThreads()
                && (!lease.callInProgress() || lease.callIsStale())
                && (scope || lease.owner() == OwnerState.ENDED);
    }

    private static boolean isAbandoned(Verdict verdict) {
        DiagnosisKind kind = verdict.diagnosis().kind();
        return kind == DiagnosisKind.ABANDONED_TRANSACTION || kind == DiagnosisKind.ABANDONED_CONNECTION;
    }

    @Test
    void certainIsOnlyWhatTheCertainRowsSay() {
        everyHeal((world, verdict) -> {
            if (verdict.decision().certain()) {
                assertThat(verdict.diagnosis().kind() == DiagnosisKind.ORPHANED_BACKEND || certain(lease(verdict)))
                        .isTrue();
            }
        });
    }

    /** Only somebody who waits for something else, or an exhausted pool of one that no code can come back to. */
    @Test
    void nobodyIsHealedForAnAdvisoryLockOrForListening() {
        everyHeal((world, verdict) -> {
            if (!isAbandoned(verdict)) {
                return;
            }
            Diagnosis diagnosis = verdict.diagnosis();
            LeaseSnapshot lease = lease(verdict);
            boolean leads = lease.sessionBound()
                    || diagnosis.holdsAdvisoryLock()
                    || diagnosis.waiters().stream().anyMatch(Waiter::waitsForAdvisoryLock);
            assertThat(!leads
                            || diagnosis.waiters().stream().anyMatch(waiter -> !waiter.waitsForAdvisoryLock())
                            || (lease.unreachable() && world.exhausted))
                    .isTrue();
        });
    }

    @Test
    void withoutEvidenceAndWithoutAUsersLimitNothingOfOursIsHealed() {
        everyHeal((world, verdict) -> {
            LeaseSnapshot lease = verdict.diagnosis().lease();
            if (isAbandoned(verdict)) {
                assertThat(certain(lease) || suspected(lease)).isTrue();
                assertThat(verdict.decision().evidenceBased()).isTrue();
            } else if (lease != null) {
                assertThat(world.limits.idleBlockerTimeout().isZero()
                                && world.limits.activeBlockerTimeout().isZero()
                                && world.limits.tables().isEmpty())
                        .isFalse();
                assertThat(verdict.decision().evidenceBased()).isFalse();
            }
        });
    }

    @Test
    void aSuspicionEndsNothingButAtTheUsersSayAndKeepsItsTimes() {
        everyHeal((world, verdict) -> {
            Diagnosis diagnosis = verdict.diagnosis();
            LeaseSnapshot lease = diagnosis.lease();
            if (!isAbandoned(verdict) || verdict.decision().certain()) {
                return;
            }
            assertThat(world.limits.retained()).as("the user's say").isEqualTo(Retained.HEAL);
            Duration silence = shorter(lease.quiet(), lease.ownerFor()); // all evidence is of the same age here
            boolean somebodyWaits = world.exhausted || !diagnosis.waiters().isEmpty();
            assertThat(silence).isGreaterThanOrEqualTo(somebodyWaits ? world.limits.grace() : world.limits.patience());
            assertThat(lease.extended()).isFalse();
            if (!lease.transactionOpen()) {
                assertThat(world.exhausted).isTrue();
                assertThat(lease.sessionBound()).isFalse();
            }
            if (diagnosis.waiters().isEmpty()) {
                assertThat(lease.sessionBound() || diagnosis.holdsAdvisoryLock())
                        .as("a leader whose followers poll")
                        .isFalse();
            }
            assertThat(!diagnosis.waiters().isEmpty()
                            && diagnosis.waiters().stream().allMatch(Waiter::waitsForAdvisoryLock))
                    .as("leaders and followers")
                    .isFalse();
        });
    }

    /** Its manager ends it, or the user's own limit. */
    @Test
    void aGlobalTransactionIsEndedByNoEvidenceAndOneThatIsClosedByNothing() {
        everyHeal((world, verdict) -> {
            LeaseSnapshot lease = verdict.diagnosis().lease();
            assertThat(lease != null && lease.closed()).isFalse();
            assertThat(lease != null && lease.enlisted() && verdict.decision().evidenceBased())
                    .isFalse();
        });
    }

    // ---- the user's own limits

    @Test
    void anExtendedLeaseIsSafeFromEveryTimeLimit() {
        everyHeal((world, verdict) -> {
            LeaseSnapshot lease = verdict.diagnosis().lease();
            if (lease != null && lease.extended()) {
                assertThat(verdict.decision().certain()).isTrue();
            }
        });
    }

    @Test
    void theMostCarefulOfTheLimitsThatApplyIsKept() {
        everyHeal((world, verdict) -> {
            Diagnosis diagnosis = verdict.diagnosis();
            if (diagnosis.kind() != DiagnosisKind.STUCK_LOCK) {
                return;
            }
            boolean idle = !backend(verdict).isActive();
            Duration global = idle ? world.limits.idleBlockerTimeout() : world.limits.activeBlockerTimeout();
            Function<TableRule, @Nullable Duration> ofTable =
                    idle ? TableRule::idleBlockerTimeout : TableRule::activeBlockerTimeout;
            List<Duration> apply = new ArrayList<>();
            for (Waiter waiter : diagnosis.waiters()) {
                List<Duration> rules = world.limits.tables().stream()
                        .filter(rule -> named(rule.pattern(), waiter.table()))
                        .map(ofTable)
                        .filter(limit -> limit != null)
                        .toList();
                if (!rules.isEmpty()) {
                    apply.addAll(rules);
                } else if (!waiter.waitsForAdvisoryLock()) {
                    apply.add(global);
                }
            }
            if (apply.isEmpty()) {
                apply.add(global); // nothing but advisory locks
            }
            Duration waited = diagnosis.waiters().stream()
                    .map(Waiter::waited)
                    .max(Duration::compareTo)
                    .orElseThrow();
            assertThat(apply).allSatisfy(limit -> {
                assertThat(limit).as("0 is never").isPositive();
                assertThat(waited).isGreaterThanOrEqualTo(limit);
                assertThat(idle ? lease(verdict).quiet() : lease(verdict).observed())
                        .isGreaterThanOrEqualTo(limit);
                if (idle) {
                    assertThat(backend(verdict).stateAge()).isGreaterThanOrEqualTo(limit);
                }
            });
        });
    }

    /** By its own means: {@code *} only at the end, as the worlds have it. */
    private static boolean named(String pattern, @Nullable TableName table) {
        if (table == null) {
            return false;
        }
        String rule = pattern.contains(".") ? pattern : "public." + pattern;
        TableName whole = table.partitionOf() == null ? table : table.partitionOf();
        return List.of(table, whole).stream()
                .map(each -> each.schema() + "." + each.name())
                .anyMatch(name ->
                        rule.endsWith("*") ? name.startsWith(rule.substring(0, rule.length() - 1)) : name.equals(rule));
    }

    // ---- who has the last word

    @Test
    void safeguardsNeverMakeMoreOfADecisionAndKeepTheirBudgets() {
        for (long seed = FIRST; seed < FIRST + 50; seed++) {
            Random random = new Random(seed);
            int signals = 1 + random.nextInt(10);
            int certain = 1 + random.nextInt(20);
            long began = System.nanoTime();
            Safeguards safeguards = new Safeguards("invariants", signals, certain);
            int[] permitted = new int[2];
            for (int i = 0; i < 50; i++) {
                for (Verdict verdict : new World(random.nextLong()).verdicts) {
                    Decision asked = verdict.decision();
                    boolean open = safeguards.isBreakerOpen();
                    Decision given = safeguards.permit(asked);
                    if (asked.action() != Action.HEAL) {
                        assertThat(given).isEqualTo(asked);
                    } else if (given.action() == Action.HEAL) {
                        assertThat(open).isFalse();
                        permitted[asked.certain() ? 0 : 1]++;
                        safeguards.ended(Outcome.untouched(
                                random.nextInt(3) == 0 ? OutcomeKind.UNRESOLVED : OutcomeKind.HEALED));
                    } else {
                        assertThat(given.action()).isEqualTo(Action.WOULD_HEAL);
                    }
                }
            }
            int minutes = 1 + (int) Duration.ofNanos(System.nanoTime() - began).toMinutes() + 1;
            assertThat(permitted[0]).isLessThanOrEqualTo(certain * minutes);
            assertThat(permitted[1]).isLessThanOrEqualTo(signals * minutes);
        }
    }

    // ---- values

    private static Backend backend(Verdict verdict) {
        Backend backend = verdict.diagnosis().backend();
        assertThat(backend).isNotNull();
        return backend;
    }

    private static LeaseSnapshot lease(Verdict verdict) {
        LeaseSnapshot lease = verdict.diagnosis().lease();
        assertThat(lease).isNotNull();
        return lease;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
