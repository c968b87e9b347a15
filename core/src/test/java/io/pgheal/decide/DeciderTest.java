package io.pgheal.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Snapshots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every row of the decision table. */
class DeciderTest {
    private static final Duration GRACE = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final TableName LOGIN = new TableName("public", "user_login_info");
    private static final Limits DEFAULTS = limits(Duration.ZERO, Duration.ZERO);
    private static final Limits AT_THE_USERS_SAY =
            new Limits(GRACE, PATIENCE, Duration.ZERO, Duration.ZERO, List.of(), Retained.HEAL);

    private static Limits limits(Duration idle, Duration active, TableRule... rules) {
        return new Limits(GRACE, PATIENCE, idle, active, List.of(rules), Retained.REPORT);
    }

    private static Decision decide(Diagnosis diagnosis, Limits limits) {
        return Decider.decide(diagnosis, limits, SpareRules.NONE, HealingMode.HEAL);
    }

    // ---- abandoned

    private static Diagnosis abandoned(
            LeaseSnapshot lease, Strength strength, List<Waiter> waiters, boolean exhausted) {
        Evidence evidence = new Evidence(EvidenceKind.OWNER_ENDED, strength, lease.quiet(), "");
        return Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(lease)
                .evidence(List.of(evidence))
                .backend(backend("idle in transaction", false))
                .waiters(waiters)
                .poolExhausted(exhausted)
                .made();
    }

    private static LeaseSnapshot quiet(Duration time) {
        return Snapshots.lease().quietFor(time).snapshot();
    }

