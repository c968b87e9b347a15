package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.CutConnectionException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every method of every JDBC interface that leads to the connection, in front of the real driver: an error out of it poisons
 * the connection, the clean-up that follows is told the truth, and the one slot of the pool is lent again with another
 * connection. Arrays and XML are values, which are read past the driver's connection: {@code DriverValuesTest} has them.
 */
@Tag("thorough")
class DriverErrorTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** Answered by the handles themselves, or by the pool. */
    private static final Set<String> NOT_PASSED_ON = Set.of(
            "unwrap",
            "isWrapperFor",
            "getConnection",
            "getStatement",
            "wait",
            "notify",
            "notifyAll",
            "getClass",
            "equals",
            "hashCode",
            "toString",
            "mark",
            "markSupported",
            "transferTo",
            "readAllBytes",
            "readNBytes",
            "skipNBytes");

    /** HikariCP answers these, and does not ask the driver. */
    private static final Set<String> OF_THE_POOL = Set.of("close", "isClosed", "getAutoCommit");

    private final Sabotage sabotage = new Sabotage();
    private HikariDataSource pool;
    private SelfHealingDataSource guarded;

    @BeforeEach
    void open() throws SQLException {
        pool = SERVER.app()
                .pool(
                        "sabotaged",
                        1,
                        config -> config.setDataSource(
                                sabotage.inFrontOf(SERVER.app().dataSource())));
        guarded = SelfHealingDataSource.builder(pool).build();
    }

    @AfterEach
    void close() {
        guarded.close();
        pool.close();
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Connection.class,
                Statement.class,
                PreparedStatement.class,
                CallableStatement.class,
                ResultSet.class,
                ResultSetMetaData.class,
                ParameterMetaData.class,
                DatabaseMetaData.class,
                Blob.class,
                Clob.class,
                InputStream.class,
                OutputStream.class
            })
    void anErrorOutOfAnyMethodPoisons(Class<?> type) throws Exception {
        List<String> missed = new ArrayList<>();
        int last = -1;
        int tried = 0;
        for (Method method : methods(type)) {
            long before = guarded.healer().quarantined();
            Error error = new NoClassDefFoundError("in a test");
            try (Connection connection = guarded.getConnection()) {
                int pid = Sql.pid(connection);
                assertThat(pid).as("backend after the one that was poisoned").isNotEqualTo(last);
                connection.setAutoCommit(false);
                Savepoint savepoint = connection.setSavepoint();
                Object handle = handle(type, connection);
                sabotage.arm(method, error);
                Throwable seen = catchThrowable(() -> call(handle, method));
                if (sabotage.isArmed()) {
                    sabotage.disarm();
                    if (!method.isDefault()) {
                        missed.add(method.getName());
                    }
                    last = -1;
                    continue;
                }
                tried++;
                assertThat(seen).as(method.toString()).isSameAs(error);
                assertThat(guarded.healer().quarantined()).as(method.toString()).isEqualTo(before + 1);
                cleanUp(
                        connection,
                        savepoint,
                        type == Connection.class && method.getName().equals("commit"));
                last = pid;
            }
        }
        assertThat(tried).isPositive();
        await().until(() -> guarded.leases().isEmpty());
        assertThat(OF_THE_POOL).as("methods that did not reach the driver").containsAll(missed);
    }

    /** What Spring's and other people's clean-up calls. */
    private static void cleanUp(Connection connection, Savepoint savepoint, boolean mayHaveCommitted)
            throws SQLException {
        assertThat(connection.isClosed()).isFalse();
        assertThat(connection.getAutoCommit()).isFalse();
        assertThatThrownBy(connection::commit).isInstanceOf(CutConnectionException.class);
        assertThatThrownBy(connection::createStatement).isInstanceOf(CutConnectionException.class);
        assertThatThrownBy(() -> connection.rollback(savepoint)).isInstanceOf(CutConnectionException.class);
        assertThatThrownBy(() -> connection.setAutoCommit(true)).isInstanceOf(CutConnectionException.class);
        if (mayHaveCommitted) {
            assertThatThrownBy(connection::rollback)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"));
        } else {
            assertThatCode(connection::rollback).doesNotThrowAnyException();
        }
        assertThatCode(() -> connection.setAutoCommit(true)).doesNotThrowAnyException();
        assertThatThrownBy(connection::commit).isInstanceOf(CutConnectionException.class);
    }

    private static List<Method> methods(Class<?> type) {
        return Arrays.stream(type.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !NOT_PASSED_ON.contains(method.getName()))
                .toList();
    }

    private static Object call(Object handle, Method method) throws Throwable {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = argument(types[i]);
        }
        try {
            return method.invoke(handle, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }

    private static Object argument(Class<?> type) {
        if (type == boolean.class) return false;
        if (type == int.class) return 1;
        if (type == long.class) return 1L;
        if (type == short.class) return (short) 1;
        if (type == byte.class) return (byte) 1;
        if (type == float.class) return 1f;
        if (type == double.class) return 1d;
        if (type == String.class) return "select 1";
        if (type == byte[].class) return new byte[1];
        return null;
    }

    private static Object handle(Class<?> type, Connection connection) throws SQLException {
        if (type == Connection.class) return connection;
        if (type == Statement.class) return connection.createStatement();
        if (type == PreparedStatement.class || type == ParameterMetaData.class) {
            PreparedStatement statement = connection.prepareStatement("SELECT ?::int");
            return type == PreparedStatement.class ? statement : statement.getParameterMetaData();
        }
        if (type == CallableStatement.class)
            return connection.prepareCall("SELECT abs(?)"); // a CALL could have committed
        if (type == DatabaseMetaData.class) return connection.getMetaData();
        Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
        ResultSet found = statement.executeQuery("SELECT lo_from_bytea(0, 'abc')");
        if (type == ResultSet.class) return found;
        if (type == ResultSetMetaData.class) return found.getMetaData();
        found.next();
        if (type == Clob.class) return found.getClob(1);
        Blob blob = found.getBlob(1);
        if (type == InputStream.class) return blob.getBinaryStream();
        if (type == OutputStream.class) return blob.setBinaryStream(1);
        return blob;
    }
}
