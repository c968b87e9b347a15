package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.dropin.DropInApplications;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** A migration as a user of its own: Spring Boot derives another data source from the guarded one. */
class MigrationUserTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @BeforeEach
    void createRole() throws SQLException {
        execute("CREATE ROLE migrator LOGIN PASSWORD 'm'", "GRANT CREATE ON SCHEMA public TO migrator");
    }

    @AfterEach
    void dropRole() throws SQLException {
        execute("DROP OWNED BY migrator", "DROP ROLE migrator");
    }

    private static void execute(String... statements) throws SQLException {
        try (Connection connection = SERVER.adminConnection();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    private enum Migration {
        FLYWAY(
                "owned_by_flyway",
                "test.with=flyway",
                "spring.flyway.user=migrator",
                "spring.flyway.password=m",
                "spring.flyway.locations=classpath:db/owned",
                "spring.flyway.table=owned_history",
                "spring.flyway.baseline-on-migrate=true",
                "spring.flyway.baseline-version=0"),
        LIQUIBASE(
                "owned_by_liquibase",
                "test.with=liquibase",
                "spring.liquibase.user=migrator",
                "spring.liquibase.password=m",
                "spring.liquibase.change-log=classpath:db/changelog/owned.sql",
                "spring.liquibase.database-change-log-table=owned_changes",
                "spring.liquibase.database-change-log-lock-table=owned_lock"),
        SCRIPT(
                "owned_by_script",
                "test.with=sql",
                "spring.sql.init.mode=always",
                "spring.sql.init.username=migrator",
                "spring.sql.init.password=m",
                "spring.sql.init.schema-locations=classpath:db/sql/owned.sql");

        final String table;
        final String[] properties;

        Migration(String table, String... properties) {
            this.table = table;
            this.properties = properties;
        }
    }

    @Test
    void ofFlyway() {
        startsAndMigrates(Migration.FLYWAY, "pgheal.mode=heal");
    }

    static Stream<Arguments> all() {
        return Stream.of(Migration.values())
                .flatMap(migration -> Stream.of(
                                "pgheal.mode=heal",
                                "pgheal.mode=observe",
                                "pgheal.mode=off",
                                "spring.datasource.type=org.postgresql.ds.PGSimpleDataSource",
                                "pgheal.enabled=false")
                        .map(property -> Arguments.of(migration, property)));
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("all")
    void startsAndMigrates(Migration migration, String property) {
        String[] properties = Stream.concat(Stream.of(migration.properties), Stream.of(property))
                .toArray(String[]::new);
        try (RunningApplication application =
                RunningApplication.start(DropInApplications.Plain.class, SERVER, properties)) {
            assertThat(application
                            .context
                            .getBean(JdbcTemplate.class)
                            .queryForObject(
                                    "SELECT tableowner FROM pg_tables WHERE tablename = ?",
                                    String.class,
                                    migration.table))
                    .isEqualTo("migrator");
        }
    }
}
