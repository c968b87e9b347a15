package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.BackendId;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseEvent;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the healing loop remembers. */
class BoundsTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ExecutorService executor = Executors.newFixedThreadPool(1);
    private GuardedPool pool;

    @AfterEach
    void stop() {
        executor.shutdownNow();
        pool.close();
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    private Map<?, ?> scheduled(String schedule, String name) throws ReflectiveOperationException {
        Object loop = field(field(pool.guarded, "healing"), "loop");
        return (Map<?, ?>) field(field(loop, schedule), name);
    }

    /** Nobody can be asked whether they are gone. */
    @Test
    void aThousandBackendsAreKeptAsOutlived() throws Exception {
        pool = GuardedPool.on(
                SERVER,
                config -> config,
                builder -> builder.control(() -> {
                    throw new SQLException("no way", "08001");
                }));
        Object queue = field(field(pool.guarded, "registry"), "queue");
        Method raise = queue.getClass().getDeclaredMethod("raise", LeaseEvent.class);
        raise.setAccessible(true);
        for (int i = 1; i <= 3000; i++) {
            raise.invoke(queue, new LeaseEvent.Outlived(new BackendId(i, "2026-01-01T00:00:00.000000Z")));
            if (i % 500 == 0) {
                await().until(() -> ((java.util.Queue<?>) field(queue, "events")).isEmpty());
            }
        }
        Map<?, ?> afterlife = scheduled("afterlife", "backends");
        await().until(() -> afterlife.size() >= 1000);
        assertThat(afterlife).hasSize(1000);
    }

    @Test
    void whatWasLookedAtIsForgottenWithItsLease() throws Exception {
        pool = GuardedPool.on(
                SERVER,
                config -> config.abandonedGrace(Duration.ofMillis(100))
                        .abandonedPatience(Duration.ofMinutes(5))
                        .lockWaitThreshold(Duration.ofMillis(100)));
        Map<?, ?> looks = scheduled("suspects", "suspects");
        Map<?, ?> slowLooks = scheduled("slowStatements", "statements");
        for (int i = 0; i < 3; i++) {
            AtomicReference<Connection> left = new AtomicReference<>();
            try (SideBySide beside = new SideBySide()) {
                beside.start("leaver", () -> left.set(pool.beginLogin("alice"))).get();
            }
            await().until(() -> !looks.isEmpty());
            executor.submit(() -> {
                        left.get().rollback();
                        left.get().close();
                        return null;
                    })
                    .get();
            Gate gate = new Gate(SERVER);
            var slow = executor.submit(() -> {
                try (Connection connection = pool.guarded.getConnection()) {
                    Sql.run(connection, gate.statement());
                    return null;
                }
            });
            await().until(() -> !slowLooks.isEmpty());
            gate.open();
            slow.get();
        }
        await().until(() -> looks.isEmpty() && slowLooks.isEmpty());
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
    }
}