    @Test
    void certainHealsNowWhetherSomebodyWaitsOrNot() {
        assertThat(decide(abandoned(quiet(Duration.ZERO), Strength.CERTAIN, List.of(), false), DEFAULTS)
                        .action())
                .isEqualTo(Action.HEAL);
        assertThat(decide(abandoned(quiet(Duration.ZERO), Strength.CERTAIN, waiters(LOGIN), false), DEFAULTS)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void strongHealsAfterTheGraceWhenSomebodyWaits() {
        assertThat(decide(
                                abandoned(quiet(GRACE.minusMillis(1)), Strength.SUSPICION, waiters(LOGIN), false),
                                AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.WAIT);
        assertThat(decide(abandoned(quiet(GRACE), Strength.SUSPICION, waiters(LOGIN), false), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void strongHealsAfterThePatienceWhenNobodyWaits() {
        assertThat(decide(
                                abandoned(quiet(PATIENCE.minusMillis(1)), Strength.SUSPICION, List.of(), false),
                                AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.WAIT);
        assertThat(decide(abandoned(quiet(PATIENCE), Strength.SUSPICION, List.of(), false), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void waitingForAConnectionOfItsExhaustedPoolIsWaiting() {
        assertThat(decide(abandoned(quiet(GRACE), Strength.SUSPICION, List.of(), true), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void theGraceCountsFromTheEvidenceWhereThatIsYoungerThanTheLastCall() {
        LeaseSnapshot lease = quiet(Duration.ofMinutes(1));
        Evidence young = new Evidence(EvidenceKind.SCOPE_ENDED, Strength.SUSPICION, Duration.ofMillis(100), "");
        Diagnosis diagnosis = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(lease)
                .evidence(List.of(young))
                .waiters(waiters(LOGIN))
                .made();
        assertThat(decide(diagnosis, AT_THE_USERS_SAY).action()).isEqualTo(Action.WAIT);
    }

    // ---- a suspicion decides when the collector is asked, and ends nothing

    private static Decision suspected(Duration quiet, boolean somebodyWaits) {
        return decide(
                abandoned(quiet(quiet), Strength.SUSPICION, somebodyWaits ? waiters(LOGIN) : List.of(), false),
                DEFAULTS);
    }

    @Test
    void theCollectorIsAskedAtOnceWhenSomebodyWaitsForASuspect() {
        for (Duration quiet : List.of(Duration.ZERO, GRACE, PATIENCE, Duration.ofDays(1))) {
            assertThat(suspected(quiet, true).action()).isEqualTo(Action.WAIT);
            assertThat(suspected(quiet, true).asking()).isEqualTo(Asking.NOW);
            assertThat(suspected(quiet, true).lookAgain()).isEqualTo(Duration.ofMillis(200));
            assertThat(suspected(quiet, true).reason()).contains("somebody waits");
            assertThat(decide(abandoned(quiet(quiet), Strength.SUSPICION, List.of(), true), DEFAULTS)
                            .asking())
                    .as("for a connection of its pool")
                    .isEqualTo(Asking.NOW);
        }
    }

    @Test
    void theCollectorIsAskedAfterThePatienceWhenNobodyWaitsForASuspect() {
        assertThat(suspected(PATIENCE.minusMillis(1), false).asking()).isEqualTo(Asking.NOT);
        assertThat(suspected(PATIENCE.minusMillis(1), false).lookAgain()).isEqualTo(Duration.ofMillis(1));
        assertThat(suspected(Duration.ZERO, false).lookAgain()).isEqualTo(Duration.ofMillis(200));
        assertThat(suspected(Duration.ZERO, false).reason()).doesNotContain("somebody waits");
        assertThat(suspected(PATIENCE, false).action()).isEqualTo(Action.WAIT);
        assertThat(suspected(PATIENCE, false).asking()).isEqualTo(Asking.SOON);
        assertThat(suspected(PATIENCE, false).lookAgain()).isEqualTo(Duration.ofSeconds(1));
    }

    /** Something still refers to it: at the user's say that ends nothing before its time. */
    @Test
    void whatIsRetainedIsLookedAtAgainWhenItsTimeIsOver() {
        Snapshots retained = Snapshots.lease().retained();
        Diagnosis young = abandoned(
                retained.quietFor(Duration.ofSeconds(1)).snapshot(), Strength.SUSPICION, waiters(LOGIN), false);
        assertThat(decide(young, AT_THE_USERS_SAY).action()).isEqualTo(Action.WAIT);
        assertThat(decide(young, AT_THE_USERS_SAY).lookAgain()).isEqualTo(Duration.ofMillis(200));
        assertThat(decide(young, AT_THE_USERS_SAY).asking()).isEqualTo(Asking.NOT);
        Diagnosis almost = abandoned(
                retained.quietFor(GRACE.minusMillis(1)).snapshot(), Strength.SUSPICION, waiters(LOGIN), false);
        assertThat(decide(almost, AT_THE_USERS_SAY).lookAgain()).isEqualTo(Duration.ofMillis(1));
    }

    /** Others may end the transaction, and need no connection object for it. */
    @Test
    void whoTakesPartInAGlobalTransactionIsToldOfWhenItsTimeIsOverAndNeverEnded() {
        Snapshots enlisted = Snapshots.lease().enlisted();
        for (Limits limits : List.of(DEFAULTS, AT_THE_USERS_SAY)) {
            Decision early = decide(
                    abandoned(
                            enlisted.quietFor(Duration.ofSeconds(1)).snapshot(),
                            Strength.SUSPICION,
                            waiters(LOGIN),
                            false),
                    limits);
            assertThat(early.action()).isEqualTo(Action.WAIT);
            assertThat(early.lookAgain()).isEqualTo(Duration.ofMillis(200));
            Decision almost = decide(
                    abandoned(
                            enlisted.quietFor(GRACE.minusMillis(1)).snapshot(),
                            Strength.SUSPICION,
                            waiters(LOGIN),
                            false),
                    limits);
            assertThat(almost.lookAgain()).isEqualTo(Duration.ofMillis(1));
            Decision over = decide(
                    abandoned(enlisted.quietFor(GRACE).snapshot(), Strength.SUSPICION, waiters(LOGIN), false), limits);
            assertThat(over.action()).isEqualTo(Action.REPORT);
            assertThat(over.reason()).contains("global transaction");
            assertThat(over.asking()).isEqualTo(Asking.NOT);
        }
    }

    @Test
    void withoutALeaseNothingIsAbandoned() {
        Diagnosis none = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .waiters(waiters(LOGIN))
                .made();
        assertThat(decide(none, AT_THE_USERS_SAY).action()).isEqualTo(Action.NOTHING);
        assertThat(due(none, AT_THE_USERS_SAY)).isEmpty();
    }

    @Test
    void whatIsRetainedIsToldAndLeftAlone() {
        LeaseSnapshot retained = Snapshots.lease().quietFor(PATIENCE).retained().snapshot();
        for (List<Waiter> waiters : List.of(List.<Waiter>of(), waiters(LOGIN))) {
            Decision decision = decide(abandoned(retained, Strength.SUSPICION, waiters, false), DEFAULTS);
            assertThat(decision.action()).isEqualTo(Action.REPORT);
            assertThat(decision.reason())
                    .startsWith("retained: ")
                    .contains("something still refers to its connection")
                    .contains("abandoned.retained=heal")
                    .contains("idle-blocker-timeout");
            assertThat(decision.asking())
                    .as("the reference may have been dropped since")
                    .isEqualTo(waiters.isEmpty() ? Asking.NOT : Asking.SOON);
        }
    }

    @Test
    void whatNobodyCanBeAskedAboutIsTold() {
        Decision decision = suspected(PATIENCE, true).unanswered("-XX:+DisableExplicitGC forbids it");
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.reason()).contains("DisableExplicitGC").contains("a collection of its own");
        assertThat(decision.asking()).isEqualTo(Asking.NOT);
        assertThat(decision.lookAgain()).as("no more is to be found out").isZero();
    }

    /** Its limit ends it, whatever the collector would say. */
    @Test
    void whoIsUnderATimeLimitIsLookedAtAgainAlsoWhereNobodyCanBeAsked() {
        Decision early =
                decide(stuck("idle in transaction", Duration.ofSeconds(2)), limits(Duration.ofSeconds(5), GRACE));
        Decision decision = early.unanswered("-XX:+DisableExplicitGC forbids it");
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.lookAgain()).isEqualTo(Duration.ofSeconds(3));
        assertThat(decision.asking()).isEqualTo(Asking.NOT);
    }

    @Test
    void theNextLookIsWhenTheCollectorMayHaveAnsweredUnlessALimitIsOverSooner() {
        Diagnosis stuck = stuck("idle in transaction", Duration.ofMillis(400));
        assertThat(decide(stuck, limits(Duration.ofSeconds(5), GRACE)).lookAgain())
                .isEqualTo(Duration.ofMillis(600));
        assertThat(decide(stuck, limits(Duration.ofMillis(500), GRACE)).lookAgain())
                .isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void whatIsNotDoneKeepsWhatItRestsOn() {
        Decision certain = decide(certainBy(EvidenceKind.HANDLE_UNREACHABLE, waiters(LOGIN)), DEFAULTS);
        assertThat(certain.evidenceBased()).isTrue();
        assertThat(certain.certain()).isTrue();
        Decision told = certain.onlyTold("the budget is used up");
        assertThat(told)
                .isEqualTo(new Decision(
                        Action.WOULD_HEAL,
                        certain.reason() + "; not done: the budget is used up",
                        true,
                        true,
                        Duration.ZERO));
        assertThat(certain.later("it is asked", Duration.ofSeconds(1)))
                .isEqualTo(new Decision(
                        Action.WAIT, certain.reason() + "; not now: it is asked", true, true, Duration.ofSeconds(1)));
        assertThat(certain.unanswered("-XX:+DisableExplicitGC forbids it").action())
                .as("whoever can be asked")
                .isEqualTo(Action.HEAL);
    }

    @Test
    void whatIsNoHealRestsOnNothing() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("idle in transaction", five, five, LOGIN);
        for (Decision decision : List.of(
                suspected(PATIENCE, true),
                decide(stuck, DEFAULTS),
                decide(stuck, limits(Duration.ofSeconds(9), five)),
                decide(chosen().made(), DEFAULTS),
                act(chosen().made(), false))) {
            assertThat(decision.action()).isNotEqualTo(Action.HEAL);
            assertThat(decision.evidenceBased()).isFalse();
            assertThat(decision.certain()).isFalse();
            assertThat(decision.saysRetained()).isFalse();
        }
    }

    /** A budget of its own has only what is proven, and a later call refutes only evidence. */
    @Test
    void whatAHealRestsOnIsSaid() {
        Decision suspicion =
                decide(abandoned(quiet(PATIENCE), Strength.SUSPICION, waiters(LOGIN), false), AT_THE_USERS_SAY);
        assertThat(suspicion.evidenceBased()).isTrue();
        assertThat(suspicion.certain()).isFalse();
        Duration five = Duration.ofSeconds(5);
        Decision limit = decide(stuck("idle in transaction", five, five, LOGIN), limits(five, five));
        assertThat(limit.evidenceBased()).isFalse();
        assertThat(limit.certain()).isFalse();
        assertThat(limit.asking()).as("whatever the collector would say").isEqualTo(Asking.NOT);
        assertThat(limit.saysRetained()).isFalse();
        Decision orphan = decide(
                Diagnoses.of(DiagnosisKind.ORPHANED_BACKEND)
                        .backend(backend("active", false))
                        .made(),
                DEFAULTS);
        assertThat(orphan.evidenceBased()).isFalse();
        assertThat(orphan.certain()).isTrue();
    }

    /** A leak by a thread that lives on, or by a worker that always has a next task, is found like any other. */
    @Test
    void theCollectorIsAskedAboutWhoLooksAliveWhenSomebodyHasWaitedForASecond() {
        assertThat(decide(stuck("idle in transaction", Duration.ofMillis(999)), DEFAULTS)
                        .asking())
                .isEqualTo(Asking.NOT);
        assertThat(decide(stuck("idle in transaction", Duration.ofMillis(999)), DEFAULTS)
                        .lookAgain())
                .isEqualTo(Duration.ofMillis(1));
        assertThat(decide(stuck("idle in transaction", Duration.ofSeconds(1)), DEFAULTS)
                        .asking())
                .isEqualTo(Asking.SOON);
        assertThat(decide(stuck("idle in transaction", Duration.ofSeconds(10)), DEFAULTS)
                        .asking())
                .isEqualTo(Asking.NOW);
        assertThat(decide(stuck("active", Duration.ofSeconds(60)), DEFAULTS).asking())
                .as("its statement runs: somebody waits for its end")
                .isEqualTo(Asking.NOT);
    }

    private static Diagnosis stuck(String state, Duration waited) {
        return stuck(state, waited, Snapshots.lease().quietFor(PATIENCE));
    }

    private static Diagnosis stuck(String state, Duration waited, Snapshots lease) {
        return Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                .lease(lease.snapshot())
                .backend(backend(state, false))
                .waiters(List.of(waiter(LOGIN, "transactionid", waited)))
                .made();
    }

    @Test
    void whoLooksAliveAndIsRetainedIsToldSo() {
        Decision decision = decide(
                stuck(
                        "idle in transaction",
                        Duration.ofSeconds(5),
                        Snapshots.lease().quietFor(PATIENCE).retained()),
                DEFAULTS);
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.reason()).contains("looks alive").contains("retained");
        assertThat(decision.saysRetained()).isTrue();
        assertThat(decision.asking())
                .as("the reference may have been dropped since")
                .isEqualTo(Asking.SOON);
    }

    @Test
    void theCollectorIsNotAskedAboutWhatItCannotTell() {
        assertThat(decide(
                                stuck(
                                        "idle in transaction",
                                        Duration.ofSeconds(60),
                                        Snapshots.lease().quietFor(PATIENCE).unwrapped()),
                                DEFAULTS)
                        .asking())
                .isEqualTo(Asking.NOT);
        assertThat(decide(
                                stuck(
                                        "idle in transaction",
                                        Duration.ofSeconds(60),
                                        Snapshots.lease().quietFor(PATIENCE).enlisted()),
                                DEFAULTS)
                        .asking())
                .as("within a global transaction")
                .isEqualTo(Asking.NOT);
        Diagnosis leader = Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                .lease(quiet(PATIENCE))
                .backend(backend("idle in transaction", false))
                .waiters(List.of(waiter(null, "advisory", Duration.ofSeconds(60))))
                .made();
        assertThat(decide(leader, DEFAULTS).action()).isEqualTo(Action.REPORT);
        assertThat(decide(leader, DEFAULTS).asking())
                .as("for an advisory lock only")
                .isEqualTo(Asking.NOT);
    }

    @Test
    void leadersAndFollowersAreReported() {
        assertThat(decide(
                                abandoned(quiet(PATIENCE), Strength.SUSPICION, List.of(advisoryWaiter()), false),
                                AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.REPORT);
        assertThat(decide(
                                abandoned(quiet(PATIENCE), Strength.SUSPICION, List.of(advisoryWaiter()), true),
                                AT_THE_USERS_SAY)
                        .action())
                .as("also while the pool is exhausted")
                .isEqualTo(Action.REPORT);
        Decision young =
                decide(abandoned(quiet(Duration.ZERO), Strength.SUSPICION, List.of(advisoryWaiter()), false), DEFAULTS);
        assertThat(young.action()).as("at once").isEqualTo(Action.REPORT);
        assertThat(young.reason()).contains("others follow");
    }

    @Test
    void aLeaderWithoutWaitersIsToldOfWhenThePatienceIsOver() {
        Snapshots leader = Snapshots.lease().sessionBound();
        Diagnosis young =
                abandoned(leader.quietFor(PATIENCE.minusMillis(1)).snapshot(), Strength.SUSPICION, List.of(), false);
        assertThat(decide(young, AT_THE_USERS_SAY).action()).isEqualTo(Action.WAIT);
        assertThat(decide(young, AT_THE_USERS_SAY).lookAgain()).isEqualTo(Duration.ofMillis(200));
        Decision over = decide(
                abandoned(leader.quietFor(PATIENCE).snapshot(), Strength.SUSPICION, List.of(), false),
                AT_THE_USERS_SAY);
        assertThat(over.action()).isEqualTo(Action.REPORT);
        assertThat(over.reason()).contains("nobody waits for its rows");
    }

    /** Somebody may come to wait for a row, or its pool may run out. */
    @Test
    void aLeaderWhoseOwnerIsGoneForCertainIsLookedAtAgain() {
        assertThat(decide(certainBy(EvidenceKind.SCOPE_ENDED, List.of(advisoryWaiter())), DEFAULTS)
                        .lookAgain())
                .isEqualTo(Duration.ofSeconds(1));
    }

    private static Diagnosis certainBy(EvidenceKind kind, List<Waiter> waiters) {
        Diagnosis made = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters, false);
        return Diagnoses.of(made.kind())
                .lease(made.lease())
                .evidence(List.of(new Evidence(kind, Strength.CERTAIN, PATIENCE, "")))
                .backend(made.backend())
                .waiters(waiters)
                .made();
    }

    @Test
    void aScopeThatEndedIsNoProofAgainstALeader() {
        assertThat(decide(certainBy(EvidenceKind.SCOPE_ENDED, List.of(advisoryWaiter())), DEFAULTS)
                        .action())
                .isEqualTo(Action.REPORT);
        assertThat(decide(
                                certainBy(
                                        EvidenceKind.SCOPE_ENDED,
                                        List.of(advisoryWaiter(), waiters(LOGIN).get(0))),
                                DEFAULTS)
                        .action())
                .isEqualTo(Action.HEAL);
        assertThat(decide(certainBy(EvidenceKind.SCOPE_ENDED, List.of()), DEFAULTS)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    private static Diagnosis holdingAdvisoryLock(LeaseSnapshot lease, List<Waiter> waiters, boolean exhausted) {
        return abandoned(lease, Strength.SUSPICION, waiters, exhausted)
                .holding(List.of(new HeldLock("advisory", null, "ExclusiveLock", "0:1")));
    }

    /** Its followers poll, or it has none: what nobody waits for tells nothing of a leader. */
    @Test
    void aLeaderWithoutWaitersIsReportedHoweverItTookItsLock() {
        LeaseSnapshot seen = Snapshots.lease().sessionBound().quietFor(PATIENCE).snapshot();
        for (boolean exhausted : List.of(false, true)) {
            assertThat(decide(abandoned(seen, Strength.SUSPICION, List.of(), exhausted), AT_THE_USERS_SAY)
                            .action())
                    .isEqualTo(Action.REPORT);
            assertThat(decide(holdingAdvisoryLock(quiet(PATIENCE), List.of(), exhausted), AT_THE_USERS_SAY)
                            .action())
                    .isEqualTo(Action.REPORT);
            assertThat(decide(holdingAdvisoryLock(quiet(PATIENCE), waiters(LOGIN), exhausted), AT_THE_USERS_SAY)
                            .action())
                    .as("who waits for a row does not follow")
                    .isEqualTo(Action.HEAL);
        }
    }

    /** Nobody may hold it on purpose for as long as the session lives. */
    @Test
    void aLeaderWhoseConnectionIsCollectedIsHealedOnlyForItsPoolOrForWhoWaitsForARow() {
        LeaseSnapshot gone = Snapshots.lease()
                .sessionBound()
                .unreachable()
                .quietFor(PATIENCE)
                .snapshot();
        for (List<Waiter> followers : List.of(List.<Waiter>of(), List.of(advisoryWaiter()))) {
            assertThat(decide(abandoned(gone, Strength.CERTAIN, followers, false), DEFAULTS)
                            .action())
                    .isEqualTo(Action.REPORT);
            assertThat(decide(abandoned(gone, Strength.CERTAIN, followers, true), DEFAULTS)
                            .action())
                    .isEqualTo(Action.HEAL);
        }
        assertThat(decide(abandoned(gone, Strength.CERTAIN, waiters(LOGIN), false), DEFAULTS)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void aSlotIsNotReclaimedFromWhoHoldsAnAdvisoryLockThatNoStatementTold() {
        LeaseSnapshot idle =
                Snapshots.lease().withoutTransaction().quietFor(PATIENCE).snapshot();
        assertThat(decide(holdingAdvisoryLock(idle, List.of(), true), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.NOTHING);
    }

    @Test
    void anExtensionKeepsTimeLimitsAwayButNotProof() {
        LeaseSnapshot extended = Snapshots.lease().quietFor(PATIENCE).extended().snapshot();
        assertThat(decide(abandoned(extended, Strength.SUSPICION, waiters(LOGIN), false), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.WAIT);
        assertThat(decide(abandoned(extended, Strength.CERTAIN, waiters(LOGIN), false), DEFAULTS)
                        .action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void withoutATransactionOnlyTheSlotOfAnExhaustedPoolIsReclaimed() {
        Snapshots idle = Snapshots.lease().withoutTransaction().quietFor(PATIENCE);
        assertThat(decide(abandoned(idle.snapshot(), Strength.SUSPICION, List.of(), false), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.NOTHING);
        assertThat(decide(abandoned(idle.snapshot(), Strength.SUSPICION, List.of(), true), AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.HEAL);
        assertThat(decide(
                                abandoned(idle.sessionBound().snapshot(), Strength.SUSPICION, List.of(), true),
                                AT_THE_USERS_SAY)
                        .action())
                .isEqualTo(Action.NOTHING);
        assertThat(decide(
                                abandoned(
                                        Snapshots.lease().withoutTransaction().snapshot(),
                                        Strength.CERTAIN,
                                        List.of(),
                                        false),
                                DEFAULTS)
                        .action())
                .as("its owner is gone for certain")
                .isEqualTo(Action.HEAL);
    }

    @Test
    void aCommitInFlightIsWaitedFor() {
        Diagnosis committing = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(quiet(PATIENCE))
                .evidence(List.of(new Evidence(EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN, PATIENCE, "")))
                .backend(backend("active", true))
                .waiters(waiters(LOGIN))
                .untouchable("it is committing")
                .made();
        assertThat(decide(committing, DEFAULTS).action()).isEqualTo(Action.WAIT);
        assertThat(decide(committing, DEFAULTS).lookAgain()).isEqualTo(Duration.ofMillis(200));
    }

    // ---- stuck lock, the owner looks alive

    private static Diagnosis stuck(String state, Duration quiet, Duration waited, @Nullable TableName table) {
        return Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                .lease(quiet(quiet))
                .backend(backend(state, false))
                .waiters(List.of(waiter(table, "transactionid", waited)))
                .made();
    }

    @Test
    void aLiveOwnerIsNeverTouchedByDefault() {
        Duration year = Duration.ofDays(365);
        assertThat(decide(stuck("idle in transaction", year, year, LOGIN), DEFAULTS)
                        .action())
                .isEqualTo(Action.REPORT);
        assertThat(decide(stuck("active", year, year, LOGIN), DEFAULTS).action())
                .isEqualTo(Action.REPORT);
    }

    @Test
    void aTimeLimitOfTheUserIsKeptForIdleAndActiveBlockersApart() {
        Limits idle = limits(Duration.ofSeconds(5), Duration.ZERO);
        Duration five = Duration.ofSeconds(5);
        assertThat(decide(stuck("idle in transaction", five, five, LOGIN), idle).action())
                .isEqualTo(Action.HEAL);
        assertThat(decide(stuck("active", five, five, LOGIN), idle).action()).isEqualTo(Action.REPORT);
        Decision early = decide(stuck("idle in transaction", five, Duration.ofSeconds(3), LOGIN), idle);
        assertThat(early.action()).isEqualTo(Action.REPORT);
        assertThat(early.lookAgain()).isEqualTo(Duration.ofSeconds(2));
        assertThat(decide(stuck("idle in transaction", Duration.ofSeconds(1), five, LOGIN), idle)
                        .action())
                .as("the owner called a second ago")
                .isEqualTo(Action.REPORT);
    }

    private static Diagnosis with(Diagnosis made, LeaseSnapshot lease, Backend backend) {
        return Diagnoses.of(made.kind())
                .lease(lease)
                .backend(backend)
                .waiters(made.waiters())
                .untouchable(made.untouchable())
                .made();
    }

    /** What is said past our handles is no call that is seen here. */
    @Test
    void anOwnerThatIsIdleOnlyAsFarAsWeSeeIsNotIdle() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("idle in transaction", five, five, LOGIN);
        Diagnosis works = with(stuck, quiet(five), backend("idle in transaction", false, Duration.ofMillis(50)));
        assertThat(decide(stuck, limits(five, Duration.ZERO)).action()).isEqualTo(Action.HEAL);
        Decision decision = decide(works, limits(five, Duration.ZERO));
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.lookAgain()).isEqualTo(Duration.ofMillis(4950));
    }

    /** The process may have been paused all the while, and its statement with it. */
    @Test
    void theServersTimeCountsOnlyAsFarAsItWasSeenHere() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("active", five, five, LOGIN);
        LeaseSnapshot resumed = Snapshots.lease()
                .quietFor(five)
                .observedFor(Duration.ofSeconds(1))
                .snapshot();
        assertThat(decide(stuck, limits(Duration.ZERO, five)).action()).isEqualTo(Action.HEAL);
        assertThat(decide(with(stuck, resumed, stuck.backend()), limits(Duration.ZERO, five))
                        .action())
                .isEqualTo(Action.REPORT);
    }

    /** In a queue that moves all have waited for long, and for the most part for those before. */
    @Test
    void whoHasJustComeOutOfTheQueueIsNotHeldLiableForIt() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("active", five, five, LOGIN);
        Decision early = decide(stuck.inTheWayFor(Duration.ofSeconds(2)), limits(Duration.ZERO, five));
        assertThat(early.action()).isEqualTo(Action.REPORT);
        assertThat(early.lookAgain()).isEqualTo(Duration.ofSeconds(3));
        assertThat(decide(stuck.inTheWayFor(five), limits(Duration.ZERO, five)).action())
                .isEqualTo(Action.HEAL);
    }

    @Test
    void theShortestTimeIsThatOfAnyRuleAndNeverIsNone() {
        assertThat(DEFAULTS.shortest()).isEqualTo(GRACE);
        assertThat(limits(Duration.ZERO, Duration.ofMillis(300)).shortest()).isEqualTo(Duration.ofMillis(300));
        TableRule rule = new TableRule("t", Duration.ofMillis(200), null);
        assertThat(limits(Duration.ZERO, Duration.ZERO, rule).shortest()).isEqualTo(Duration.ofMillis(200));
    }

    @Test
    void theServersTimeCountsOnlyIfItTellsIt() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("idle in transaction", five, five, LOGIN);
        Decision decision =
                decide(with(stuck, quiet(five), backend("idle in transaction", false, null)), limits(five, five));
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.lookAgain()).isEqualTo(five);
    }

    /** Else a limit would end a session for what no transaction of it holds. */
    @Test
    void whoHasNoTransactionIsUnderNoLimit() {
        Duration five = Duration.ofSeconds(5);
        Decision decision = decide(stuck("idle", five, five, LOGIN), limits(five, five));
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.reason()).contains("belongs to its session");
        assertThat(decision.asking()).isEqualTo(Asking.NOT);
    }

    @Test
    void whoIsInNobodysWayOrCannotBeSeenIsUnderNoLimit() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("idle in transaction", five, five, LOGIN);
        Diagnosis inNobodysWay = Diagnoses.of(stuck.kind())
                .lease(stuck.lease())
                .backend(stuck.backend())
                .made();
        Diagnosis unseen = Diagnoses.of(stuck.kind())
                .lease(stuck.lease())
                .waiters(stuck.waiters())
                .made();
        Diagnosis notOurs = Diagnoses.of(stuck.kind())
                .backend(stuck.backend())
                .waiters(stuck.waiters())
                .made();
        for (Diagnosis diagnosis : List.of(inNobodysWay, unseen, notOurs)) {
            assertThat(decide(diagnosis, limits(five, five)).action()).isEqualTo(Action.NOTHING);
            assertThat(due(diagnosis, limits(five, five))).isEmpty();
        }
    }

    @Test
    void whatMustNotBeTouchedIsUnderNoLimit() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("active", five, five, LOGIN);
        Diagnosis committing = Diagnoses.of(stuck.kind())
                .lease(stuck.lease())
                .backend(backend("active", true))
                .waiters(stuck.waiters())
                .untouchable("it is committing")
                .made();
        Decision decision = decide(committing, limits(five, five));
        assertThat(decision.action()).isEqualTo(Action.REPORT);
        assertThat(decision.reason()).contains("it is committing");
        assertThat(due(committing, limits(five, five))).isEmpty();
    }

    @Test
    void theLimitThatIsNotSetIsNamed() {
        Duration five = Duration.ofSeconds(5);
        assertThat(decide(stuck("idle in transaction", five, five, LOGIN), DEFAULTS)
                        .reason())
                .contains("lock-wait.idle-blocker-timeout");
        assertThat(decide(stuck("active", five, five, LOGIN), DEFAULTS).reason())
                .contains("lock-wait.active-blocker-timeout");
    }

    @Test
    void anExtensionKeepsTheUsersOwnLimitAwayToo() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("idle in transaction", five, five, LOGIN);
        Diagnosis extended = Diagnoses.of(stuck.kind())
                .lease(Snapshots.lease().quietFor(five).extended().snapshot())
                .backend(stuck.backend())
                .waiters(stuck.waiters())
                .made();
        assertThat(decide(stuck, limits(five, Duration.ZERO)).action()).isEqualTo(Action.HEAL);
        assertThat(decide(extended, limits(five, Duration.ZERO)).action()).isEqualTo(Action.REPORT);
    }

    @Test
    void onlyWhoIsAliveNeedsTheUsersSay() {
        assertThat(DiagnosisKind.values())
                .filteredOn(Decider::needsTheUsersSay)
                .containsExactlyInAnyOrder(DiagnosisKind.STUCK_LOCK, DiagnosisKind.FOREIGN_BLOCKER);
    }

    @Test
    void aTableRuleTightensAndLoosens() {
        TableRule tight = new TableRule("user_login_info", Duration.ofSeconds(2), null);
        Limits tightened = limits(Duration.ZERO, Duration.ZERO, tight);
        Duration two = Duration.ofSeconds(2);
        assertThat(decide(stuck("idle in transaction", two, two, LOGIN), tightened)
                        .action())
                .isEqualTo(Action.HEAL);
        assertThat(decide(stuck("idle in transaction", two, two, new TableName("public", "orders")), tightened)
                        .action())
                .isEqualTo(Action.REPORT);

        TableRule never = new TableRule("audit.*", Duration.ZERO, null);
        Limits loosened = limits(two, Duration.ZERO, never);
        assertThat(decide(stuck("idle in transaction", two, two, new TableName("audit", "log")), loosened)
                        .action())
                .isEqualTo(Action.REPORT);
    }

    @Test
    void theMostCarefulOfTheRulesThatApplyWinsAndAnUnknownTableTakesTheGlobalOne() {
        TableRule tight = new TableRule("user_login_info", Duration.ofSeconds(2), null);
        TableRule loose = new TableRule("user_*", Duration.ofSeconds(9), null);
        Limits both = limits(Duration.ofSeconds(30), Duration.ZERO, tight, loose);
        assertThat(both.idleBlockerTimeout(Set.of(LOGIN), false)).isEqualTo(Duration.ofSeconds(9));
        assertThat(limits(Duration.ofSeconds(30), Duration.ZERO, loose, tight).idleBlockerTimeout(Set.of(LOGIN), false))
                .as("whichever comes first")
                .isEqualTo(Duration.ofSeconds(9));
        assertThat(both.idleBlockerTimeout(Set.of(LOGIN), true)).isEqualTo(Duration.ofSeconds(30));
        assertThat(both.idleBlockerTimeout(Set.of(LOGIN, new TableName("public", "orders")), false))
                .isEqualTo(Duration.ofSeconds(30));
        Limits never = limits(Duration.ZERO, Duration.ZERO, tight);
        assertThat(never.idleBlockerTimeout(Set.of(), true)).isEqualTo(Duration.ZERO);
        assertThat(never.idleBlockerTimeout(Set.of(LOGIN, new TableName("public", "orders")), false))
                .isEqualTo(Duration.ZERO);
        TableRule always = new TableRule("user_*", Duration.ZERO, null);
        for (List<TableRule> rules : List.of(List.of(always, tight), List.of(tight, always))) {
            assertThat(limits(Duration.ofSeconds(30), Duration.ZERO, rules.toArray(TableRule[]::new))
                            .idleBlockerTimeout(Set.of(LOGIN), false))
                    .as("never is longer than any, whichever comes first")
                    .isEqualTo(Duration.ZERO);
        }
        assertThat(both.idleBlockerTimeout(Set.of(), false))
                .as("only advisory locks are waited for")
                .isEqualTo(Duration.ofSeconds(30));
    }

    /** Whose table is not known may wait for one that is to be kept for long. */
    @Test
    void whoWaitsForAnUnknownTableIsUnderTheGlobalLimitToo() {
        Duration five = Duration.ofSeconds(5);
        Limits limits =
                limits(Duration.ofSeconds(30), Duration.ofSeconds(30), new TableRule("user_login_info", five, five));
        for (String state : List.of("idle in transaction", "active")) {
            Diagnosis known = stuck(state, five, five, LOGIN);
            assertThat(decide(known, limits).action()).isEqualTo(Action.HEAL);
            Diagnosis unknown = Diagnoses.of(known.kind())
                    .lease(known.lease())
                    .backend(known.backend())
                    .waiters(List.of(known.waiters().get(0), waiter(null, "transactionid", five)))
                    .made();
            assertThat(decide(unknown, limits).action()).isEqualTo(Action.REPORT);
            Diagnosis advisory = Diagnoses.of(known.kind())
                    .lease(known.lease())
                    .backend(known.backend())
                    .waiters(List.of(known.waiters().get(0), waiter(null, "advisory", five)))
                    .made();
            assertThat(decide(advisory, limits).action())
                    .as("an advisory lock is of no table")
                    .isEqualTo(Action.HEAL);
        }
    }

    @Test
    void aPartitionCountsAsItsParent() {
        TableRule rule = new TableRule("events", Duration.ofSeconds(2), null);
        TableName partition = new TableName("public", "events_2026_11", new TableName("public", "events"));
        assertThat(rule.appliesTo(partition)).isTrue();
        assertThat(new TableRule("events_2026_*", null, null).appliesTo(partition))
                .as("and as itself")
                .isTrue();
        assertThat(new TableRule("orders", null, null).appliesTo(partition)).isFalse();
    }

    // ---- the rest

    @Test
    void anOrphanIsEndedAndAForeignerReported() {
        Diagnosis orphan = Diagnoses.of(DiagnosisKind.ORPHANED_BACKEND)
                .backend(backend("active", false))
                .made();
        assertThat(decide(orphan, DEFAULTS).action()).isEqualTo(Action.HEAL);
        Diagnosis foreign = Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER)
                .backend(backend("idle in transaction", false))
                .waiters(waiters(LOGIN))
                .made();
        assertThat(decide(foreign, limits(GRACE, GRACE)).action()).isEqualTo(Action.REPORT);
        assertThat(decide(foreign, DEFAULTS).reason()).endsWith("reported, never touched");
        Diagnosis prepared = Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER)
                .waiters(waiters(LOGIN))
                .untouchable("it is a prepared transaction")
                .made();
        assertThat(decide(prepared, DEFAULTS).reason())
                .endsWith("reported, never touched; it is a prepared transaction");
        Diagnosis inNobodysWay = Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER)
                .backend(foreign.backend())
                .made();
        assertThat(decide(inNobodysWay, DEFAULTS).action()).isEqualTo(Action.NOTHING);
    }

    @Test
    void anOrphanThatMustNotBeTouchedIsReported() {
        Diagnosis hidden = Diagnoses.of(DiagnosisKind.ORPHANED_BACKEND)
                .backend(backend("active", true))
                .untouchable("it is committing")
                .made();
        assertThat(decide(hidden, DEFAULTS).action()).isEqualTo(Action.REPORT);
        assertThat(decide(hidden, DEFAULTS).reason()).isEqualTo("not touched: it is committing");
    }

    /** A transaction manager ends it, or else it is a pool's fault: both are none of ours to end. */
    @Test
    void aTransactionThatOutlivesItsCloseIsReportedWhileItIsOpen() {
        Diagnoses closed = Diagnoses.of(DiagnosisKind.OPEN_AFTER_CLOSE)
                .lease(Snapshots.lease().closed().snapshot())
                .waiters(waiters(LOGIN));
        for (String open : List.of("idle in transaction", "idle in transaction (aborted)", "active")) {
            Decision decision = decide(closed.backend(backend(open, false)).made(), limits(GRACE, GRACE));
            assertThat(decision.action()).as(open).isEqualTo(Action.REPORT);
        }
        assertThat(decide(closed.backend(backend("idle", false)).made(), DEFAULTS)
                        .action())
                .as("it is over")
                .isEqualTo(Action.NOTHING);
    }

    @Test
    void aTransactionThatOutlivesItsCloseIsReportedAlsoWhereNobodyKnowsItsBackend() {
        Diagnosis unknown = Diagnoses.of(DiagnosisKind.OPEN_AFTER_CLOSE)
                .lease(Snapshots.lease().closed().snapshot())
                .made();
        assertThat(decide(unknown, DEFAULTS).action()).isEqualTo(Action.REPORT);
        Diagnosis notSeen = new Diagnosis(
                DiagnosisKind.OPEN_AFTER_CLOSE,
                unknown.lease(),
                List.of(),
                new BackendId(7, "2026-11-23T00:00:00Z"),
                null,
                List.of(),
                List.of(),
                false,
                null);
        assertThat(decide(notSeen, DEFAULTS).action())
                .as("known, and not among those that are there")
                .isEqualTo(Action.NOTHING);
    }

    @Test
    void onlyAHealIsKeptBackByTheModeOrByASpareRule() {
        Diagnosis foreign = Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER)
                .backend(backend("idle in transaction", false))
                .waiters(waiters(LOGIN))
                .made();
        SpareRules user = new SpareRules(Set.of("app"), Set.of(), Set.of(), Set.of());
        for (HealingMode mode : List.of(HealingMode.OBSERVE, HealingMode.HEAL)) {
            assertThat(Decider.decide(foreign, DEFAULTS, user, mode).action()).isEqualTo(Action.REPORT);
        }
        Diagnosis certain = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(LOGIN), false);
        Decision observed = Decider.decide(certain, DEFAULTS, SpareRules.NONE, HealingMode.OBSERVE);
        assertThat(observed.action()).isEqualTo(Action.WOULD_HEAL);
        assertThat(observed.reason()).endsWith("not done: pgheal.mode is observe");
    }

    // ---- an operator's own act

    private static Decision act(Diagnosis diagnosis, boolean cancelOnly) {
        return Decider.operatorsAct(diagnosis, SpareRules.NONE, cancelOnly, "ops");
    }

    private static Diagnoses chosen() {
        return Diagnoses.of(DiagnosisKind.OPERATORS_CHOICE);
    }

    @Test
    void anOperatorEndsWhateverMayBeTouched() {
        Diagnosis chosen =
                chosen().backend(backend("idle in transaction", false)).made();
        Decision decision = act(chosen, false);
        assertThat(decision.action()).isEqualTo(Action.HEAL);
        assertThat(decision.operator()).isEqualTo("ops");
        assertThat(decision.evidenceBased()).as("no later call refutes it").isFalse();
        assertThat(decision.certain()).isFalse();
        assertThat(decide(chosen, limits(GRACE, GRACE)).action())
                .as("without the operator")
                .isEqualTo(Action.NOTHING);
    }

    @Test
    void anOperatorDoesNotEndWhatIsNotSeenOrMustNotBeTouched() {
        Decision unseen = act(chosen().made(), false);
        assertThat(unseen.action()).isEqualTo(Action.REPORT);
        assertThat(unseen.reason()).contains("could not be seen");
        assertThat(unseen.operator()).isEqualTo("ops");
        Diagnosis committing = chosen().backend(backend("active", true))
                .untouchable("it is committing")
                .made();
        for (boolean cancelOnly : List.of(false, true)) {
            assertThat(act(committing, cancelOnly).action()).isEqualTo(Action.REPORT);
            assertThat(act(committing, cancelOnly).reason()).endsWith("not touched: it is committing");
        }
    }

    @Test
    void anOperatorDoesNotEndWhomTheUserSpared() {
        SpareRules user = new SpareRules(Set.of("app"), Set.of(), Set.of(), Set.of());
        for (String state : List.of("active", "idle")) {
            Diagnosis spared = chosen().backend(backend(state, false)).made();
            Decision decision = Decider.operatorsAct(spared, user, true, "ops");
            assertThat(decision.action()).isEqualTo(Action.REPORT);
            assertThat(decision.reason()).contains("pgheal.spare.users has app");
        }
    }

    @Test
    void onlyAStatementThatRunsIsCancelled() {
        Diagnosis active = chosen().backend(backend("active", false)).made();
        assertThat(act(active, true).action()).isEqualTo(Action.HEAL);
        Diagnosis idle = chosen().backend(backend("idle in transaction", false)).made();
        assertThat(act(idle, true).action()).isEqualTo(Action.REPORT);
        assertThat(act(idle, true).reason()).contains("nothing that could be cancelled");
        assertThat(act(idle, false).action()).isEqualTo(Action.HEAL);
    }

    @Test
    void aSparedTableSparesItsPartitions() {
        TableName partition = new TableName("public", "events_1", new TableName("public", "events"));
        Diagnosis certain = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(partition), false);
        for (String name : List.of("events", "public.events", "events_1")) {
            SpareRules spare = new SpareRules(Set.of(), Set.of(), Set.of(), Set.of(name));
            assertThat(Decider.decide(certain, DEFAULTS, spare, HealingMode.HEAL)
                            .action())
                    .isEqualTo(Action.WOULD_HEAL);
        }
    }

    @Test
    void spareRulesHaveTheLastWordAndCountAsMetWhereTheyCannotBeChecked() {
        Diagnosis certain = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(LOGIN), false);
        SpareRules user = new SpareRules(Set.of("app"), Set.of(), Set.of(), Set.of());
        assertThat(Decider.decide(certain, DEFAULTS, user, HealingMode.HEAL).action())
                .isEqualTo(Action.WOULD_HEAL);
        Diagnosis blind = Diagnoses.of(certain.kind())
                .lease(certain.lease())
                .evidence(certain.evidence())
                .untouchable("blind")
                .made();
        assertThat(Decider.decide(blind, DEFAULTS, user, HealingMode.HEAL).action())
                .isEqualTo(Action.WOULD_HEAL);
        SpareRules table = new SpareRules(Set.of(), Set.of(), Set.of(), Set.of("user_login_info"));
        assertThat(Decider.decide(certain, DEFAULTS, table, HealingMode.HEAL).action())
                .isEqualTo(Action.WOULD_HEAL);
    }

    @Test
    void eachKindOfSpareRuleIsNamedAndOnlyWhatItNamesIsSpared() {
        Diagnosis certain = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(new TableName("audit", "log")), false);
        assertThat(spare(Set.of("app"), Set.of(), Set.of(), Set.of()).spares(certain))
                .contains("pgheal.spare.users has app");
        assertThat(spare(Set.of(), Set.of("test"), Set.of(), Set.of()).spares(certain))
                .contains("pgheal.spare.application-names has test");
        assertThat(spare(Set.of(), Set.of(), Set.of("shop"), Set.of()).spares(certain))
                .contains("pgheal.spare.databases has shop");
        assertThat(spare(Set.of(), Set.of(), Set.of(), Set.of("audit.log")).spares(certain))
                .contains("pgheal.spare.tables has audit.log");
        assertThat(spare(Set.of("shop"), Set.of("app"), Set.of("test"), Set.of("log"))
                        .spares(certain))
                .isEmpty();
    }

    private static SpareRules spare(
            Set<String> users, Set<String> applicationNames, Set<String> databases, Set<String> tables) {
        return new SpareRules(users, applicationNames, databases, tables);
    }

    /** Of a backend that is not seen nobody knows any of it. */
    @Test
    void anyRuleThatOnlyTheServerCanTellAboutCountsAsMetWhereItIsNotAsked() {
        Diagnosis blind = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(quiet(PATIENCE))
                .made();
        Set<String> one = Set.of("one");
        for (SpareRules rules : List.of(
                spare(one, Set.of(), Set.of(), Set.of()),
                spare(Set.of(), one, Set.of(), Set.of()),
                spare(Set.of(), Set.of(), one, Set.of()),
                spare(Set.of(), Set.of(), Set.of(), one))) {
            assertThat(rules.spares(blind)).isPresent();
            assertThat(Decider.spared(blind, rules)).isEqualTo(rules.spares(blind));
        }
        assertThat(SpareRules.NONE.spares(blind)).isEmpty();
    }

    /** A process of the server has neither a user nor a database. */
    @Test
    void whoHasNoNameIsNotNamedByARule() {
        Backend process = new Backend(
                7,
                null,
                null,
                null,
                "walwriter",
                new Backend.WaitEvent(null, null),
                new Backend.Client(null, null, null, null, null),
                null,
                new Backend.Ages(null, null, null),
                null,
                false);
        assertThat(spare(Set.of("app"), Set.of("test"), Set.of("shop"), Set.of())
                        .spares(chosen().backend(process).made()))
                .isEmpty();
    }

    @Test
    void aPartitionIsNotSparedForAnothersName() {
        TableName partition = new TableName("public", "events_1", new TableName("public", "events"));
        Diagnosis certain = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(partition), false);
        assertThat(spare(Set.of(), Set.of(), Set.of(), Set.of("events_2")).spares(certain))
                .isEmpty();
    }

    /** Of so many locks not all are asked for: the table to be spared may be among the others. */
    @Test
    void whoHoldsMoreThanIsAskedForIsSparedByAnyRuleAboutTables() {
        SpareRules table = new SpareRules(Set.of(), Set.of(), Set.of(), Set.of("ledger"));
        Diagnosis certain = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(LOGIN), false);
        for (int held : List.of(BackendStory.MOST_LOCKS - 1, BackendStory.MOST_LOCKS)) {
            Diagnosis many = certain.holding(
                    Collections.nCopies(held, new HeldLock("relation", LOGIN, "RowExclusiveLock", null)));
            boolean all = held < BackendStory.MOST_LOCKS;
            assertThat(Decider.decide(many, DEFAULTS, table, HealingMode.HEAL).action())
                    .isEqualTo(all ? Action.HEAL : Action.WOULD_HEAL);
            assertThat(Decider.decide(many, DEFAULTS, SpareRules.NONE, HealingMode.HEAL)
                            .action())
                    .isEqualTo(Action.HEAL);
        }
    }

