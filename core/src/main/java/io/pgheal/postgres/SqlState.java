package io.pgheal.postgres;

import io.pgheal.Internal;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The SQLSTATEs that pgheal decides by. Messages are translated, SQLSTATEs are not. */
@Internal
public final class SqlState {
    /** A lock was not obtained: {@code lock_timeout} or NOWAIT. */
    public static final String LOCK_NOT_AVAILABLE = "55P03";
    /** {@code statement_timeout}, or a cancel request. */
    public static final String QUERY_CANCELED = "57014";

    public static final String DEADLOCK_DETECTED = "40P01";
    /** The session was terminated. */
    public static final String ADMIN_SHUTDOWN = "57P01";

    public static final String CRASH_SHUTDOWN = "57P02";
    public static final String CANNOT_CONNECT_NOW = "57P03";
    public static final String IDLE_SESSION_TIMEOUT = "57P05";
    public static final String IDLE_IN_TRANSACTION_TIMEOUT = "25P03";
    public static final String TRANSACTION_TIMEOUT = "25P04";
    public static final String CONNECTION_DOES_NOT_EXIST = "08003";
    public static final String CONNECTION_FAILURE = "08006";
    /** It is unknown whether the commit was done. */
    public static final String TRANSACTION_RESOLUTION_UNKNOWN = "08007";

    public static final String PROTOCOL_VIOLATION = "08P01";
    public static final String INVALID_AUTHORIZATION = "28000";
    public static final String INVALID_PASSWORD = "28P01";
    public static final String TOO_MANY_CONNECTIONS = "53300";
    public static final String CONNECTION_REJECTED = "08004";
    public static final String UNABLE_TO_CONNECT = "08001";
    public static final String TRANSACTION_ROLLBACK = "40000";
    public static final String SERIALIZATION_FAILURE = "40001";
    public static final String ACTIVE_TRANSACTION = "25001";
    public static final String IN_FAILED_TRANSACTION = "25P02";
    public static final String INSUFFICIENT_PRIVILEGE = "42501";

    /** Cause chains are short; a longer one is a loop. */
    private static final int DEEPEST = 16;

    private SqlState() {}

    /** Whether a statement that failed so may have been waiting for a lock. */
    public static boolean endsLockWait(@Nullable String state) {
        return LOCK_NOT_AVAILABLE.equals(state) || QUERY_CANCELED.equals(state) || DEADLOCK_DETECTED.equals(state);
    }

    /** The first SQLSTATE in the chain of causes, or null when there is none. */
    public static @Nullable String of(@Nullable Throwable throwable) {
        Throwable cause = throwable;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            if (cause instanceof SQLException sql) {
                String state = ofChain(sql);
                if (state != null) {
                    return state;
                }
            }
            cause = cause.getCause();
        }
        return null;
    }

    private static @Nullable String ofChain(SQLException first) {
        SQLException next = first;
        for (int depth = 0; next != null && depth < DEEPEST; depth++) {
            if (next.getSQLState() != null) {
                return next.getSQLState();
            }
            next = next.getNextException();
        }
        return null;
    }
}
