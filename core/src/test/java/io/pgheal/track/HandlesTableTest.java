package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.NClob;
import java.sql.SQLXML;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TypeInfo;

/**
 * Holds the table of the handles against JDBC and against the driver. That each handle does what the table says, {@link
 * HandleTest} sees.
 */
class HandlesTableTest {
    private static final List<Class<?>> OF_THE_APPLICATION = List.of(
            Array.class,
            Blob.class,
            Clob.class,
            NClob.class,
            InputStream.class,
            Object.class,
            Reader.class,
            SQLXML.class);

    private static final ReachesServer REACHES = new ReachesServer();

    /** Only a statement that is being executed is cancelled, and over a connection that the driver opens for this. */
    private static final String CANCEL = "PgStatement.close -> PgStatement.cancel";
    /**
     * The driver closes a cursor of the server only for rows that it has fetched from a refcursor. Their statement is the
     * driver's own: an application has it only if it asks these rows for it.
     */
    private static final String CURSOR = "PgResultSet.closeInternally -> PgResultSet.closeRefCursor";

    private static final Map<String, String> DRIVERS = Map.ofEntries(
            Map.entry("Statement", "PgStatement"),
            Map.entry("PreparedStatement", "PgPreparedStatement"),
            Map.entry("CallableStatement", "PgCallableStatement"),
            Map.entry("ResultSet", "PgResultSet"),
            Map.entry("DatabaseMetaData", "PgDatabaseMetaData"),
            Map.entry("ResultSetMetaData", "PgResultSetMetaData"),
            Map.entry("ParameterMetaData", "PgParameterMetaData"),
            Map.entry("Blob", "PgBlob"),
            Map.entry("Clob", "PgClob"));

    /** What the type itself declares, as the running JDK has it. */
    private static Stream<Method> methods(Class<?> type) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(it -> Modifier.isPublic(it.getModifiers()) && !Modifier.isStatic(it.getModifiers()));
    }

    private static Stream<Class<?>> interfaces() {
        return DRIVERS.keySet().stream().map(HandlesTableTest::type);
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName("java.sql." + name);
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    /** The build sees to it for the release that pgheal is built for; a newer JDK may have more. */
    @Test
    void namesEveryMethodOfJdbc() {
        assertThat(interfaces()
                        .flatMap(HandlesTableTest::methods)
                        .filter(it -> HandlesTable.kind(it.getDeclaringClass(), it) == null))
                .isEmpty();
    }

    @Test
    void whatHandsTheDriverAnObjectOfTheApplicationIsAHost() {
        assertThat(interfaces()
                        .flatMap(HandlesTableTest::methods)
                        .filter(it -> Arrays.stream(it.getParameterTypes()).anyMatch(OF_THE_APPLICATION::contains))
                        .filter(it -> !Set.of("host", "read").contains(HandlesTable.kind(it.getDeclaringClass(), it))))
                .isEmpty();
    }

    /** By the driver's own code: whatever it calls, and what those call. */
    @Test
    void whatStaysInMemoryDoesNotLeadToTheServer() {
        List<String> leading = new ArrayList<>();
        int inMemory = 0;
        int talking = 0;
        for (Class<?> type : interfaces().toList()) {
            String driver = "org.postgresql.jdbc." + DRIVERS.get(type.getSimpleName());
            for (Method method : methods(type).toList()) {
                String kind = HandlesTable.kind(type, method);
                List<String> path = REACHES.path(driver, method);
                if (Set.of("touch", "ask", "warnings", "closed", "connection").contains(kind)) {
                    inMemory++;
                    if (!path.isEmpty()) {
                        leading.add(kind + " " + method + " leads to " + path);
                    }
                } else if (!path.isEmpty()) {
                    talking++;
                }
            }
        }
        assertThat(leading).isEmpty();
        assertThat(inMemory).isGreaterThan(150);
        assertThat(talking).isGreaterThan(150); // else nothing would lead anywhere
    }

    /** No way leads to the server without one of these two steps, and each of them is on one. So little stack is enough. */
    @Test
    void whatIsReleasedStaysInMemory() {
        ReachesServer otherwise = REACHES.without(Set.of(CANCEL, CURSOR));
        List<ReachesServer> byOneOnly = List.of(REACHES.without(Set.of(CURSOR)), REACHES.without(Set.of(CANCEL)));
        List<String> released = new ArrayList<>();
        for (Class<?> type : interfaces().toList()) {
            String driver = "org.postgresql.jdbc." + DRIVERS.get(type.getSimpleName());
            for (Method method : methods(type).toList()) {
                if ("release".equals(HandlesTable.kind(type, method))) {
                    released.add(type.getSimpleName() + "." + method.getName());
                    assertThat(otherwise.path(driver, method)).as("%s", method).isEmpty();
                    assertThat(byOneOnly)
                            .noneMatch(it -> it.path(driver, method).isEmpty());
                }
            }
        }
        assertThat(released).containsExactly("Statement.close");
    }

    /** They read and bind when their lease is over: by then the driver's connection belongs to somebody else. */
    @Test
    void whatAnArrayAsksIsAnsweredWithoutTheServer() throws Exception {
        assertThat(REACHES.calls("org.postgresql.jdbc.PgArray", BaseConnection.class, TypeInfo.class))
                .contains("getTypeInfo", "createStatement")
                .isSubsetOf(ArrayType.ANSWERED);
        assertThat(REACHES.calls("org.postgresql.jdbc.ArrayDecoding", BaseConnection.class, TypeInfo.class))
                .contains("getPGType", "getObject")
                .isSubsetOf(ArrayType.ANSWERED);
        for (Method method : BaseConnection.class.getMethods()) {
            if (ArrayType.ANSWERED.contains(method.getName())) {
                assertThat(REACHES.path("org.postgresql.jdbc.PgConnection", method))
                        .isEmpty();
            }
        }
    }

    /** The application holds the driver's own. */
    @Test
    void xmlStaysInMemory() {
        for (Method method : SQLXML.class.getMethods()) {
            assertThat(REACHES.path("org.postgresql.jdbc.PgSQLXML", method)).isEmpty();
        }
    }
}
