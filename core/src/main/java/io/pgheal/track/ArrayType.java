package io.pgheal.track;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TypeInfo;
import org.postgresql.jdbc.PgArray;

/**
 * The type of an array's elements, and with it what the driver's array asks its connection for. The driver finds out
 * the type when somebody reads the array, and may have to ask the server: over a connection that belongs to somebody
 * else by then, where the lease is over. So pgheal finds it out when the array is made, and answers from then on. For a
 * type that the driver knows this takes a few looks into its tables.
 *
 * <p>A dynamic proxy like {@link DriverHandle}. What arrays ask today is answered without reflection, whose first use
 * takes more stack than there may be.
 */
final class ArrayType implements InvocationHandler {
    static final Set<String> ANSWERED = Set.of(
            "getTypeInfo",
            "getPGArrayElement",
            "getArrayDelimiter",
            "getPGType",
            "getSQLType",
            "getEncoding",
            "getTimestampUtils",
            "getObject",
            "encodeString",
            "createStatement");

    /** "Object not in prerequisite state". */
    private static final String NOT_IN_STATE = "55000";

    /** The array keeps its type to itself. Null where another version of the driver names it otherwise. */
    private static final @Nullable Field OID = oidField();

    static {
        proxy((proxy, method, arguments) -> null); // makes the class while there is stack
    }

    private final Lease lease;
    private final BaseConnection driver;
    private int oid;
    private int element;
    private String name = "";
    private int sqlType;
    private char delimiter;
    /** Why the type is not known: the column is no array, or the transaction had failed. */
    private @Nullable SQLException why;

    private ArrayType(Lease lease) {
        this.lease = lease;
        this.driver = lease.driver();
    }

    static ArrayType of(Lease lease, PgArray raw) throws SQLException {
        ArrayType type = new ArrayType(lease);
        try {
            type.learn(raw);
        } catch (SQLException e) {
            if (CutCall.isCutBy(e) || !lease.isConnected()) {
                throw e;
            }
            type.why = e; // the driver would say so when the array is read; until then it can be printed
        }
        return type;
    }

    /** As the driver finds it out when it reads the array. A search by name could find another type of that name. */
    private void learn(PgArray raw) throws SQLException {
        TypeInfo types = driver.getTypeInfo();
        name = raw.getBaseTypeName();
        sqlType = types.getSQLType(name);
        oid = OID == null ? types.getPGArrayType(name) : oidOf(raw);
        element = types.getPGArrayElement(oid);
        delimiter = types.getArrayDelimiter(oid);
    }

    private static @Nullable Field oidField() {
        try {
            Field field = PgArray.class.getDeclaredField("oid");
            return field.trySetAccessible() ? field : null;
        } catch (ReflectiveOperationException | RuntimeException otherVersion) {
            return null;
        }
    }

    private static int oidOf(PgArray raw) {
        try {
            return Objects.requireNonNull(OID).getInt(raw);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e); // cannot happen: it is accessible
        }
    }

    int oid() {
        return oid;
    }

    /** In place of the driver's connection. */
    BaseConnection connection() {
        return (BaseConnection) proxy(this);
    }

    private static Object proxy(InvocationHandler handler) {
        return Proxy.newProxyInstance(
                BaseConnection.class.getClassLoader(), new Class<?>[] {BaseConnection.class, TypeInfo.class}, handler);
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        if (!ANSWERED.contains(method.getName())) {
            return unheardOf(method, arguments);
        }
        @Nullable Object[] given = arguments == null ? new Object[0] : arguments;
        return method.getName().equals("getTypeInfo") ? proxy : answer(method.getName(), given);
    }

    /** Arrays ask for the type of their own elements only. */
    @SuppressWarnings("deprecation") // not for arrays
    private @Nullable Object answer(String asked, @Nullable Object[] given) throws SQLException {
        return switch (asked) {
            case "getPGArrayElement" -> known(element);
            case "getArrayDelimiter" -> known(delimiter);
            case "getPGType" -> known(name);
            case "getSQLType" -> known(sqlType);
            case "getEncoding" -> driver.getEncoding();
            case "getTimestampUtils" -> driver.getTimestampUtils();
            case "getObject" -> driver.getObject((String) given[0], (String) given[1], (byte[]) given[2]);
            case "encodeString" -> driver.encodeString((String) given[0]);
            case "createStatement" -> driver.createStatement((int) given[0], (int) given[1]); // see ArrayValue's rows
            default -> throw new IllegalStateException(asked);
        };
    }

    private <T> T known(T answer) throws SQLException {
        SQLException seen = why;
        if (seen != null) {
            throw unknown(seen.getMessage(), seen);
        }
        return answer;
    }

    /**
     * Never of class 08: the array may be bound on another connection, whose pool would take such an exception for the
     * loss of that connection, and close it with its transaction.
     */
    static SQLException unknown(@Nullable String message, @Nullable SQLException cause) {
        String state = cause == null ? null : cause.getSQLState();
        return new SQLException(message, state == null || state.startsWith("08") ? NOT_IN_STATE : state, cause);
    }

    /** What only another version of the driver asks. If it may talk to the server: within the lease, or not at all. */
    private @Nullable Object unheardOf(Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
        Object target = method.getDeclaringClass() == TypeInfo.class ? driver.getTypeInfo() : driver;
        if (!DriverHandle.throwsSql(method)) {
            return DriverHandle.call(target, method, arguments);
        }
        if (!lease.tryEnter(Call.HOST)) {
            throw unknown("The connection of this array is over", null);
        }
        try {
            Object result = DriverHandle.call(target, method, arguments);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        }
    }
}
