package io.pgheal.report;

import io.pgheal.decide.Decision;
import io.pgheal.detect.Evidence;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.RungResult;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.track.LeaseView;
import io.pgheal.track.PhysicalConnection;
import io.pgheal.track.TraceContext;
import io.pgheal.witness.Testimony;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One incident, from the diagnosis to the outcome. Immutable; a later report on the same case is another incident with the
 * same id.
 *
 * @param id names the incident in logs, exceptions and endpoints
 * @param timeToHeal from the evidence, or where there is none from the beginning of the longest wait, until the
 *     transaction was seen gone; null when it was not healed
 * @param silence from the culprit's last call until the end of the story
 * @param lease the culprit's lease, where it is one of ours; the waiter's lease where the holder was not seen
 * @param proof the garbage collector's testimony when the incident was published; null where the collector has no part in
 *     it
 */
public record Incident(
        String id,
        Instant at,
        String dataSource,
        Cause cause,
        Act act,
        @Nullable Duration timeToHeal,
        @Nullable Duration silence,
        @Nullable LeaseView lease,
        @Nullable Testimony proof) {

    /** The span in which the lease was borrowed, where it is one of ours and the application traces. */
    public @Nullable TraceContext trace() {
        return lease == null ? null : lease.trace();
    }

    /**
     * The backend in question: its pid, and its start where it is known, because a pid alone is used again. Statements have
     * their literals cut.
     */
    public record Culprit(
            int pid,
            @Nullable String backendStart,
            @Nullable String state,
            @Nullable String user,
            @Nullable String applicationName,
            @Nullable String clientAddress,
            @Nullable Duration transactionAge,
            @Nullable Duration stateAge,
            @Nullable String lastStatement) {}

    /** A lock that the culprit held. */
    public record LockView(@Nullable String table, String mode, String type) {}

    /**
     * A session that waited behind the culprit.
     *
     * @param ours whether it is a statement of one of our own leases
     * @param lockType as PostgreSQL calls it: {@code transactionid} and {@code tuple} are row locks; null when hidden
     */
    public record WaiterView(
            int pid,
            boolean ours,
            @Nullable String applicationName,
            @Nullable String table,
            @Nullable String lockType,
            @Nullable String mode,
            Duration waited,
            @Nullable String statement) {}

    static Incident of(
            String id,
            Instant at,
            String dataSource,
            Diagnosis diagnosis,
            Decision decision,
            Outcome outcome,
            Duration sinceSeen,
            @Nullable LeaseView lease,
            @Nullable Testimony proof) {
        boolean healed = outcome.kind() == OutcomeKind.HEALED;
        Duration trouble = diagnosis.evidence().isEmpty() ? diagnosis.longestWait() : diagnosis.silence();
        return new Incident(
                id,
                at,
                dataSource,
                new Cause(
                        diagnosis.kind(),
                        diagnosis.evidence(),
                        diagnosis.tables().stream()
                                .map(TableName::toString)
                                .distinct()
                                .toList(),
                        diagnosis.waitsForUnknownTable() || diagnosis.backend() == null,
                        diagnosis.blocksItself(),
                        culprit(diagnosis),
                        diagnosis.locks().stream()
                                .map(lock -> new LockView(
                                        lock.table() == null
                                                ? null
                                                : lock.table().toString(),
                                        lock.mode(),
                                        lock.lockType()))
                                .toList(),
                        diagnosis.waiters().stream()
                                .map(waiter -> new WaiterView(
                                        waiter.pid(),
                                        diagnosis.ourWaiters().contains(waiter.pid()),
                                        waiter.backend().applicationName(),
                                        waiter.table() == null
                                                ? null
                                                : waiter.table().toString(),
                                        waiter.lockType(),
                                        waiter.mode(),
                                        waiter.waited(),
                                        waiter.backend().lastStatement()))
                                .toList(),
                        diagnosis.waiters().stream().map(w -> w.waited()).reduce(Duration.ZERO, Duration::plus)),
                new Act(
                        decision.action().name(),
                        decision.reason(),
                        outcome.rungs(),
                        outcome.kind(),
                        outcome.transaction(),
                        decision.operator()),
                healed ? trouble.plus(sinceSeen) : null,
                diagnosis.lease() == null ? null : diagnosis.lease().quiet().plus(sinceSeen),
                lease,
                proof);
    }

    private static @Nullable Culprit culprit(Diagnosis diagnosis) {
        Backend backend = diagnosis.backend();
        if (backend != null) {
            return new Culprit(
                    backend.pid(),
                    backend.id() == null ? null : backend.id().backendStart(),
                    backend.transaction() == null ? null : backend.transaction().state(),
                    backend.user(),
                    backend.applicationName(),
                    backend.clientAddress(),
                    backend.transactionAge(),
                    backend.stateAge(),
                    backend.lastStatement());
        }
        if (diagnosis.lease() == null) {
            return null;
        }
        PhysicalConnection physical = diagnosis.lease().physical();
        BackendId id = physical.backend();
        return new Culprit(
                physical.driverPid(), id == null ? null : id.backendStart(), null, null, null, null, null, null, null);
    }

    /** The same incident, refuted: the culprit's owner was alive. */
    Incident refuted(Instant when) {
        Act wrong = new Act(
                act.action(),
                act.reason() + "; REFUTED at " + when + ": its owner went on",
                act.remedies(),
                OutcomeKind.REFUTED,
                act.transaction(),
                act.operator());
        return new Incident(id, at, dataSource, cause, wrong, timeToHeal, silence, lease, proof);
    }

    // ---- its parts

    /**
     * What was wrong, and which session caused it.
     *
     * @param tables that somebody waited for, then those that the culprit had locked
     * @param tableUnknown whether there may be other tables: somebody waited for something that PostgreSQL does not tie to
     *     a table, or the server did not answer in time
     * @param blocksItself pid of the waiter by which the culprit's own thread waits for the culprit, over another
     *     connection, so that neither can go on; null when there is none
     * @param blocked sum of the waits of all waiters when the server was asked
     */
    public record Cause(
            DiagnosisKind diagnosis,
            List<Evidence> evidence,
            List<String> tables,
            boolean tableUnknown,
            @Nullable Integer blocksItself,
            @Nullable Culprit culprit,
            List<LockView> locks,
            List<WaiterView> waiters,
            Duration blocked) {
        public Cause {
            evidence = List.copyOf(evidence);
            tables = List.copyOf(tables);
            locks = List.copyOf(locks);
            waiters = List.copyOf(waiters);
        }
    }

    /**
     * What was decided and done.
     *
     * @param action what was decided, in one word; {@code reason} says why
     * @param transaction what became of the culprit's transaction, as far as it is proven; null when the culprit had none,
     *     or pgheal did nothing
     * @param operator who asked for it; null when pgheal decided by itself
     */
    public record Act(
            String action,
            String reason,
            List<RungResult> remedies,
            OutcomeKind outcome,
            @Nullable TransactionEnd transaction,
            @Nullable String operator) {
        public Act {
            remedies = List.copyOf(remedies);
        }
    }

    public DiagnosisKind diagnosis() {
        return cause.diagnosis();
    }

    public List<Evidence> evidence() {
        return cause.evidence();
    }

    public List<String> tables() {
        return cause.tables();
    }

    public boolean tableUnknown() {
        return cause.tableUnknown();
    }

    public @Nullable Integer blocksItself() {
        return cause.blocksItself();
    }

    public @Nullable Culprit culprit() {
        return cause.culprit();
    }

    public List<LockView> locks() {
        return cause.locks();
    }

    public List<WaiterView> waiters() {
        return cause.waiters();
    }

    public Duration blocked() {
        return cause.blocked();
    }

    public String action() {
        return act.action();
    }

    public String reason() {
        return act.reason();
    }

    public List<RungResult> remedies() {
        return act.remedies();
    }

    public OutcomeKind outcome() {
        return act.outcome();
    }

    public @Nullable TransactionEnd transaction() {
        return act.transaction();
    }

    public @Nullable String operator() {
        return act.operator();
    }
}