    @Test
    void aTransactionThatRanATaggedStatementIsSpared() {
        SpareRules tags = SpareRules.NONE.withStatementTags(Set.of("nightly-import"));
        LeaseSnapshot tagged =
                Snapshots.lease().quietFor(PATIENCE).tagged("nightly-import").snapshot();
        LeaseSnapshot other =
                Snapshots.lease().quietFor(PATIENCE).tagged("report").snapshot();
        Decision decision = Decider.decide(
                abandoned(tagged, Strength.CERTAIN, waiters(LOGIN), true), DEFAULTS, tags, HealingMode.HEAL);
        assertThat(decision.action()).isEqualTo(Action.WOULD_HEAL);
        assertThat(decision.reason()).contains("pgheal.spare.statement-tags has nightly-import");
        for (LeaseSnapshot lease : List.of(other, quiet(PATIENCE))) {
            assertThat(Decider.decide(
                                    abandoned(lease, Strength.CERTAIN, waiters(LOGIN), true),
                                    DEFAULTS,
                                    tags,
                                    HealingMode.HEAL)
                            .action())
                    .isEqualTo(Action.HEAL);
        }
    }

    /** Tags are ours to know: where the server is not asked, they are no reason to leave everybody alone. */
    @Test
    void aTagRuleIsCheckedWithoutTheServer() {
        SpareRules tags = SpareRules.NONE.withStatementTags(Set.of("nightly-import"));
        Diagnosis seen = abandoned(quiet(PATIENCE), Strength.CERTAIN, waiters(LOGIN), false);
        Diagnosis blind = Diagnoses.of(seen.kind())
                .lease(seen.lease())
                .evidence(seen.evidence())
                .untouchable("blind")
                .made();
        assertThat(Decider.decide(blind, DEFAULTS, tags, HealingMode.HEAL).action())
                .isEqualTo(Action.HEAL);
    }

