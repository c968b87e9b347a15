package io.pgheal.postgres;

import io.pgheal.Internal;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One row of {@code pg_stat_activity}. All ages are by the server's clock, taken in the same query as the row.
 *
 * @param pid process id
 * @param id null when the server hides this backend from our role
 * @param transaction what a signal would have to find again; null when hidden, when {@code track_activities} is off for that
 *     session, or when the process is no session at all
 * @param leaderPid the leader when this is a parallel worker
 * @param backendType for example {@code client backend}; null when hidden
 * @param xid the transaction id (32 bits); null for a transaction that has written nothing
 * @param lastStatement its text with the literals cut; null when hidden
 * @param committing the backend executes COMMIT or PREPARE TRANSACTION, or waits for its standby: never to be signalled
 */
public record Backend(
        int pid,
        @Nullable BackendId id,
        @Nullable TransactionRef transaction,
        @Nullable Integer leaderPid,
        @Nullable String backendType,
        WaitEvent waitsFor,
        Client client,
        @Nullable String xid,
        Ages ages,
        @Nullable String lastStatement,
        boolean committing) {

    static final String CLIENT = "client backend";
    static final String ABORTED = "idle in transaction (aborted)";

    public Backend {
        if (id != null && id.pid() != pid) {
            throw new IllegalArgumentException("pid " + pid + " with the identity of " + id);
        }
        if (transaction != null && !transaction.backend().equals(id)) {
            throw new IllegalArgumentException(id + " with a transaction of " + transaction.backend());
        }
    }

    /** A backend of which only the process and its statement are known. */
    @Internal
    public static Backend unasked(int pid, @Nullable String lastStatement) {
        return new Backend(
                pid,
                null,
                null,
                null,
                null,
                new WaitEvent(null, null),
                new Client(null, null, null, null, null),
                null,
                new Ages(null, null, null),
                lastStatement,
                false);
    }

    /** Whether enough is seen to judge this backend. A backend that is not visible is reported, never signalled. */
    public boolean visible() {
        return transaction != null;
    }

    /** {@code idle in transaction}, aborted or not: with a savepoint set, an aborted one still holds its locks. */
    public boolean isIdleInTransaction() {
        return transaction != null && transaction.state().startsWith("idle in transaction");
    }

    /** Executes something, or waits for a lock. */
    public boolean isActive() {
        return transaction != null
                && (transaction.state().equals("active") || transaction.state().equals("fastpath function call"));
    }

    public boolean isWaitingForLock() {
        return Objects.equals(waitsFor.type(), "Lock");
    }

    /** See {@link #committing()}. */
    public boolean isCommitting() {
        return committing;
    }

    /** A client's session: not autovacuum, a WAL sender, a parallel worker or the startup process. */
    public boolean isClient() {
        return Objects.equals(backendType, CLIENT);
    }

    /** The pid under which others see this backend block them: a parallel worker's locks are its leader's. */
    public int head() {
        return leaderPid == null ? pid : leaderPid;
    }

    public Optional<TransactionRef> judged() {
        return Optional.ofNullable(transaction);
    }

    // ---- its parts

    /** What it waits for. */
    public record WaitEvent(@Nullable String type, @Nullable String name) {}

    /** Whose session it is; what the server hides is null. */
    public record Client(
            @Nullable String database,
            @Nullable String user,
            @Nullable String applicationName,
            @Nullable String address,
            @Nullable Integer port) {}

    /**
     * By the clock of the server.
     *
     * @param transaction null without an open transaction
     * @param state time in the present state
     * @param statement time since the present (or last) statement began
     */
    public record Ages(
            @Nullable Duration transaction,
            @Nullable Duration state,
            @Nullable Duration statement) {}

    public @Nullable String waitEventType() {
        return waitsFor.type();
    }

    public @Nullable String waitEvent() {
        return waitsFor.name();
    }

    public @Nullable String database() {
        return client.database();
    }

    public @Nullable String user() {
        return client.user();
    }

    public @Nullable String applicationName() {
        return client.applicationName();
    }

    public @Nullable String clientAddress() {
        return client.address();
    }

    public @Nullable Integer clientPort() {
        return client.port();
    }

    public @Nullable Duration transactionAge() {
        return ages.transaction();
    }

    public @Nullable Duration stateAge() {
        return ages.state();
    }

    public @Nullable Duration statementAge() {
        return ages.statement();
    }
}
