package io.pgheal;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.TransactionRef;
import java.util.Objects;

/** The session or sessions that an operator means. */
public sealed interface ReleaseTarget {

    /** This very transaction in this very state, as it was seen: once its session has moved on, nothing is done. */
    static ReleaseTarget transaction(TransactionRef judged) {
        return new Transaction(judged);
    }

    /**
     * This session, whatever it does by now: it is judged anew when the act begins. A transaction that it begins after that
     * was never judged, and is not ended.
     */
    static ReleaseTarget session(BackendId backend) {
        return new Session(backend);
    }

    /**
     * The sessions that block a waiter for this table, and do not wait themselves. None when nobody waits.
     *
     * @param table {@code table} or {@code schema.table}
     * @throws IllegalArgumentException when it is neither
     */
    static ReleaseTarget rootBlockersOf(String table) {
        return new RootBlockers(TableName.parse(table));
    }

    /** See {@link #transaction}. */
    record Transaction(TransactionRef judged) implements ReleaseTarget {
        public Transaction {
            Objects.requireNonNull(judged, "judged");
        }
    }

    /** See {@link #session}. */
    record Session(BackendId backend) implements ReleaseTarget {
        public Session {
            Objects.requireNonNull(backend, "backend");
        }
    }

    /** See {@link #rootBlockersOf}. */
    record RootBlockers(TableName table) implements ReleaseTarget {
        public RootBlockers {
            Objects.requireNonNull(table, "table");
        }
    }
}
