package io.pgheal.postgres;

import io.pgheal.Internal;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.TransactionState;
import org.postgresql.util.HostSpec;

/**
 * A server that does not exist, for the rehearsal of a heal. It answers every statement by the same rows, by the names of
 * their columns: a session that is idle in a transaction, one that waits for it, and a lock of the first. Once a connection
 * was aborted, the rows are gone. Its connections are thread-safe as far as the rehearsal needs it.
 */
@Internal
public final class ServerOfNobody {
    private static final int HOLDER = 1;
    private static final int WAITER = 2;
    private static final HostSpec ADDRESS = new HostSpec("nowhere", 1);
    private static final String LONG_AGO = "2000-01-01T00:00:00.000000Z";

    /** What all rows say: the session itself, its server, and what our role may do there. */
    private static final Map<String, Object> EVERY_ROW = Map.ofEntries(
            Map.entry("backend_start", LONG_AGO),
            Map.entry("xact_start", LONG_AGO),
            Map.entry("state_change", LONG_AGO),
            Map.entry("backend_type", "client backend"),
            Map.entry("datname", "nowhere"),
            Map.entry("usename", "nobody"),
            Map.entry("application_name", "nobody"),
            Map.entry("xid", "1"),
            Map.entry("xact_age", 1L),
            Map.entry("state_age", 1L),
            Map.entry("statement_age", 1L),
            Map.entry("waited", 1L),
            Map.entry("query", "SELECT 1"),
            Map.entry("table_schema", "nowhere"),
            Map.entry("table_name", "nothing"),
            Map.entry("system_identifier", "0"),
            Map.entry("postmaster_start", LONG_AGO),
            Map.entry("role", "nobody"),
            Map.entry("sees_others", true),
            Map.entry("may_signal", true),
            Map.entry("tracks", true),
            Map.entry("backend_pid", HOLDER));

    private static final List<Map<String, Object>> ROWS = List.of(
            Map.of("pid", HOLDER, "state", "idle in transaction", "wait_event_type", "Client"),
            Map.ofEntries(
                    Map.entry("pid", WAITER),
                    Map.entry("state", "active"),
                    Map.entry("wait_event_type", "Lock"),
                    Map.entry("blockers", new Integer[] {HOLDER}),
                    Map.entry("blocker_count", 1),
                    Map.entry("locktype", "transactionid"),
                    Map.entry("mode", "ShareLock")),
            Map.of("locktype", "relation", "mode", "RowExclusiveLock"));

    private volatile boolean gone;

    /** A connection to this server. */
    public BaseConnection connect() {
        return proxy(new Session(), BaseConnection.class);
    }

    private static <T> T proxy(Answers answers, Class<T> type, Class<?>... others) {
        Class<?>[] all = new Class<?>[others.length + 1];
        all[0] = type;
        System.arraycopy(others, 0, all, 1, others.length);
        return type.cast(Proxy.newProxyInstance(BaseConnection.class.getClassLoader(), all, answers));
    }

    /** What an object of the driver answers: to most calls nothing, false or zero. */
    private abstract static class Answers implements InvocationHandler {
        @Override
        public @Nullable Object invoke(Object self, Method method, @Nullable Object @Nullable [] arguments) {
            @Nullable Object argument = arguments == null || arguments.length == 0 ? null : arguments[0];
            return switch (method.getName()) {
                case "hashCode" -> System.identityHashCode(self);
                case "equals" -> self == argument;
                case "toString" -> "nobody's";
                case "unwrap" -> self;
                default -> {
                    Object answer = answer(method.getName(), argument);
                    yield answer != null ? answer : nothing(method.getReturnType());
                }
            };
        }

        abstract @Nullable Object answer(String call, @Nullable Object argument);

        private static @Nullable Object nothing(Class<?> type) {
            return type.isPrimitive() && type != void.class
                    ? java.lang.reflect.Array.get(java.lang.reflect.Array.newInstance(type, 1), 0)
                    : null;
        }
    }

    private final class Session extends Answers {
        private boolean autoCommit = true;
        private volatile boolean closed;

        @Override
        @Nullable
        Object answer(String call, @Nullable Object argument) {
            switch (call) {
                case "setAutoCommit" -> autoCommit = Boolean.TRUE.equals(argument);
                case "abort" -> {
                    closed = true;
                    gone = true;
                }
                case "close" -> closed = true;
                default -> {}
            }
            return switch (call) {
                case "createStatement", "prepareStatement" ->
                    proxy(new Asked(), PreparedStatement.class, PGStatement.class);
                case "createArrayOf" -> proxy(new Values(null), Array.class);
                case "getBackendPID" -> HOLDER;
                case "getAutoCommit" -> autoCommit;
                case "getTransactionState" -> autoCommit ? TransactionState.IDLE : TransactionState.OPEN;
                case "isClosed" -> closed;
                case "getQueryExecutor" -> proxy(new Wire(), QueryExecutor.class);
                default -> null;
            };
        }
    }

    private static final class Wire extends Answers {
        @Override
        @Nullable
        Object answer(String call, @Nullable Object argument) {
            return call.equals("getHostSpec") ? ADDRESS : null;
        }
    }

    private final class Asked extends Answers {
        @Override
        @Nullable
        Object answer(String call, @Nullable Object argument) {
            return call.equals("executeQuery") ? proxy(new Rows(gone ? List.of() : ROWS), ResultSet.class) : null;
        }
    }

    private static final class Values extends Answers {
        private final @Nullable Object values;

        Values(@Nullable Object values) {
            this.values = values;
        }

        @Override
        @Nullable
        Object answer(String call, @Nullable Object argument) {
            return call.equals("getArray") ? values : null;
        }
    }

    private static final class Rows extends Answers {
        private final List<Map<String, Object>> rows;
        private int read;
        private boolean wasNull;

        Rows(List<Map<String, Object>> rows) {
            this.rows = rows;
        }

        @Override
        @Nullable
        Object answer(String call, @Nullable Object argument) {
            return switch (call) {
                case "next" -> read++ < rows.size();
                case "wasNull" -> wasNull;
                case "getArray" -> value(argument) == null ? null : proxy(new Values(value(argument)), Array.class);
                case "getString", "getInt", "getLong", "getBoolean" -> value(argument);
                default -> null;
            };
        }

        private @Nullable Object value(@Nullable Object column) {
            Object value = rows.get(read - 1).get(String.valueOf(column));
            if (value == null && !String.valueOf(column).equals("pid")) {
                value = EVERY_ROW.get(String.valueOf(column));
            }
            wasNull = value == null;
            return value;
        }
    }
}
