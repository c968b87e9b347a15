package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;

/** Each method of each JDBC interface, by reflection: so that none is forgotten. */
class HandleTest {
    private static final Set<Class<?>> INTERFACES = Set.of(
            Connection.class,
            Statement.class,
            PreparedStatement.class,
            CallableStatement.class,
            ResultSet.class,
            DatabaseMetaData.class,
            ResultSetMetaData.class,
            ParameterMetaData.class,
            Blob.class,
            Clob.class,
            NClob.class);

    private static final Set<Class<?>> METADATA =
            Set.of(DatabaseMetaData.class, ResultSetMetaData.class, ParameterMetaData.class);

    /** These answer for themselves. */
    private static final Set<String> OWN = Set.of("unwrap", "isWrapperFor");

    private final Raw driver = new Raw();
    private final Raw raw = new Raw();
    private final Leases.TestPool pool = new Leases.TestPool();
    private final Lease lease = Leases.lease(raw, driver, pool);

    static Stream<Arguments> methods() {
        return INTERFACES.stream()
                .flatMap(type -> Arrays.stream(type.getMethods())
                        .filter(method -> !Modifier.isStatic(method.getModifiers()))
                        .filter(method -> !OWN.contains(method.getName()))
                        .map(method -> Arguments.of(type, method)));
    }

    private Object handle(Class<?> type) {
        ConnectionHandle connection = new ConnectionHandle(lease);
        Object below = raw.as(type);
        if (type == Connection.class) return new ConnectionHandle(lease);
        if (type == Statement.class) return new StatementHandle(lease, connection, (Statement) below);
        if (type == PreparedStatement.class)
            return new PreparedStatementHandle(lease, connection, (PreparedStatement) below, "select 1");
        if (type == CallableStatement.class)
            return new CallableStatementHandle(lease, connection, (CallableStatement) below, "select 1");
        if (type == ResultSet.class) return new ResultSetHandle(lease, connection, (ResultSet) below);
        if (type == DatabaseMetaData.class)
            return new DatabaseMetaDataHandle(lease, connection, (DatabaseMetaData) below);
        if (type == ResultSetMetaData.class) return new ResultSetMetaDataHandle(lease, (ResultSetMetaData) below);
        if (type == ParameterMetaData.class) return new ParameterMetaDataHandle(lease, (ParameterMetaData) below);
        if (type == Blob.class) return new BlobHandle(lease, connection, (Blob) below);
        if (type == NClob.class) return new NClobHandle(lease, connection, (NClob) below);
        return new ClobHandle(lease, connection, (Clob) below);
    }

