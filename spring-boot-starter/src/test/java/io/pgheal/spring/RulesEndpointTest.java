package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.example.LoginApplication;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** The rules of a running application, changed through its endpoint. */
class RulesEndpointTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private static RunningApplication application;
    private static HealingConfig unchanged;

    @BeforeAll
    static void startWithATable() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (id int PRIMARY KEY, amount int)");
            statement.execute("INSERT INTO ledger VALUES (1, 0)");
        }
        application = RunningApplication.start(
                LoginApplication.class,
                SERVER,
                "management.endpoint.pgheal.access=unrestricted",
                "pgheal.lock-wait.threshold=100ms");
        await().until(() -> application.guard().healer().connected());
        unchanged = application.guard().config();
    }

    @BeforeEach
    void listen() {
        log.start();
        logger().addAppender(log);
    }

    @AfterEach
    void changeEverythingBack() {
        logger().detachAppender(log);
        application.guard().config(unchanged);
        application.guard().mode(HealingMode.HEAL);
    }

    @AfterAll
    static void stop() {
        application.close();
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(SelfHealingDataSource.class);
    }

    @Test
    void aLimitForATableThatIsSetWhileItsLockIsAwaited() throws Exception {
        Connection holder = application.guard().getConnection();
        try (Connection ours = application.guard().getConnection()) {
            holder.setAutoCommit(false);
            update(holder);
            CompletableFuture<Void> waiting = RunningApplication.meanwhile(() -> update(ours));
            await().until(() -> application.guard().incidents().stream()
                    .anyMatch(incident -> incident.outcome() == OutcomeKind.REPORTED));
            assertThat(waiting).as("judged without a limit").isNotDone();

            HttpResponse<String> answer = application.post(
                    "/actuator/pgheal",
                    "{\"table\":\"ledger\",\"idleBlockerTimeout\":\"1s\",\"operator\":\"night-watch\"}");
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);

            waiting.get();
            await().until(() -> application.guard().incidents().stream()
                    .anyMatch(incident -> incident.outcome() == OutcomeKind.HEALED));
        }
        assertThat(lines())
                .contains("[dataSource] pgheal's rules have changed: pgheal.tables.ledger.idle-blocker-timeout is 1s "
                        + "(was unset), set by night-watch");
        assertThat(RunningApplication.<Integer>at(
                        application.json("/actuator/pgheal"),
                        "dataSources",
                        "dataSource",
                        "rules",
                        "tables",
                        "ledger",
                        "idleBlockerTimeoutMillis"))
                .isEqualTo(1000);
    }

    @Test
    void everyRuleThatCanBeChanged() {
        HttpResponse<String> answer = application.post("/actuator/pgheal", """
                {"mode": "observe", "dataSource": "dataSource", "idleBlockerTimeout": "30s", "activeBlockerTimeout": "1m",
                 "abandonedGrace": "3s", "abandonedPatience": "20s", "spareUsers": "batch",
                 "spareApplicationNames": "psql, import", "spareDatabases": "archive", "spareTables": "audit.log",
                 "spareStatementTags": "nightly"}
                """);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        HealingConfig rules = application.guard().config();
        assertThat(application.guard().mode()).isEqualTo(HealingMode.OBSERVE);
        assertThat(rules.limits().idleBlockerTimeout()).hasSeconds(30);
        assertThat(rules.limits().activeBlockerTimeout()).hasMinutes(1);
        assertThat(rules.limits().grace()).hasSeconds(3);
        assertThat(rules.limits().patience()).hasSeconds(20);
        assertThat(rules.spare().users()).containsExactly("batch");
        assertThat(rules.spare().applicationNames()).containsExactlyInAnyOrder("psql", "import");
        assertThat(rules.spare().databases()).containsExactly("archive");
        assertThat(rules.spare().tables()).containsExactly("audit.log");
        assertThat(rules.spare().statementTags()).containsExactly("nightly");
        application.post("/actuator/pgheal", "{\"spareUsers\":\"\"}");
        assertThat(application.guard().config().spare().users()).isEmpty();
        assertThat(lines())
                .contains("[dataSource] pgheal's mode is now OBSERVE (was HEAL), set by somebody who is not logged in");
    }

    @Test
    void aLimitOfATableCanBeTakenAwayAgain() {
        application.post("/actuator/pgheal", "{\"table\":\"ledger\",\"idleBlockerTimeout\":\"1s\"}");
        application.post("/actuator/pgheal", "{\"table\":\"ledger\",\"idleBlockerTimeout\":\"unset\"}");
        assertThat(application.guard().config().limits().tables()).allMatch(rule -> rule.idleBlockerTimeout() == null);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"mode\":\"observe\",\"abandonedGrace\":\"soon\"} | abandonedGrace is 'soon'; write a time",
                "{\"mode\":\"observe\",\"abandonedGrace\":\"-1s\"} | pgheal.abandoned.grace is -1s; write a time longer",
                "{\"mode\":\"observe\",\"abandonedPatience\":\"1s\"} | pgheal.abandoned.patience (1s) is shorter than",
                "{\"mode\":\"observe\",\"idleBlockerTimeout\":\"-1s\"} | idle-blocker-timeout is -1s; write 0 for never",
                "{\"mode\":\"observe\",\"table\":\"a.b.c\",\"idleBlockerTimeout\":\"1s\"} | 'a.b.c' is no table; write table",
                "{\"mode\":\"observe\",\"table\":\"ledger\",\"idleBlockerTimeout\":\"-1s\"} | ledger.idle-blocker-timeout is -1s",
                "{\"mode\":\"observe\",\"table\":\"ledger\"} | nothing is said about the table; write",
                "{\"mode\":\"observe\",\"spareStatementTags\":\"a, ,b\"} | empty tag; write words",
                "{\"mode\":\"observe\",\"operator\":\"a\\nb\"} | the operator's name, on one line",
                "{\"mode\":\"heel\",\"abandonedGrace\":\"1s\"} | mode is 'heel'; write one of",
                "{\"mode\":\"observe\",\"abandonedGrace\":\"1s\",\"dataSource\":\"nobody\"} | no guarded data source is named",
                "{\"operator\":\"night-watch\"} | nothing is asked for; write mode, or a rule",
            })
    void whatCannotBeMeantSoChangesNothing(String body, String sentence) {
        HealingConfig before = application.guard().config();
        HttpResponse<String> answer = application.post("/actuator/pgheal", body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        assertThat(answer.body()).contains(sentence);
        assertThat(application.guard().config()).isEqualTo(before);
        assertThat(application.guard().mode()).isEqualTo(HealingMode.HEAL);
    }

    private List<String> lines() {
        return List.copyOf(log.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private static void update(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE ledger SET amount = amount + 1 WHERE id = 1");
        }
    }
}
