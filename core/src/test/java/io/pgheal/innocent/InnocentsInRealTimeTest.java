package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.ServerLog;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One minute in which all innocents are slow at once, each with somebody who waits for its lock and an exhausted pool, while
 * an application that is well works next to them: for that one nothing is sent to the server.
 */
@Tag("thorough")
@Timeout(600)
class InnocentsInRealTimeTest {
    private static final ServerLog LOG = new ServerLog();

    @RegisterExtension
    static final PostgresServer SERVER = LOG.server();

    private static final Duration TIME = Duration.ofSeconds(Long.getLong("pgheal.test.seconds", 60));
    private static final Stages STAGES = new Stages();
    private static HealthyLoad load;
    private static List<String> askedBefore;
    private static List<String> askedInTheMinute;

    static Stream<Innocent> innocents() {
        return Innocent.all();
    }

    @BeforeAll
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    static void letTimePass() throws Exception {
        STAGES.open(SERVER, Ticker.system(), innocents().toList());
        load = new HealthyLoad(SERVER);
        await().until(() -> load.guarded.healer().connected());
        askedBefore = LOG.byPgheal(load.database());
        load.start();
        long began = System.nanoTime();
        await().atMost(TIME.multipliedBy(2)).pollInterval(TIME.dividedBy(20)).until(() -> {
            System.gc(); // what they hold is in use
            return System.nanoTime() - began >= TIME.toNanos();
        });
        load.stop();
        List<String> asked = LOG.byPgheal(load.database());
        askedInTheMinute = asked.subList(askedBefore.size(), asked.size());
    }

    @ParameterizedTest
    @MethodSource("innocents")
    void isNeverTouched(Innocent innocent) throws Exception {
        STAGES.of(innocent.name()).finish();
    }

    @Test
    void nothingIsSentForAnApplicationThatIsWell() {
        assertThat(askedBefore).as("what it asks at its start is in the log").isNotEmpty();
        assertThat(load.committed()).isPositive();
        assertThat((long) askedInTheMinute.size())
                .as("statements of the %d questions that the rule allows", load.questions())
                .isLessThanOrEqualTo(HealthyLoad.STATEMENTS_OF_A_QUESTION * load.questions());
        assertThat(LOG.statements(HealthyLoad.APPLICATION, load.database()))
                .as("its own connections: one question for each new one, and what the application itself sends")
                .filteredOn(sql -> sql.contains("pg_"))
                .hasSizeLessThanOrEqualTo(8)
                .allMatch(sql -> sql.contains("pg_stat_get_activity"));
    }

    @AfterAll
    static void close() throws Exception {
        STAGES.close();
        if (load != null) {
            load.close();
        }
    }
}