    // ---- what a waiter is told of what is to come

    private static Optional<Duration> due(Diagnosis diagnosis, Limits limits) {
        return Decider.due(diagnosis, limits, SpareRules.NONE, HealingMode.HEAL);
    }

    @Test
    void anAbandonedCulpritIsDueWhenItsGraceIsOver() {
        Diagnosis young = abandoned(quiet(Duration.ofMillis(500)), Strength.SUSPICION, waiters(LOGIN), false);
        assertThat(due(young, AT_THE_USERS_SAY)).contains(Duration.ofMillis(1500));
        assertThat(due(abandoned(quiet(PATIENCE), Strength.SUSPICION, waiters(LOGIN), false), AT_THE_USERS_SAY))
                .contains(Duration.ZERO);
        assertThat(due(abandoned(quiet(Duration.ZERO), Strength.CERTAIN, waiters(LOGIN), false), DEFAULTS))
                .contains(Duration.ZERO);
        Diagnosis committing = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(quiet(PATIENCE))
                .evidence(young.evidence())
                .backend(backend("active", true))
                .waiters(waiters(LOGIN))
                .made();
        assertThat(due(
                        committing,
                        new Limits(
                                Duration.ofMillis(100),
                                PATIENCE,
                                Duration.ZERO,
                                Duration.ZERO,
                                List.of(),
                                Retained.HEAL)))
                .as("its grace is over, and it commits")
                .contains(Duration.ZERO);
    }

