package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.HealingConfig;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decider;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.Lease;
import io.pgheal.track.Snapshots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ToldStoriesTest {
    private static final Decision REPORT = new Decision(Action.REPORT, "test", false, false, Duration.ZERO);
    private static final Decision WOULD = new Decision(Action.WOULD_HEAL, "test", false, false, Duration.ZERO);

    private final ToldStories told = new ToldStories();
    private final AtomicInteger tellings = new AtomicInteger();

    private static Diagnosis of(int pid) {
        Backend hidden = new Backend(
                pid,
                null,
                null,
                null,
                null,
                new Backend.WaitEvent(null, null),
                new Backend.Client(null, null, null, null, null),
                null,
                new Backend.Ages(null, null, null),
                null,
                false);
        return Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER).backend(hidden).made();
    }

    private void tell(int pid, Decision decision) {
        told.once(of(pid), decision, () -> "id", id -> tellings.incrementAndGet());
    }

    @Test
    void theSameStoryIsToldOnceAndAnotherDecisionIsAnotherStory() {
        tell(1, REPORT);
        tell(1, REPORT);
        assertThat(tellings).hasValue(1);
        tell(1, WOULD);
        tell(2, REPORT);
        assertThat(tellings).hasValue(3);
        assertThat(told.knows(of(2))).isTrue();
    }

    @Test
    void aThousandAreRemembered() {
        for (int pid = 1; pid <= 1001; pid++) {
            tell(pid, REPORT);
        }
        assertThat(told.knows(of(1))).isFalse();
        assertThat(told.knows(of(2))).isTrue();
        assertThat(told.knows(of(1001))).isTrue();
    }

    private static final BackendId BATCH = new BackendId(7, "2026-11-23T00:00:00Z");
    private static final Lease LEASE = Snapshots.leaseOn(BATCH);

    private void tell(DiagnosisKind kind, int call, String xactStart, List<Waiter> waiters) {
        Diagnosis diagnosis = Diagnoses.of(kind)
                .lease(Snapshots.lease().of(LEASE).calls(call).snapshot())
                .backend(backend(BATCH, xactStart, call))
                .waiters(waiters)
                .made();
        told.once(diagnosis, REPORT, () -> "id", id -> tellings.incrementAndGet());
    }

    private static Backend backend(BackendId id, String xactStart, int call) {
        return new Backend(
                id.pid(),
                id,
                new TransactionRef(id, xactStart, "2026-11-23T00:00:0" + call + "Z", "idle in transaction"),
                null,
                "client backend",
                new Backend.WaitEvent(null, null),
                new Backend.Client("test", "app", "test", null, null),
                null,
                new Backend.Ages(null, null, null),
                null,
                false);
    }

    private static Waiter waiter(String lockType) {
        return waiter(lockType, Duration.ofSeconds(1));
    }

    private static Waiter waiter(String lockType, Duration waited) {
        Backend session = backend(new BackendId(8, "2026-11-23T00:00:00Z"), "2026-11-23T00:00:05Z", 6);
        return new Waiter(session, lockType, null, "ShareLock", Set.of(7), waited, null);
    }

    @Test
    void aLiveOwnersStoryIsOneAsLongAsItsTransactionLastsHoweverOftenItCalls() {
        List<Waiter> waiters = List.of(waiter("transactionid"));
        for (int call = 1; call <= 9; call++) {
            tell(DiagnosisKind.STUCK_LOCK, call, "first", waiters);
        }
        assertThat(tellings).hasValue(1);
        tell(DiagnosisKind.STUCK_LOCK, 9, "second", waiters);
        assertThat(tellings).hasValue(2);
    }

    /** It does its work in one transaction after the other, and its followers wait all the time. */
    @Test
    void aLeadersStoryIsOneAsLongAsItsLease() {
        for (int call = 1; call <= 9; call++) {
            tell(DiagnosisKind.STUCK_LOCK, call, "transaction " + call, List.of(waiter("advisory")));
        }
        assertThat(tellings).hasValue(1);
    }

    /** With each call the suspicion is another one. */
    @Test
    void aSuspectedLeasesStoryEndsWithItsNextCall() {
        tell(DiagnosisKind.ABANDONED_TRANSACTION, 1, "first", List.of());
        tell(DiagnosisKind.ABANDONED_TRANSACTION, 1, "first", List.of());
        assertThat(tellings).hasValue(1);
        tell(DiagnosisKind.ABANDONED_TRANSACTION, 2, "first", List.of());
        assertThat(tellings).hasValue(2);
    }

    /** A server that was busy answers later: then its side is told, too, and never unsaid. */
    @Test
    void whatTheServerCouldNotBeAskedIsToldOnceItAnswers() {
        Diagnosis blind = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(Snapshots.lease().of(LEASE).calls(1).snapshot())
                .made();
        AtomicInteger ids = new AtomicInteger();
        List<String> incidents = new ArrayList<>();
        Runnable tellBlind =
                () -> told.once(blind, REPORT, () -> "id" + ids.incrementAndGet(), id -> incidents.add("blind " + id));
        tellBlind.run();
        tellBlind.run();
        assertThat(incidents).containsExactly("blind id1");
        tell(DiagnosisKind.ABANDONED_TRANSACTION, 1, "first", List.of());
        assertThat(tellings).hasValue(1);
        assertThat(told.incidentOf(blind)).isEqualTo("id1");
        tell(DiagnosisKind.ABANDONED_TRANSACTION, 1, "first", List.of(waiter("transactionid")));
        assertThat(tellings).as("somebody has come to wait").hasValue(2);
        tell(DiagnosisKind.ABANDONED_TRANSACTION, 1, "first", List.of());
        assertThat(tellings).hasValue(2);
        tellBlind.run();
        assertThat(incidents).hasSize(1);
    }

    /** Somebody waits for an idle owner; that it is lost turns out later. */
    @Test
    void aLiveOwnerThatTurnsOutToBeLostIsTheSameStory() {
        Diagnosis alive = of(DiagnosisKind.STUCK_LOCK, 1);
        Diagnosis lost = of(DiagnosisKind.ABANDONED_TRANSACTION, 1);
        assertThat(told.once(alive, REPORT, () -> "first", id -> tellings.incrementAndGet()))
                .isEqualTo("first");
        assertThat(told.once(lost, REPORT, () -> "second", id -> tellings.incrementAndGet()))
                .isEqualTo("first");
        assertThat(tellings).hasValue(2);
        assertThat(told.idOf(lost)).hasValue("first");
        assertThat(told.idOf(alive)).isEmpty();
        told.ended(lost);
        assertThat(told.idOf(lost)).isEmpty();

        told.once(alive, REPORT, () -> "third", id -> tellings.incrementAndGet());
        assertThat(told.idOf(lost)).hasValue("third");
    }

    /** A heal waits for the server's answer only for a moment. */
    @Test
    void itIsTheSameStoryAlsoIfTheServerDoesNotAnswerInTime() {
        told.once(of(DiagnosisKind.STUCK_LOCK, 1), REPORT, () -> "first", id -> tellings.incrementAndGet());
        Diagnosis lost = unanswered(1);
        assertThat(told.idOf(lost)).hasValue("first");
        assertThat(told.idOf(unanswered(2)))
                .as("another call, perhaps of another transaction")
                .isEmpty();
        told.ended(lost);
        assertThat(told.idOf(lost)).isEmpty();
        assertThat(told.knows(of(DiagnosisKind.STUCK_LOCK, 1))).isFalse();
    }

    private static Diagnosis unanswered(int call) {
        return Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(Snapshots.lease().of(LEASE).calls(call).snapshot())
                .made();
    }

    private static Diagnosis of(DiagnosisKind kind, int call) {
        return Diagnoses.of(kind)
                .lease(Snapshots.lease().of(LEASE).calls(call).snapshot())
                .backend(backend(BATCH, "first", call))
                .waiters(List.of(waiter("transactionid")))
                .made();
    }

    /** What the collector found may be known before the wait is long enough to be told of it. */
    @Test
    void thatItIsRetainedIsToldWheneverItIsFirstSaid() {
        HealingConfig defaults = HealingConfig.defaults();
        List<String> reasons = new ArrayList<>();
        for (int millis = 600; millis <= 3000; millis += 600) {
            Diagnosis diagnosis = Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                    .lease(Snapshots.lease().of(LEASE).calls(1).retained().snapshot())
                    .backend(backend(BATCH, "first", 1))
                    .waiters(List.of(waiter("transactionid", Duration.ofMillis(millis))))
                    .made();
            Decision decision = Decider.decide(diagnosis, defaults.limits(), defaults.spare(), HealingMode.HEAL);
            told.once(diagnosis, decision, () -> "id", id -> reasons.add(decision.reason()));
        }
        assertThat(reasons).hasSizeLessThanOrEqualTo(2);
        assertThat(reasons.get(reasons.size() - 1)).contains("retained: ");
    }

    private void inVain(int pid, int times, Duration now) {
        told.inVain(of(pid), "id", OutcomeKind.UNRESOLVED, times, now.toNanos());
    }

    @Test
    void whatIsInVainPausesTwiceAsLongEachTimeUpToAMinute() {
        for (int times = 1; times <= 100; times++) {
            Duration now = Duration.ofHours(times);
            inVain(1, times, now);
            Duration pause = Duration.ofSeconds(times > 6 ? 60 : 1L << (times - 1));
            assertThat(told.pause(of(1), now.toNanos())).isEqualTo(pause);
            assertThat(told.pause(of(1), now.plus(pause).toNanos())).isZero();
            assertThat(told.timesInVain(of(1))).isEqualTo(times);
        }
        assertThat(told.pause(of(2), 0)).isZero();
    }

    /** Once is a race with the owner, and the next look is right; again and again would use up the budget. */
    @Test
    void aHealThatComesTooLatePausesFromTheSecondTimeOn() {
        for (int times = 1; times <= 10; times++) {
            told.inVain(of(1), "id", OutcomeKind.WITHDRAWN, times, 0);
            assertThat(told.pause(of(1), 0))
                    .isEqualTo(times == 1 ? Duration.ZERO : Duration.ofSeconds(Math.min(4, 1L << (times - 2))));
        }
        tell(1, WOULD);
        assertThat(tellings).as("nothing was told of it so far").hasValue(1);
    }

    /** A heal of what was told may come too late, and nothing was done then. */
    @Test
    void whatWasToldKeepsItsIdWhenAHealComesTooLate() {
        Diagnosis lost = of(DiagnosisKind.ABANDONED_TRANSACTION, 1);
        told.once(lost, REPORT, () -> "first", id -> tellings.incrementAndGet());
        told.inVain(lost, told.idOf(lost).orElseThrow(), OutcomeKind.WITHDRAWN, 1, 0);
        assertThat(told.once(lost, REPORT, () -> "second", id -> tellings.incrementAndGet()))
                .isEqualTo("first");
        assertThat(tellings).as("it is no news").hasValue(1);
    }

    /** It is called again, and so its own story is told as before: that of its owner's loss is told when it is lost. */
    @Test
    void aLiveOwnersStoryOutlivesAHealThatCameTooLate() {
        Diagnosis alive = of(DiagnosisKind.STUCK_LOCK, 1);
        Diagnosis lost = of(DiagnosisKind.ABANDONED_TRANSACTION, 1);
        told.once(alive, REPORT, () -> "first", id -> tellings.incrementAndGet());
        told.inVain(lost, told.idOf(lost).orElseThrow(), OutcomeKind.WITHDRAWN, 1, 0);

        assertThat(told.once(alive, REPORT, () -> "second", id -> tellings.incrementAndGet()))
                .isEqualTo("first");
        assertThat(tellings).as("it is no news").hasValue(1);
        assertThat(told.once(lost, REPORT, () -> "third", id -> tellings.incrementAndGet()))
                .isEqualTo("first");
        assertThat(tellings).as("that its owner looks gone is").hasValue(2);
        told.ended(lost);
        assertThat(told.knows(alive)).isFalse();
    }

    /** What nothing helped is tried again, and then was too late, and then may not be tried. */
    @Test
    void whatWasInVainStaysSoWhenTheNextHealComesTooLate() {
        inVain(1, 1, Duration.ZERO);
        told.inVain(of(1), "id", OutcomeKind.WITHDRAWN, 2, 0);
        assertThat(told.wasInVain(of(1), OutcomeKind.UNRESOLVED)).isTrue();
        assertThat(told.timesInVain(of(1))).isEqualTo(2);
        tell(1, WOULD);
        assertThat(tellings).hasValue(0);
    }

    /** That somebody waited at that time was told nobody. */
    @Test
    void whatWasNotToldWithAHealThatCameTooLateIsNews() {
        Diagnosis waitedFor = of(DiagnosisKind.ABANDONED_TRANSACTION, 1);
        Diagnosis noMore = Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .lease(Snapshots.lease().of(LEASE).calls(1).snapshot())
                .backend(backend(BATCH, "first", 1))
                .made();
        told.inVain(waitedFor, "first", OutcomeKind.WITHDRAWN, 1, 0);
        told.once(noMore, REPORT, () -> "second", id -> tellings.incrementAndGet());
        told.once(waitedFor, REPORT, () -> "third", id -> tellings.incrementAndGet());
        assertThat(tellings).hasValue(2);
    }

    /** Late callers were told of that id already. */
    @Test
    void whatIsToldOnlyAfterAHealCameTooLateHasTheIdOfThatHeal() {
        Diagnosis lost = of(DiagnosisKind.ABANDONED_TRANSACTION, 1);
        told.inVain(lost, "first", OutcomeKind.WITHDRAWN, 1, 0);
        assertThat(told.once(lost, REPORT, () -> "second", id -> tellings.incrementAndGet()))
                .isEqualTo("first");
        assertThat(tellings).hasValue(1);
    }

    /** The breaker may be open when its pause is over, or the budget used up. */
    @Test
    void whatIsInVainAndThenHeldBackIsNotToldAnewAndKeepsItsPauses() {
        inVain(1, 3, Duration.ZERO);
        tell(1, WOULD);
        assertThat(tellings).hasValue(0);
        tell(1, REPORT);
        assertThat(tellings).hasValue(1);
        assertThat(told.timesInVain(of(1))).isEqualTo(3);
        assertThat(told.wasInVain(of(1), OutcomeKind.UNRESOLVED)).isTrue();
    }
}
