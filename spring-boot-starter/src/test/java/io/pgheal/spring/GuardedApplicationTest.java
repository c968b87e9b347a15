package io.pgheal.spring;

import static io.pgheal.spring.RunningApplication.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.LoginApplication;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.PGConnection;
import org.springframework.context.ConfigurableApplicationContext;

/** An application that did nothing but add the dependency. */
class GuardedApplicationTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static RunningApplication application;

    @BeforeAll
    static void start() {
        application = RunningApplication.start(LoginApplication.class, SERVER);
        await().until(() -> application.guard().healer().connected());
    }

    @AfterAll
    static void stop() {
        application.close();
    }

    @AfterEach
    void healAgain() {
        application.guard().mode(HealingMode.HEAL);
    }

    @Test
    void itsDataSourceIsGuardedUnderTheNameOfTheBean() {
        assertThat(application.guard().name()).isEqualTo("dataSource");
        assertThat(application.guard().mode()).isEqualTo(HealingMode.HEAL);
        assertThat(application.context.getBean(GuardedDataSources.class).byName())
                .containsOnlyKeys("dataSource")
                .containsValue(application.guard());
    }

    @Test
    void unwrapStillReachesThePoolAndTheDriver() throws SQLException {
        DataSource dataSource = application.context.getBean(DataSource.class);
        assertThat(dataSource.unwrap(HikariDataSource.class).getMaximumPoolSize())
                .isEqualTo(4);
        try (Connection connection = dataSource.getConnection()) {
            assertThat(connection.unwrap(PGConnection.class).getBackendPID()).isPositive();
        }
    }

    @Test
    void springBootsOwnFiguresAndHealthAreStillThere() {
        String scrape = application.get("/actuator/prometheus").body();
        assertThat(scrape)
                .contains("hikaricp_connections_max{pool=\"HikariPool-")
                .contains("jdbc_connections_max{name=\"dataSource\"} 4.0");
        assertThat(RunningApplication.<String>at(application.json("/actuator/health"), "components", "db", "status"))
                .isEqualTo("UP");
    }

    @Test
    void pghealsOwnFiguresAreInTheApplicationsRegistry() {
        assertThat(application.get("/actuator/prometheus").body())
                .contains("pgheal_leases{data_source=\"dataSource\"}")
                .contains("pgheal_healer_connected{data_source=\"dataSource\"} 1.0")
                .contains("pgheal_healer_breaker_open{data_source=\"dataSource\"} 0.0")
                .contains("pgheal_healer_budget_left{budget=\"certain\",data_source=\"dataSource\"}")
                .contains("pgheal_healer_budget_left{budget=\"signals\",data_source=\"dataSource\"} 30.0")
                .containsPattern("pgheal_healer_cycle_seconds_count\\{data_source=\"dataSource\"} [1-9]");
    }

    @Test
    void infoTellsTheModeOfEachDataSource() {
        assertThat(RunningApplication.<Map<String, Object>>at(application.json("/actuator/info"), "pgheal", "modes"))
                .containsEntry("dataSource", "heal");
    }

    @Test
    void healthTellsOfEachDataSource() {
        Map<String, Object> health = at(application.json("/actuator/health"), "components", "pgheal");
        assertThat(health).containsEntry("status", "UP");
        assertThat(RunningApplication.<Map<String, Object>>at(health, "details", "dataSources", "dataSource"))
                .containsEntry("mode", "heal")
                .containsEntry("blind", false);
    }

    @Test
    void theEndpointTellsModeHealerLeasesAndIncidents() {
        Map<String, Object> body = application.json("/actuator/pgheal");
        assertThat(body).containsEntry("mode", "heal");
        Map<String, Object> dataSource = at(body, "dataSources", "dataSource");
        assertThat(dataSource).containsEntry("mode", "heal").containsKeys("healer", "leases", "incidents");
        assertThat(RunningApplication.<Boolean>at(dataSource, "healer", "connected"))
                .isTrue();
        assertThat(application.get("/actuator/pgheal/no-such-incident").statusCode())
                .isEqualTo(404);
    }

    @Test
    void theModeCannotBeChangedFromOutsideUnlessOpened() {
        assertThat(application.post("/actuator/pgheal", "{\"mode\":\"off\"}").statusCode())
                .isIn(404, 405);
        assertThat(application.guard().mode()).isEqualTo(HealingMode.HEAL);
    }

    @Test
    void theHealerEndsWithItsDataSource() {
        RunningApplication other = RunningApplication.start(LoginApplication.class, SERVER);
        HikariDataSource pool = pool(other.context);
        SelfHealingDataSource guard = other.guard();
        await().until(() -> guard.healer().connected());

        other.close();

        assertThat(pool.isClosed()).isTrue();
        assertThat(guard.healer().connected()).isFalse();
    }

    private static HikariDataSource pool(ConfigurableApplicationContext context) {
        try {
            return context.getBean(DataSource.class).unwrap(HikariDataSource.class);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
