package io.pgheal;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.ControlSettings;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.postgresql.ds.PGSimpleDataSource;

/** Loaded by a class loader of its own: guards a data source, has a leak healed, is closed, and has a listener that blocks. */
public final class RedeployedApplication implements Callable<String> {
    private final String url;
    private final String user;
    private final String password;

    public RedeployedApplication(String url, String user, String password) {
        this.url = url;
        this.user = user;
        this.password = password;
    }

    @Override
    public String call() throws Exception {
        PGSimpleDataSource pool = new PGSimpleDataSource();
        pool.setUrl(url);
        pool.setUser(user);
        pool.setPassword(password);
        List<Object> kept = Collections.synchronizedList(new ArrayList<>());
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                .name("deployed")
                .control(ControlSettings.of(url, user, () -> password))
                .meterRegistry(new SimpleMeterRegistry())
                .listener(kept::add)
                .listener(incident -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                })
                .build()) {
            until(() -> guarded.healer().connected());
            try (var scope = guarded.scope("leak")) {
                Connection left = guarded.getConnection();
                left.setAutoCommit(false);
                try (Statement statement = left.createStatement()) {
                    statement.execute("SELECT 1");
                }
                kept.add(left);
            }
            until(() -> guarded.incidents().stream().anyMatch(it -> it.outcome() == OutcomeKind.HEALED));
            until(() -> kept.size() == 2);
            try (Connection open = guarded.getConnection();
                    Statement statement = open.createStatement()) {
                statement.execute("SELECT 1");
            }
        }
        return getClass().getClassLoader().getClass().getSimpleName();
    }

    /** Awaitility belongs to the other class loader, and would keep this one. */
    private static void until(Callable<Boolean> condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.call()) {
            if (System.nanoTime() - start > Duration.ofSeconds(30).toNanos()) {
                throw new IllegalStateException("not within 30 s");
            }
            LockSupport.parkNanos(5_000_000);
        }
    }
}
