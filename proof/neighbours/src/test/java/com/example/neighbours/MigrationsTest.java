package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.Login;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.TestDatabase;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** Migrations by a user of their own: the migrated tables belong to that user. */
@Tag("thorough")
class MigrationsTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    enum Tool {
        FLYWAY(
                "8a Flyway, `spring.flyway.user`",
                "flyway",
                "spring.flyway.user=migrator",
                "spring.flyway.password=migrator"),
        LIQUIBASE(
                "8b Liquibase, `spring.liquibase.user`",
                "liquibase",
                "spring.liquibase.user=migrator",
                "spring.liquibase.password=migrator",
                "spring.liquibase.change-log=classpath:db/changelog/changelog.sql"),
        SCRIPTS(
                "8c scripts, `spring.sql.init.username`",
                "",
                "spring.sql.init.username=migrator",
                "spring.sql.init.password=migrator",
                "spring.sql.init.mode=always",
                "spring.sql.init.schema-locations=classpath:db/scripts/schema.sql");

        final String line;
        final String with;
        final String[] properties;

        Tool(String line, String with, String... properties) {
            this.line = line;
            this.with = with;
            this.properties = properties;
        }
    }

    private TestDatabase database;

    @BeforeAll
    static void createUser() throws SQLException {
        SERVER.admin().run("CREATE ROLE migrator LOGIN PASSWORD 'migrator'");
    }

    @AfterAll
    static void dropUser() throws SQLException {
        SERVER.admin().run("DROP ROLE migrator");
    }

    @BeforeEach
    void createDatabase() throws SQLException {
        database = SERVER.newDatabase();
        database.admin().run("GRANT CREATE ON SCHEMA public TO migrator");
    }

    @AfterEach
    void dropDatabase() throws SQLException {
        database.close();
    }

    static Stream<Arguments> toolsAndModes() {
        return Stream.of(Tool.values())
                .flatMap(tool -> Stream.of("heal", "observe", "off").map(mode -> Arguments.of(tool, mode)));
    }

    @ParameterizedTest
    @MethodSource("toolsAndModes")
    void migratesAsItsUser(Tool tool, String mode) {
        Login app = database.app();
        String[] properties = Stream.concat(Stream.of(tool.properties), Stream.of("pgheal.mode=" + mode))
                .toArray(String[]::new);
        try (Trial trial = Trial.of(app, tool.line + ", mode " + mode, Plain.class, tool.with, properties)) {
            if (mode.equals("off")) {
                trial.guards(1);
            } else {
                trial.guards(1, "dataSource");
            }
            if (mode.equals("heal")) {
                trial.heals("dataSource");
            }
            trial.does(
                    "the table belongs to the user of the migration",
                    () -> assertThat(app.text("SELECT tableowner FROM pg_tables WHERE tablename LIKE 'migrated_by_%'"))
                            .isEqualTo("migrator"));
        }
    }
}