    @Test
    void aLiveCulpritIsDueWhenItsLimitIsOver() {
        Duration five = Duration.ofSeconds(5);
        Diagnosis stuck = stuck("idle in transaction", five, Duration.ofSeconds(3), LOGIN);
        assertThat(due(stuck, limits(five, Duration.ZERO))).contains(Duration.ofSeconds(2));
        assertThat(due(stuck, limits(Duration.ofSeconds(3), Duration.ZERO))).contains(Duration.ZERO);
        assertThat(due(stuck, DEFAULTS)).as("there is no limit").isEmpty();
    }

    @Test
    void anOrphanIsDueAtOnceUnlessItMustNotBeTouched() {
        Diagnoses orphan = Diagnoses.of(DiagnosisKind.ORPHANED_BACKEND).backend(backend("active", false));
        assertThat(due(orphan.made(), DEFAULTS)).contains(Duration.ZERO);
        assertThat(due(orphan.untouchable("it is committing").made(), DEFAULTS)).isEmpty();
    }

    @Test
    void whoIsNotToBeHealedIsNotDue() {
        Diagnosis young = abandoned(quiet(Duration.ZERO), Strength.SUSPICION, waiters(LOGIN), false);
        assertThat(Decider.due(young, AT_THE_USERS_SAY, SpareRules.NONE, HealingMode.OBSERVE))
                .isEmpty();
        SpareRules user = new SpareRules(Set.of("app"), Set.of(), Set.of(), Set.of());
        assertThat(Decider.due(young, AT_THE_USERS_SAY, user, HealingMode.HEAL)).isEmpty();
        assertThat(due(young, DEFAULTS)).as("nobody knows yet").isEmpty();
        assertThat(due(
                        abandoned(quiet(Duration.ZERO), Strength.SUSPICION, List.of(advisoryWaiter()), false),
                        AT_THE_USERS_SAY))
                .isEmpty();
        LeaseSnapshot extended = Snapshots.lease().extended().snapshot();
        assertThat(due(abandoned(extended, Strength.SUSPICION, waiters(LOGIN), false), AT_THE_USERS_SAY))
                .isEmpty();
        LeaseSnapshot enlisted = Snapshots.lease().enlisted().snapshot();
        assertThat(due(abandoned(enlisted, Strength.SUSPICION, waiters(LOGIN), false), AT_THE_USERS_SAY))
                .as("its transaction manager ends it")
                .isEmpty();
        LeaseSnapshot leader = Snapshots.lease().sessionBound().snapshot();
        assertThat(due(abandoned(leader, Strength.SUSPICION, List.of(), false), AT_THE_USERS_SAY))
                .as("it may lead")
                .isEmpty();
        LeaseSnapshot kept = Snapshots.lease().withoutTransaction().snapshot();
        assertThat(due(abandoned(kept, Strength.SUSPICION, List.of(), false), AT_THE_USERS_SAY))
                .as("no transaction is open")
                .isEmpty();
        for (DiagnosisKind kind : List.of(
                DiagnosisKind.FOREIGN_BLOCKER, DiagnosisKind.OPEN_AFTER_CLOSE, DiagnosisKind.OPERATORS_CHOICE)) {
            assertThat(due(
                            Diagnoses.of(kind)
                                    .backend(backend("active", false))
                                    .waiters(waiters(LOGIN))
                                    .made(),
                            AT_THE_USERS_SAY))
                    .isEmpty();
        }
    }

