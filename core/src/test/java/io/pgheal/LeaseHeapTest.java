package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import javax.management.ObjectName;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * What is on the heap of pgheal's objects after a hundred thousand leases, or {@code -Dpgheal.test.leases=1000000}, is what
 * was there before them.
 */
@Tag("thorough")
@Timeout(600)
class LeaseHeapTest {
    private static final int LEASES = Integer.getInteger("pgheal.test.leases", 100_000);
    private static final int WARM_UP = 5_000;
    private static final int ROUNDS = 10;
    private static final int CONNECTIONS = 4;

    private static final String PGHEAL = "io.pgheal.";

    /** What may hold a lease. The JVM makes some for itself at its own time, too, but not with every round of leases. */
    private static final String REFERENCES = "java.lang.ref.";

    /** Of a class: what is in flight, or soft. */
    private static final long SLACK = 200;

    @Test
    void nothingIsLeftOfAClosedLease() throws Exception {
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool())
                .name("heap")
                .config(HealingConfig.builder().stackPreflight(false).build())
                .control(() -> {
                    throw new SQLException("no server here", "08001");
                })
                .build()) {
            lease(guarded, WARM_UP);
            Map<String, Long> atFirst = histogram();
            Map<String, Long> before = atFirst;
            for (int round = 1; ; round++) {
                lease(guarded, LEASES);
                await().until(() -> guarded.healer().leases() == 0);
                await().atMost(Duration.ofMinutes(1))
                        .untilAsserted(() -> assertThat(grown(atFirst, histogram(), PGHEAL))
                                .as("instances of pgheal's classes")
                                .isEmpty());
                Map<String, Long> after = histogram();
                Map<String, Long> grown = grown(before, after, REFERENCES);
                if (grown.isEmpty()) {
                    return;
                }
                assertThat(round)
                        .as("rounds, and %s grew in each of them", grown)
                        .isLessThan(ROUNDS);
                before = after;
            }
        }
    }

    private static void lease(DataSource dataSource, int times) throws SQLException {
        for (int i = 0; i < times; i++) {
            try (Connection connection = dataSource.getConnection();
                    PreparedStatement statement = connection.prepareStatement("SELECT " + i)) {
                connection.setAutoCommit(false);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                }
                if (i % 10 == 0) {
                    connection.rollback();
                } else {
                    connection.commit();
                }
            }
        }
    }

    private static Map<String, Long> grown(Map<String, Long> before, Map<String, Long> after, String types) {
        Map<String, Long> grown = new TreeMap<>();
        after.forEach((type, count) -> {
            long more = count - before.getOrDefault(type, 0L);
            if (type.startsWith(types) && more > SLACK) {
                grown.put(type, more);
            }
        });
        return grown;
    }

    /** By the JVM itself, after a full collection. */
    private static Map<String, Long> histogram() throws Exception {
        String text = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        Map<String, Long> instances = new TreeMap<>();
        text.lines().map(line -> line.strip().split("\\s+")).forEach(columns -> {
            if (columns.length >= 4 && (columns[3].startsWith(PGHEAL) || columns[3].startsWith(REFERENCES))) {
                instances.put(columns[3], Long.parseLong(columns[1]));
            }
        });
        return instances;
    }

    // ---- a pool that never asks a server

    private static DataSource pool() {
        Connection[] connections = new Connection[CONNECTIONS];
        for (int i = 0; i < CONNECTIONS; i++) {
            connections[i] = proxy(BaseConnection.class);
        }
        int[] next = new int[1];
        return (DataSource) Proxy.newProxyInstance(
                LeaseHeapTest.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) ->
                        method.getName().equals("getConnection") ? connections[next[0]++ % CONNECTIONS] : null);
    }

    @SuppressWarnings("unchecked")
    private static <T> T proxy(Class<T> type) {
        return (T) Proxy.newProxyInstance(
                LeaseHeapTest.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "hashCode":
                            return System.identityHashCode(proxy);
                        case "equals":
                            return proxy == arguments[0];
                        case "getTransactionState":
                            return TransactionState.IDLE;
                        default:
                    }
                    Class<?> answer = method.getReturnType();
                    if (answer == boolean.class) {
                        return false;
                    }
                    if (answer == int.class) {
                        return 1;
                    }
                    return answer.getName().startsWith("java.sql.") && answer.isInterface() ? proxy(answer) : null;
                });
    }
}
