package io.pgheal.testserver;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * No thread of pgheal and no session in the server's database is left; it waits for that, and names what is left. {@link
 * PostgresServer} looks after each class; registered like this, it looks after each test:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);
 * }</pre>
 *
 * In a static field, so that it looks when everything else is closed. Not for tests that run side by side in one JVM.
 */
public final class NothingLeft implements AfterEachCallback {
    private final Map<String, Callable<? extends Collection<?>>> kinds = new LinkedHashMap<>();

    private NothingLeft() {}

    public static NothingLeft on(PostgresServer server) {
        return ofThreads().and("sessions", () -> sessions(server));
    }

    /** What else is to be gone, as seen from where it is known: the leases of a registry, say. */
    public NothingLeft and(String kind, Callable<? extends Collection<?>> left) {
        kinds.put(kind, left);
        return this;
    }

    /** For a server that is stopped or frozen by its tests. */
    static NothingLeft ofThreads() {
        return new NothingLeft().and("threads", NothingLeft::threads);
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(each -> each.getKey().getName().startsWith("pgheal-"))
                .map(each -> Patience.text(each.getKey(), each.getValue()))
                .toList();
    }

    private static List<?> sessions(PostgresServer server) throws SQLException {
        return server.admin()
                .rows("SELECT pid, application_name, state, wait_event, query FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND backend_type = 'client backend'"
                        + " AND pid <> pg_backend_pid()");
    }

    private List<String> left() throws Exception {
        List<String> left = new ArrayList<>();
        for (Map.Entry<String, Callable<? extends Collection<?>>> kind : kinds.entrySet()) {
            kind.getValue().call().forEach(each -> left.add(kind.getKey() + ": " + each));
        }
        return left;
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        look("the test");
    }

    void look(String after) throws Exception {
        try {
            await().pollDelay(Duration.ZERO).until(() -> left().isEmpty());
        } catch (ConditionTimeoutException e) {
            List<String> left = left(); // a machine may have been too slow to look even once
            if (!left.isEmpty()) {
                throw new AssertionError("left after " + after + ":\n" + String.join("\n", left), e);
            }
        }
    }

    /** Nobody has a connection of that pool any more. */
    public static void everySlotIsBack(HikariDataSource pool) {
        await("every slot of " + pool.getPoolName() + " is back")
                .until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
    }
}