    @Test
    void aHolderThatWasNotSeenIsReported() {
        Diagnosis unseen = Diagnoses.of(DiagnosisKind.HOLDER_NOT_SEEN)
                .waiters(waiters(LOGIN))
                .made();
        assertThat(decide(unseen, limits(GRACE, GRACE)).action()).isEqualTo(Action.REPORT);
        assertThat(due(unseen, limits(GRACE, GRACE))).isEmpty();
    }

    /** Whatever the diagnosis: only HEAL mode heals, and what is spared or untouchable and alive is never healed. */
    @Test
    void noPathLeadsToARemedyThatIsForbidden() {
        Random random = new Random(20261123);
        SpareRules everybody = new SpareRules(Set.of("app"), Set.of(), Set.of(), Set.of());
        for (int i = 0; i < 20_000; i++) {
            Diagnosis any = anyDiagnosis(random);
            Limits limits = limits(Duration.ofMillis(random.nextInt(3)), Duration.ofMillis(random.nextInt(3)));
            assertThat(Decider.decide(any, limits, SpareRules.NONE, HealingMode.OBSERVE)
                            .action())
                    .isNotEqualTo(Action.HEAL);
            assertThat(Decider.decide(any, limits, everybody, HealingMode.HEAL).action())
                    .isNotEqualTo(Action.HEAL);
            Decision decision = Decider.decide(any, limits, SpareRules.NONE, HealingMode.HEAL);
            if (any.kind() == DiagnosisKind.FOREIGN_BLOCKER
                    || (any.untouchable() != null && any.kind() != DiagnosisKind.ABANDONED_TRANSACTION)) {
                assertThat(decision.action()).isNotEqualTo(Action.HEAL);
            }
        }
    }

