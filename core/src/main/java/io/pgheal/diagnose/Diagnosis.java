package io.pgheal.diagnose;

import io.pgheal.Internal;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseSnapshot;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What was found out about one culprit.
 *
 * @param lease the culprit's, where it is one of ours
 * @param backendId null when it cannot be known (a pooler in between, a prepared transaction)
 * @param backend as the server showed it; null when it was not asked or did not answer
 * @param locks that it holds, as far as known
 * @param waiters sessions that wait for these locks, directly or behind others
 * @param poolExhausted whether somebody waits for a connection of the culprit's pool
 * @param untouchable why no signal may be sent to it, whatever was decided; null when nothing forbids it
 * @param ourWaiters pids of those waiters that are statements of our own leases
 * @param blocksItself pid of the backend by which the culprit's own thread waits for the culprit, over another connection;
 *     null when there is none. Neither can go on, and PostgreSQL sees no deadlock: half of the cycle is in this process
 * @param inTheWay how long every look has seen it as a root blocker: before, it may itself have waited; null where that
 *     does not matter
 */
@Internal
public record Diagnosis(
        DiagnosisKind kind,
        @Nullable LeaseSnapshot lease,
        List<Evidence> evidence,
        @Nullable BackendId backendId,
        @Nullable Backend backend,
        List<HeldLock> locks,
        List<Waiter> waiters,
        boolean poolExhausted,
        @Nullable String untouchable,
        Set<Integer> ourWaiters,
        @Nullable Integer blocksItself,
        @Nullable Duration inTheWay) {

    public Diagnosis {
        evidence = List.copyOf(evidence);
        locks = List.copyOf(locks);
        waiters = List.copyOf(waiters);
        ourWaiters = Set.copyOf(ourWaiters);
    }

    /** For where it is not known, or does not matter, which of the waiters are ours. */
    public Diagnosis(
            DiagnosisKind kind,
            @Nullable LeaseSnapshot lease,
            List<Evidence> evidence,
            @Nullable BackendId backendId,
            @Nullable Backend backend,
            List<HeldLock> locks,
            List<Waiter> waiters,
            boolean poolExhausted,
            @Nullable String untouchable) {
        this(
                kind,
                lease,
                evidence,
                backendId,
                backend,
                locks,
                waiters,
                poolExhausted,
                untouchable,
                Set.of(),
                null,
                null);
    }

    /** The same culprit, with locks that were read before. */
    public Diagnosis holding(List<HeldLock> held) {
        return new Diagnosis(
                kind,
                lease,
                evidence,
                backendId,
                backend,
                held,
                waiters,
                poolExhausted,
                untouchable,
                ourWaiters,
                blocksItself,
                inTheWay);
    }

    /** The same culprit, seen as a root blocker for so long. */
    public Diagnosis inTheWayFor(Duration time) {
        return new Diagnosis(
                kind,
                lease,
                evidence,
                backendId,
                backend,
                locks,
                waiters,
                poolExhausted,
                untouchable,
                ourWaiters,
                blocksItself,
                time);
    }

    public Strength strength() {
        return evidence.stream()
                .map(Evidence::strength)
                .max(Comparator.naturalOrder())
                .orElse(Strength.NONE);
    }

    public boolean somebodyWaitsForLock() {
        return !waiters.isEmpty();
    }

    /** Whether all waiters wait for advisory locks: they may be followers of a leader, so this is no sign of a problem. */
    public boolean onlyAdvisoryWaiters() {
        return !waiters.isEmpty() && waiters.stream().allMatch(Waiter::waitsForAdvisoryLock);
    }

    /** Whether the culprit may hold more locks than are listed: of very many, pgheal does not read all. */
    public boolean mayHoldMore() {
        return locks.size() >= BackendStory.MOST_LOCKS;
    }

    /** Whether it holds an advisory lock, of its transaction or of its session, however it took it. */
    public boolean holdsAdvisoryLock() {
        return locks.stream().anyMatch(HeldLock::isAdvisory);
    }

    public Duration longestWait() {
        return waiters.stream()
                .map(Waiter::waited)
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
    }

    /** The tables that somebody waits for, as far as they are known. */
    public Set<TableName> waitedTables() {
        return waiters.stream().map(Waiter::table).filter(Objects::nonNull).collect(Collectors.toSet());
    }

    /** Whether somebody waits for something that could not be tied to a table. */
    public boolean waitsForUnknownTable() {
        return waiters.stream().anyMatch(waiter -> waiter.table() == null && !waiter.waitsForAdvisoryLock());
    }

    /** All tables of the story: those that are waited for first, then those it wrote, then those it only read. */
    public Set<TableName> tables() {
        Set<TableName> tables = new LinkedHashSet<>(waitedTables());
        addTables(tables, false);
        addTables(tables, true);
        return tables;
    }

    private void addTables(Set<TableName> tables, boolean onlyRead) {
        locks.stream()
                .filter(lock -> lock.mode().equals("AccessShareLock") == onlyRead)
                .map(HeldLock::table)
                .filter(Objects::nonNull)
                .forEach(tables::add);
    }

    /** The silence of its lease; see {@link AbandonedLease#silence()}. */
    public Duration silence() {
        return lease == null ? Duration.ZERO : new AbandonedLease(lease, evidence).silence();
    }
}
