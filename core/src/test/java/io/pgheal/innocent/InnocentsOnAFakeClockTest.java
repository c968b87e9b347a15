package io.pgheal.innocent;

import io.pgheal.HealingConfig;
import io.pgheal.testserver.PostgresServer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nobody who is alive is touched by the defaults, however slow: each innocent has somebody who waits for its lock, and its
 * pool is exhausted, for much longer than twice the longest time in the defaults. All of them share the clock, so that
 * time passes once.
 */
class InnocentsOnAFakeClockTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** Twice the longest pause between two looks, too. */
    private static final Duration LONG =
            HealingConfig.defaults().limits().patience().multipliedBy(4);

    private static final FakeTime TIME = new FakeTime();
    private static final Map<String, Stage> STAGES = new LinkedHashMap<>();
    private static Lost lost;

    static Stream<Innocent> innocents() {
        return Innocent.all();
    }

    @BeforeAll
    static void letTimePass() throws Exception {
        Stage.createTables(SERVER);
        for (Innocent innocent : innocents().toList()) {
            Stage stage = Stage.open(SERVER, TIME, innocent);
            STAGES.put(innocent.name(), stage);
            stage.awaitWaiters();
        }
        lost = new Lost(SERVER, TIME);
        for (int i = 0; i < 4; i++) {
            System.gc(); // what they hold is in use
            TIME.pass(LONG.dividedBy(4));
        }
    }

    @ParameterizedTest
    @MethodSource("innocents")
    void isNeverTouched(Innocent innocent) throws Exception {
        STAGES.get(innocent.name()).finish();
    }

    /** By the same clock, the same defaults and the same kind of healer: who sees nothing would spare everybody. */
    @Test
    void whatIsLostIsHealedMeanwhile() throws Exception {
        lost.assertHealed();
    }

    @AfterAll
    static void close() {
        if (lost != null) {
            lost.close();
        }
        STAGES.values().forEach(Stage::close);
        STAGES.clear();
    }
}