    private static Diagnosis anyDiagnosis(Random random) {
        List<Waiter> waiters = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            waiters.add(random.nextBoolean() ? advisoryWaiter() : waiter(LOGIN, "tuple", Duration.ofSeconds(60)));
        }
        Duration quiet = Duration.ofMillis(random.nextInt(30_000));
        Snapshots lease = Snapshots.lease().quietFor(quiet);
        if (random.nextInt(4) == 0) {
            lease.extended();
        }
        if (random.nextInt(4) == 0) {
            lease.withoutTransaction();
        }
        Strength strength = Strength.values()[random.nextInt(Strength.values().length)];
        boolean committing = random.nextInt(5) == 0;
        return Diagnoses.of(DiagnosisKind.values()[random.nextInt(DiagnosisKind.values().length)])
                .lease(lease.snapshot())
                .evidence(List.of(new Evidence(EvidenceKind.OWNER_ENDED, strength, quiet, "")))
                .backend(backend(random.nextBoolean() ? "active" : "idle in transaction", committing))
                .waiters(waiters)
                .poolExhausted(random.nextBoolean())
                .untouchable(committing ? "it is committing" : null)
                .made();
    }

    // ---- values

    private static List<Waiter> waiters(TableName table) {
        return List.of(waiter(table, "transactionid", Duration.ofSeconds(1)));
    }

    private static Waiter advisoryWaiter() {
        return waiter(null, "advisory", Duration.ofSeconds(1));
    }

    private static Waiter waiter(@Nullable TableName table, String lockType, Duration waited) {
        return new Waiter(backend("active", false), lockType, table, "ShareLock", Set.of(7), waited, null);
    }

    private static Backend backend(String state, boolean committing) {
        return backend(state, committing, Duration.ofDays(400));
    }

    private static Backend backend(String state, boolean committing, @Nullable Duration inState) {
        BackendId id = new BackendId(7, "2026-11-23T00:00:00Z");
        return new Backend(
                7,
                id,
                new TransactionRef(id, "2026-11-23T00:00:01Z", "2026-11-23T00:00:02Z", state),
                null,
                "client backend",
                new Backend.WaitEvent(null, null),
                new Backend.Client("shop", "app", "test", null, null),
                null,
                new Backend.Ages(inState, inState, inState),
                "UPDATE t SET n = ?",
                committing);
    }
}
