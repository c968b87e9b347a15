package io.pgheal.heal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What holds whatever was decided. */
@Timeout(60)
class HealerTest {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Decision HEAL = new Decision(Action.HEAL, "for a test", false, true, Duration.ZERO);

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ControlChannel channel =
            new ControlChannel("test", ControlSettings.of(SERVER.url(), SERVER.superuser(), SERVER::superuserPassword));
    private final Healer healer = new Healer(channel, Ticker.system(), Duration.ofMillis(200));

    @BeforeEach
    void connect() {
        channel.start();
        await().until(() -> channel.server().isPresent());
    }

    @AfterEach
    void close() {
        channel.close();
    }

    private Diagnosis orphan(Connection connection, String untouchable) throws Exception {
        Backend backend;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            int pid = row.getInt(1);
            statement.close();
            backend = channel.ask(ANSWER, control -> control.backend(pid)).orElseThrow();
        }
        return new Diagnosis(
                DiagnosisKind.ORPHANED_BACKEND,
                null,
                List.of(),
                backend.id(),
                backend,
                List.of(),
                List.of(),
                false,
                untouchable);
    }

    @Test
    void whatIsUntouchableIsNotSignalled() throws Exception {
        try (Connection innocent = SERVER.connection()) {
            innocent.setAutoCommit(false);
            Outcome outcome = healer.carryOut(orphan(innocent, "it must not"), HEAL, "1");
            assertThat(outcome.kind()).isEqualTo(OutcomeKind.UNRESOLVED);
            assertThat(outcome.rungs())
                    .singleElement()
                    .satisfies(rung -> assertThat(rung.outcome()).isEqualTo("not sent: it must not"));
            assertThat(innocent.isValid(10)).isTrue();
            innocent.commit();
        }
    }

    @Test
    void whatIsToBeEndedIsSeenToBeGone() throws Exception {
        try (Connection victim = SERVER.connection()) {
            victim.setAutoCommit(false);
            Outcome outcome = healer.carryOut(orphan(victim, null), HEAL, "1");
            assertThat(outcome.kind()).isEqualTo(OutcomeKind.HEALED);
            assertThat(victim.isValid(10)).isFalse();
        }
    }
}
