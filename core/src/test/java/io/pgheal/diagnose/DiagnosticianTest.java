package io.pgheal.diagnose;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Trees;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.Failure;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseEvent.FailedWait;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Snapshots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of a symptom and of the server's side of it; pid 1 is the culprit, unless said otherwise. */
class DiagnosticianTest {
    private static final TableName LOGIN = new TableName("public", "login");
    private static final TableName ORDERS = new TableName("public", "orders");
    private static final HeldLock LOCK = new HeldLock("relation", LOGIN, "RowExclusiveLock", null);
    private static final Evidence EVIDENCE =
            new Evidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION, Duration.ofSeconds(1), "");

    /** 2 is ours, 3 is foreign, 4 is hidden; the set takes a null, as those of the loop do. */
    private static final Set<BackendId> OURS = new HashSet<>(Set.of(id(1), id(2)));

    private static final List<Waiter> WAITERS =
            List.of(waiter(backend(2), 1), waiter(backend(3), 1), waiter(hidden(4), 1));

    private static BackendStory story(Backend backend) {
        return new BackendStory(backend, List.of(LOCK), Set.of(2), WAITERS, false);
    }

    private static LeaseSnapshot lease(int pid) {
        return Snapshots.lease().of(Snapshots.leaseOn(id(pid))).snapshot();
    }

    private static AbandonedLease symptom(Snapshots lease) {
        return new AbandonedLease(lease.of(Snapshots.leaseOn(id(1))).snapshot(), List.of(EVIDENCE));
    }

    // ---- nobody

    @Test
    void aHolderThatNobodySawIsToldByItsWaiterWhoseLiteralsAreCut() {
        FailedWait failed = new FailedWait(
                Snapshots.leaseOn(id(2)),
                new Failure("java.sql.SQLException", "55P03", 1),
                "UPDATE login SET token = 'secret' WHERE id = 7");
        Diagnosis diagnosis = Diagnostician.holderNotSeen(failed, Duration.ofSeconds(3));
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.HOLDER_NOT_SEEN);
        assertThat(diagnosis.lease()).isNull();
        assertThat(diagnosis.backend()).isNull();
        assertThat(diagnosis.longestWait()).isEqualTo(Duration.ofSeconds(3));
        assertThat(diagnosis.waiters()).singleElement().satisfies(waiter -> {
            assertThat(waiter.pid()).isEqualTo(2);
            assertThat(waiter.backend().lastStatement()).isEqualTo("UPDATE login SET token = ? WHERE id = ?");
        });
    }

    @Test
    void ofAStatementThatIsNotKnownThereIsNoText() {
        FailedWait failed =
                new FailedWait(Snapshots.leaseOn(id(2)), new Failure("java.sql.SQLException", "55P03", 1), null);
        assertThat(Diagnostician.holderNotSeen(failed, Duration.ZERO).waiters())
                .singleElement()
                .satisfies(
                        waiter -> assertThat(waiter.backend().lastStatement()).isNull());
    }

    // ---- one culprit

    @Test
    void aTransactionIsAbandonedWhileOneIsOpenOrACallRunsAndElseOnlyAConnection() {
        assertThat(kind(Snapshots.lease())).isEqualTo(DiagnosisKind.ABANDONED_TRANSACTION);
        assertThat(kind(Snapshots.lease().withoutTransaction().inCall(true)))
                .isEqualTo(DiagnosisKind.ABANDONED_TRANSACTION);
        assertThat(kind(Snapshots.lease().withoutTransaction())).isEqualTo(DiagnosisKind.ABANDONED_CONNECTION);
    }

    private static DiagnosisKind kind(Snapshots lease) {
        return Diagnostician.abandoned(symptom(lease), ServerSide.blind("blind"), false, OURS)
                .kind();
    }

    @Test
    void whatTheServerToldOfAnAbandonedLeaseStandsInItsDiagnosis() {
        AbandonedLease symptom = symptom(Snapshots.lease());
        for (boolean exhausted : List.of(false, true)) {
            Diagnosis diagnosis = Diagnostician.abandoned(symptom, ServerSide.told(story(backend(1))), exhausted, OURS);
            assertThat(diagnosis.lease()).isSameAs(symptom.lease());
            assertThat(diagnosis.evidence()).containsExactly(EVIDENCE);
            assertTold(diagnosis, null, exhausted);
        }
        assertTold(Diagnostician.abandoned(symptom, ServerSide.told(story(committing(1))), false, OURS), "committing");
    }

    @Test
    void whatTheServerToldOfALeaseThatIsOpenAfterItsCloseStandsInItsDiagnosis() {
        LeaseSnapshot lease = lease(1);
        Diagnosis diagnosis = Diagnostician.openAfterClose(lease, ServerSide.told(story(backend(1))), OURS);
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.OPEN_AFTER_CLOSE);
        assertThat(diagnosis.lease()).isSameAs(lease);
        assertTold(diagnosis, null);
        assertTold(Diagnostician.openAfterClose(lease, ServerSide.told(story(committing(1))), OURS), "committing");
    }

    @Test
    void whatTheServerToldOfAnOrphanStandsInItsDiagnosis() {
        Diagnosis diagnosis = Diagnostician.orphaned(story(backend(1)), OURS);
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.ORPHANED_BACKEND);
        assertThat(diagnosis.lease()).isNull();
        assertTold(diagnosis, null);
        assertTold(Diagnostician.orphaned(story(committing(1)), OURS), "committing");
    }

    private static void assertTold(Diagnosis diagnosis, @Nullable String untouchable) {
        assertTold(diagnosis, untouchable, false);
    }

    private static void assertTold(Diagnosis diagnosis, @Nullable String untouchable, boolean exhausted) {
        assertThat(diagnosis.poolExhausted()).isEqualTo(exhausted);
        assertThat(diagnosis.backendId()).isEqualTo(id(1));
        assertThat(diagnosis.backend()).isNotNull();
        assertThat(diagnosis.locks()).containsExactly(LOCK);
        assertThat(diagnosis.waiters()).isEqualTo(WAITERS);
        assertThat(diagnosis.ourWaiters()).containsExactly(2);
        if (untouchable == null) {
            assertThat(diagnosis.untouchable()).isNull();
        } else {
            assertThat(diagnosis.untouchable()).contains(untouchable);
        }
    }

    @Test
    void whereTheServerToldNothingOnlyTheLeaseIsKnown() {
        ServerSide blind = ServerSide.blind("no answer");
        for (Diagnosis diagnosis : List.of(
                Diagnostician.abandoned(symptom(Snapshots.lease()), blind, true, OURS),
                Diagnostician.openAfterClose(lease(1), blind, OURS))) {
            assertThat(diagnosis.lease()).isNotNull();
            assertThat(diagnosis.backendId()).isEqualTo(id(1));
            assertThat(diagnosis.backend()).isNull();
            assertThat(diagnosis.locks()).isEmpty();
            assertThat(diagnosis.waiters()).isEmpty();
            assertThat(diagnosis.ourWaiters()).isEmpty();
            assertThat(diagnosis.untouchable()).isNull();
        }
    }

    @Test
    void whatTheOperatorChoseIsLookedAtLikeAnyOther() {
        LeaseSnapshot lease = lease(1);
        Diagnosis diagnosis = Diagnostician.chosen(story(committing(1)), lease);
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.OPERATORS_CHOICE);
        assertThat(diagnosis.lease()).isSameAs(lease);
        assertThat(diagnosis.backendId()).isEqualTo(id(1));
        assertThat(diagnosis.locks()).containsExactly(LOCK);
        assertThat(diagnosis.waiters()).isEqualTo(WAITERS);
        assertThat(diagnosis.untouchable()).contains("committing");
        assertThat(diagnosis.poolExhausted()).isFalse();
    }

    // ---- whom no signal may ever reach

    private static @Nullable String untouchable(Backend backend) {
        return Diagnostician.orphaned(story(backend), OURS).untouchable();
    }

    @Test
    void aClientsSessionThatIsSeenMayBeTouched() {
        assertThat(untouchable(backend(1))).isNull();
    }

    @Test
    void whoCommitsMayNotBeTouched() {
        assertThat(untouchable(committing(1))).contains("committing");
    }

    @Test
    void whoIsHiddenMayNotBeTouched() {
        assertThat(untouchable(hidden(1))).contains("hidden").contains("pg_read_all_stats");
        assertThat(untouchable(backend(1, "client backend", null, false))).contains("hidden");
    }

    @Test
    void whoIsNoClientMayNotBeTouchedWhateverIsSeenOfIt() {
        assertThat(untouchable(backend(1, "autovacuum worker", "active", false)))
                .isEqualTo("it is no client's session but a process of the server: autovacuum worker");
        assertThat(untouchable(backend(1, "startup", null, false))).contains("a process of the server: startup");
    }

    // ---- root blockers

    private static List<Diagnosis> blockers(
            List<Waiter> waiters, Map<BackendId, LeaseSnapshot> ours, Backend... others) {
        return blockers(waiters, ours, Set.of(), others);
    }

    private static List<Diagnosis> blockers(
            List<Waiter> waiters, Map<BackendId, LeaseSnapshot> ours, Set<BackendId> abandoned, Backend... others) {
        List<Backend> all = new ArrayList<>(List.of(others));
        waiters.forEach(waiter -> all.add(waiter.backend()));
        return Diagnostician.blockers(Trees.of(waiters, all), Set.of(2), ours, abandoned, Map.of(1, List.of(LOCK)));
    }

    private static Map<BackendId, LeaseSnapshot> ours(LeaseSnapshot... leases) {
        Map<BackendId, LeaseSnapshot> ours = new HashMap<>();
        for (LeaseSnapshot lease : leases) {
            ours.put(lease.physical().backend(), lease);
        }
        return ours;
    }

    @Test
    void aRootThatIsALeaseOfOursHoldsALock() {
        LeaseSnapshot culprit = lease(1);
        Diagnosis diagnosis = only(blockers(WAITERS, ours(culprit, lease(2)), backend(1)));
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.STUCK_LOCK);
        assertThat(diagnosis.lease()).isSameAs(culprit);
        assertThat(diagnosis.inTheWay()).as("one look tells no time").isNull();
        assertTold(diagnosis, null);
        assertTold(only(blockers(WAITERS, ours(culprit, lease(2)), committing(1))), "committing");
    }

    @Test
    void aRootThatIsNoLeaseOfOursIsForeign() {
        LeaseSnapshot waits =
                Snapshots.lease().of(Snapshots.leaseOn(id(2))).inCall(false).snapshot();
        Diagnosis diagnosis = only(blockers(WAITERS, ours(waits), backend(1)));
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.FOREIGN_BLOCKER);
        assertThat(diagnosis.lease()).isNull();
        assertThat(diagnosis.blocksItself()).isNull();
        assertTold(diagnosis, null);
    }

    @Test
    void aRootThatIsHiddenIsForeignAndNotTouched() {
        List<Waiter> seen = List.of(waiter(backend(2), 1));
        // Such a map takes no null: whoever has no identity is not looked for.
        Diagnosis diagnosis = only(blockers(seen, Map.copyOf(ours(lease(1), lease(2))), hidden(1)));
        assertThat(diagnosis.kind()).isEqualTo(DiagnosisKind.FOREIGN_BLOCKER);
        assertThat(diagnosis.backendId()).isNull();
        assertThat(diagnosis.untouchable()).contains("hidden");
    }

    @Test
    void aRootThatWasClosedIsOneWhoseTransactionIsOpenStill() {
        LeaseSnapshot closed =
                Snapshots.lease().of(Snapshots.leaseOn(id(1))).closed().snapshot();
        assertThat(only(blockers(WAITERS, ours(closed, lease(2)), backend(1))).kind())
                .isEqualTo(DiagnosisKind.OPEN_AFTER_CLOSE);
    }

    @Test
    void aRootWithEvidenceIsJudgedOnItsOwn() {
        assertThat(blockers(WAITERS, ours(lease(1), lease(2)), Set.of(id(1)), backend(1)))
                .isEmpty();
        assertThat(blockers(WAITERS, ours(lease(1), lease(2)), Set.of(id(2)), backend(1)))
                .hasSize(1);
    }

    @Test
    void eachRootOfOurWaitersIsFoundAndNoRootOfOthers() {
        List<Waiter> waiters = List.of(waiter(backend(2), 5), waiter(backend(5), 1, 6), waiter(backend(3), 7));
        List<Diagnosis> found = blockers(waiters, ours(lease(1), lease(2)), backend(1), backend(6), backend(7));
        assertThat(found).extracting(Diagnosis::backendId).containsExactlyInAnyOrder(id(1), id(6));
        assertThat(found)
                .allSatisfy(diagnosis -> assertThat(diagnosis.waiters())
                        .as("directly or behind others")
                        .extracting(Waiter::pid)
                        .containsExactlyInAnyOrder(2, 5));
        Diagnosis other = found.get(0).backendId().equals(id(6)) ? found.get(0) : found.get(1);
        assertThat(other.locks()).as("nobody asked for its locks").isEmpty();
    }

    @Test
    void aPreparedTransactionIsForeignAndNamed() {
        Diagnosis unnamed = only(blockers(List.of(prepared(backend(2), null)), ours(lease(2))));
        assertThat(unnamed.kind()).isEqualTo(DiagnosisKind.FOREIGN_BLOCKER);
        assertThat(unnamed.backend()).isNull();
        assertThat(unnamed.backendId()).isNull();
        assertThat(unnamed.untouchable()).isEqualTo("it is a prepared transaction: see pg_prepared_xacts");
        List<Waiter> several = List.of(
                prepared(backend(2), "b"),
                prepared(backend(3), "a"),
                prepared(backend(5), "b"),
                prepared(backend(6), null));
        assertThat(only(blockers(several, ours(lease(2)))).untouchable())
                .startsWith("it is the prepared transaction 'a', 'b': COMMIT PREPARED");
    }

    // ---- who waits for itself

    private static Lease borrowedElsewhere(int pid) {
        CompletableFuture<Lease> made = new CompletableFuture<>();
        Thread other = new Thread(() -> made.complete(Snapshots.leaseOn(id(pid))));
        other.start();
        return made.join();
    }

    private static @Nullable Integer blocksItself(Snapshots culprit, Snapshots waiter) {
        return blocksItself(culprit, waiter, Snapshots.leaseOn(id(2)));
    }

    private static @Nullable Integer blocksItself(Snapshots culprit, Snapshots waiter, Lease waits) {
        LeaseSnapshot idle = culprit.of(Snapshots.leaseOn(id(1))).snapshot();
        LeaseSnapshot called = waiter.of(waits).snapshot();
        return only(blockers(List.of(waiter(backend(3), 1), waiter(backend(2), 1)), ours(idle, called), backend(1)))
                .blocksItself();
    }

    @Test
    void aThreadThatWaitsForItsOtherConnectionBlocksItself() {
        assertThat(blocksItself(Snapshots.lease(), Snapshots.lease().inCall(false)))
                .isEqualTo(2);
    }

    @Test
    void nobodyBlocksItselfWhileItsConnectionIsAtWorkOrNobodyCallsByTheOtherOne() {
        assertThat(blocksItself(
                        Snapshots.lease().inCall(false), Snapshots.lease().inCall(false)))
                .isNull();
        assertThat(blocksItself(Snapshots.lease(), Snapshots.lease())).isNull();
    }

    @Test
    void nobodyBlocksItselfWhereTheOtherConnectionIsAnothersOrMoved() {
        assertThat(blocksItself(Snapshots.lease(), Snapshots.lease().inCall(false), borrowedElsewhere(2)))
                .isNull();
        assertThat(blocksItself(Snapshots.lease().moved(), Snapshots.lease().inCall(false)))
                .isNull();
    }

    // ---- what a diagnosis tells

    private static Diagnosis diagnosis(List<HeldLock> locks, Waiter... waiters) {
        return Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                .waiters(List.of(waiters))
                .made()
                .holding(locks);
    }

    private static HeldLock lock(TableName table, String mode) {
        return new HeldLock("relation", table, mode, null);
    }

    @Test
    void whatIsWaitedForIsNamedFirstThenWhatWasWrittenThenWhatWasRead() {
        TableName read = new TableName("public", "read");
        TableName written = new TableName("public", "written");
        HeldLock ofNoTable = new HeldLock("advisory", null, "ExclusiveLock", "0:1");
        Diagnosis diagnosis = diagnosis(
                List.of(lock(read, "AccessShareLock"), ofNoTable, lock(written, "RowExclusiveLock")),
                waitsFor(LOGIN, "transactionid", 1));
        assertThat(diagnosis.tables()).containsExactly(LOGIN, written, read);
    }

    @Test
    void onlyWhoWaitsForSomethingOfATableWaitsForAnUnknownOne() {
        assertThat(diagnosis(List.of(), waitsFor(LOGIN, "tuple", 1)).waitsForUnknownTable())
                .isFalse();
        assertThat(diagnosis(List.of(), waitsFor(null, "advisory", 1)).waitsForUnknownTable())
                .isFalse();
        assertThat(diagnosis(List.of(), waitsFor(LOGIN, "tuple", 1), waitsFor(null, "transactionid", 1))
                        .waitsForUnknownTable())
                .isTrue();
        assertThat(diagnosis(List.of(), waitsFor(LOGIN, "tuple", 1), waitsFor(ORDERS, "tuple", 1))
                        .waitedTables())
                .containsExactlyInAnyOrder(LOGIN, ORDERS);
    }

    @Test
    void theLongestWaitCounts() {
        assertThat(diagnosis(List.of()).longestWait()).isZero();
        assertThat(diagnosis(
                                List.of(),
                                waitsFor(LOGIN, "tuple", 3),
                                waitsFor(LOGIN, "tuple", 9),
                                waitsFor(LOGIN, "tuple", 1))
                        .longestWait())
                .isEqualTo(Duration.ofSeconds(9));
    }

    @Test
    void theStrongestEvidenceCounts() {
        Evidence certain = new Evidence(EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN, Duration.ZERO, "");
        assertThat(Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION)
                        .evidence(List.of(EVIDENCE, certain, EVIDENCE))
                        .made()
                        .strength())
                .isEqualTo(Strength.CERTAIN);
        assertThat(diagnosis(List.of()).strength()).isEqualTo(Strength.NONE);
    }

    @Test
    void whoIsNoLeaseOfOursIsNotSilent() {
        assertThat(diagnosis(List.of()).silence()).isZero();
        LeaseSnapshot quiet = Snapshots.lease().quietFor(Duration.ofSeconds(3)).snapshot();
        assertThat(Diagnoses.of(DiagnosisKind.STUCK_LOCK).lease(quiet).made().silence())
                .isEqualTo(Duration.ofSeconds(3));
    }

    // ---- values

    private static Diagnosis only(List<Diagnosis> found) {
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    private static Waiter waitsFor(@Nullable TableName table, String lockType, int seconds) {
        return new Waiter(backend(2), lockType, table, "ShareLock", Set.of(1), Duration.ofSeconds(seconds), null);
    }

    private static Waiter waiter(Backend backend, Integer... blockers) {
        return new Waiter(backend, "transactionid", LOGIN, "ShareLock", Set.of(blockers), Duration.ofSeconds(1), null);
    }

    private static Waiter prepared(Backend backend, @Nullable String gid) {
        return new Waiter(
                backend,
                "transactionid",
                LOGIN,
                "ShareLock",
                Set.of(BlockingTree.PREPARED),
                Duration.ofSeconds(1),
                gid);
    }

    private static BackendId id(int pid) {
        return new BackendId(pid, "2026-11-23T00:00:00Z");
    }

    private static Backend backend(int pid) {
        return backend(pid, "client backend", "idle in transaction", false);
    }

    private static Backend committing(int pid) {
        return backend(pid, "client backend", "active", true);
    }

    /** As pg_stat_activity shows the sessions of others to a role that may not see them. */
    private static Backend hidden(int pid) {
        return new Backend(
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
    }

    /** Without a state what is seen of it is no session's. */
    private static Backend backend(int pid, String type, @Nullable String state, boolean committing) {
        return new Backend(
                pid,
                id(pid),
                state == null
                        ? null
                        : new TransactionRef(id(pid), "2026-11-23T00:00:01Z", "2026-11-23T00:00:02Z", state),
                null,
                type,
                new Backend.WaitEvent(null, null),
                new Backend.Client("shop", "app", "test", null, null),
                null,
                new Backend.Ages(null, null, null),
                null,
                committing);
    }
}
