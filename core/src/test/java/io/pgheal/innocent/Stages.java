package io.pgheal.innocent;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.TickerSeam;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

/** The stages of many innocents. Each waits for its server more than it works, so a few are opened at a time. */
final class Stages implements AutoCloseable {
    private static final int AT_A_TIME = 6;

    private final Map<String, Stage> open = new ConcurrentHashMap<>();

    private interface Step {
        void take() throws Exception;
    }

    /** Returns when all are slow, and whoever is to wait for them does. */
    void open(PostgresServer server, Ticker ticker, List<Innocent> innocents) throws Exception {
        UnaryOperator<SelfHealingDataSource.Builder> clock = TickerSeam.forAll(ticker);
        Stage.createTables(server);
        sideBySide(innocents.stream()
                .<Step>map(innocent -> () -> {
                    Stage stage = Stage.open(server, clock, innocent);
                    open.put(innocent.name(), stage);
                    stage.awaitWaiters();
                })
                .toList());
    }

    Stage of(String name) {
        return open.get(name);
    }

    @Override
    public void close() throws Exception {
        sideBySide(open.values().stream().<Step>map(stage -> stage::close).toList());
        open.clear();
    }

    private static void sideBySide(List<Step> steps) throws Exception {
        ExecutorService few = Executors.newFixedThreadPool(AT_A_TIME);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (Step step : steps) {
                all.add(few.submit(() -> {
                    step.take();
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            few.shutdownNow();
        }
    }
}
