package io.pgheal.innocent;

import io.pgheal.HealingConfig;
import io.pgheal.testserver.PostgresServer;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nobody who is alive is touched by the defaults, however slow: each innocent has somebody who waits for its lock, and its
 * pool is exhausted, for much longer than twice the longest time in the defaults; and those that rest are there once more
 * with nobody who wants anything. All of them share the clock, so that time passes once.
 */
class InnocentsOnAFakeClockTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** Twice the longest pause between two looks, too. */
    private static final Duration LONG =
            HealingConfig.defaults().limits().patience().multipliedBy(4);

    private static final FakeTime TIME = new FakeTime();
    private static final Stages STAGES = new Stages();
    private static Lost lost;

    static Stream<Innocent> innocents() {
        return Stream.concat(Innocent.all(), Innocent.allThatAreLeftInPeace());
    }

    @BeforeAll
    static void letTimePass() throws Exception {
        STAGES.open(SERVER, TIME, innocents().toList());
        lost = new Lost(SERVER, TIME);
        for (int i = 0; i < 4; i++) {
            System.gc(); // what they hold is in use
            TIME.pass(LONG.dividedBy(4));
        }
    }

    @ParameterizedTest
    @MethodSource("innocents")
    void isNeverTouched(Innocent innocent) throws Exception {
        STAGES.of(innocent.name()).finish();
    }

    /** By the same clock, the same defaults and the same kind of healer: who sees nothing would spare everybody. */
    @Test
    void whatIsLostIsHealedMeanwhile() throws Exception {
        lost.assertHealed();
    }

    @AfterAll
    static void close() throws Exception {
        if (lost != null) {
            lost.close();
        }
        STAGES.close();
    }
}