    private static Object call(Object handle, Method method) throws Throwable {
        Object[] arguments =
                Arrays.stream(method.getParameterTypes()).map(Raw::plain).toArray();
        try {
            return method.invoke(handle, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }

    /** Neither calls nor touches, or not passed on. */
    private static boolean isPassive(Class<?> type, Method method) {
        String name = method.getName();
        return Set.of("isClosed", "cancel", "abort").contains(name)
                || (name.equals("close") && type == Connection.class)
                || isAnsweredByHandle(type, method)
                || isFromMemory(method);
    }

    /** What the table says so of outlives the lease, but only of metadata. */
    private static boolean isFromMemory(Method method) {
        Class<?> type = method.getDeclaringClass();
        return METADATA.contains(type) && "ask".equals(HandlesTable.kind(type, method));
    }

    private List<Method> callsBelow() {
        return raw.calls.stream().filter(it -> !isFromMemory(it)).toList();
    }

    private static boolean isAnsweredByHandle(Class<?> type, Method method) {
        return method.getName().equals("getConnection")
                || (type == Connection.class && Set.of("close", "abort").contains(method.getName()));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("methods")
    void isPassedOnOnceAndCounted(Class<?> type, Method method) throws Throwable {
        Object handle = handle(type);
        long before = lease.word();
        int touches = lease.touches();
        boolean[] inProgress = new boolean[1];
        raw.during = () -> inProgress[0] |= lease.callsInProgress() == 1;
        Object result = call(handle, method);
        assertThat(lease.callsInProgress()).isZero();
        if (!isAnsweredByHandle(type, method)) {
            raw.calls.removeIf(it -> it.getDeclaringClass() == ResultSet.class
                    && it.getName().equals("getFetchSize")
                    && method.getName().equals("executeQuery")); // whether the rows are in memory
            assertThat(raw.calls).extracting(Method::getName).containsExactly(method.getName());
        }
        boolean entered = StateWord.sequence(lease.word()) == StateWord.sequence(before) + 1;
        boolean touched = lease.touches() == touches + 1;
        String kind = HandlesTable.kind(method.getDeclaringClass(), method);
        if (kind != null && !kind.equals("by hand")) {
            Call counted = HandlesTable.call(kind);
            assertThat(lease.call()).isEqualTo(counted);
            assertThat(entered).isEqualTo(counted != null);
            assertThat(touched).isEqualTo(kind.equals("touch") || kind.equals("warnings"));
            assertThat(inProgress[0]).isEqualTo(entered);
        } else if (!isPassive(type, method)) {
            assertThat(entered || touched).isTrue();
            assertThat(inProgress[0]).isEqualTo(entered);
        }
        if (result != null && INTERFACES.contains(method.getReturnType())) {
            assertThat(result).isInstanceOf(Handle.class);
        }
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("methods")
    void isRefusedAfterTheFence(Class<?> type, Method method) throws Throwable {
        Object handle = handle(type);
        Leases.revoke(lease);
        Throwable thrown = catchThrowable(() -> call(handle, method));
        assertThat(callsBelow()).isEmpty();
        if (isFromMemory(method)
                || Set.of("close", "free", "isClosed", "isValid", "abort", "getConnection")
                        .contains(method.getName())) {
            assertThat(thrown).isNull();
        } else {
            assertThat(thrown).isInstanceOf(SQLException.class);
        }
        if (method.getName().equals("isClosed")) {
            assertThat(call(handle, method)).isEqualTo(true);
        }
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("methods")
    void isRefusedAfterTheApplicationClosed(Class<?> type, Method method) throws Throwable {
        Object handle = handle(type);
        lease.close();
        raw.calls.clear();
        Throwable thrown = catchThrowable(() -> call(handle, method));
        assertThat(callsBelow()).isEmpty();
        if (thrown != null) {
            assertThat(thrown).isInstanceOf(SQLException.class).hasMessage("Connection is closed");
        }
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("methods")
    void anErrorPoisonsAndMisuseDoesNot(Class<?> type, Method method) throws Throwable {
        if (isAnsweredByHandle(type, method)) {
            return;
        }
        Object handle = handle(type);
        for (Throwable clean : new Throwable[] {new IllegalArgumentException(), new SQLException("no", "42601")}) {
            raw.thrown = clean;
            if (clean instanceof SQLException && !declares(method)) {
                continue;
            }
            assertThatThrownBy(() -> call(handle, method)).isSameAs(clean);
            assertThat(lease.isCut()).isFalse();
            assertThat(lease.callsInProgress()).isZero();
        }
        Error error = new StackOverflowError();
        raw.thrown = error;
        assertThatThrownBy(() -> call(handle, method)).isSameAs(error);
        assertThat(lease.isCut()).isTrue();
        assertThat(lease.callsInProgress()).isZero();
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("methods")
    void anErrorInDisguisePoisons(Class<?> type, Method method) throws Throwable {
        if (isAnsweredByHandle(type, method)) {
            return;
        }
        IllegalStateException inProtocol = new IllegalStateException();
        inProtocol.setStackTrace(
                new StackTraceElement[] {new StackTraceElement("org.postgresql.core.PGStream", "receive", null, -1)});
        SQLException caused = new SQLException("I/O", "08006", new OutOfMemoryError());
        for (Throwable cutting :
                declares(method) ? new Throwable[] {inProtocol, caused} : new Throwable[] {inProtocol}) {
            HandleTest fresh = new HandleTest();
            Object handle = fresh.handle(type);
            fresh.raw.thrown = cutting;
            assertThatThrownBy(() -> call(handle, method)).isSameAs(cutting);
            assertThat(fresh.lease.isCut()).isTrue();
            assertThat(fresh.lease.callsInProgress()).isZero();
        }
    }

    /** The driver's own interface can cancel, too: whatever its backend does by then. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theDriverCancelsNothingOnceTheLeaseIsOver(boolean revoked) throws Exception {
        BaseConnection unwrapped = new ConnectionHandle(lease).unwrap(BaseConnection.class);
        unwrapped.cancelQuery();
        assertThat(driver.calls).extracting(Method::getName).containsExactly("cancelQuery");
        if (revoked) {
            Leases.revoke(lease);
        } else {
            lease.close();
        }
        driver.calls.clear();
        assertThatThrownBy(unwrapped::cancelQuery).isInstanceOf(SQLException.class);
        assertThatThrownBy(unwrapped.getQueryExecutor()::sendQueryCancel).isInstanceOf(SQLException.class);
        assertThat(driver.calls).extracting(Method::getName).doesNotContain("cancelQuery", "sendQueryCancel");
    }

    private static boolean declares(Method method) {
        return Arrays.asList(method.getExceptionTypes()).contains(SQLException.class);
    }
}
