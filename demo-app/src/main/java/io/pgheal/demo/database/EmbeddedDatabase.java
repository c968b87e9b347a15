package io.pgheal.demo.database;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/** Starts a PostgreSQL server when no database is configured. */
@Configuration(proxyBeanMethods = false)
@Conditional(NoDatabaseNamed.class)
class EmbeddedDatabase {

    private static final String ROLE = "login_app";
    private static final String DATABASE = "login";

    // The context stops the server after the pool; the server's own shutdown hook would race with it.
    @Bean(destroyMethod = "close")
    EmbeddedPostgres embeddedPostgres(@Value("${demo.data-directory}") Path directory)
            throws IOException, SQLException {
        DataDirectory.makeFree(directory);
        EmbeddedPostgres server = EmbeddedPostgres.builder()
                .setDataDirectory(directory)
                .setCleanDataDirectory(true)
                .setRegisterShutdownHook(false)
                .setPGStartupWait(Duration.ofMinutes(1)) // for a busy machine
                .start();
        try {
            createDatabase(server);
        } catch (SQLException | RuntimeException e) {
            server.close();
            throw e;
        }
        return server;
    }

    @Bean
    JdbcConnectionDetails embeddedConnectionDetails(EmbeddedPostgres server) {
        String url = "jdbc:postgresql://localhost:" + server.getPort() + "/" + DATABASE;
        return new JdbcConnectionDetails() {
            @Override
            public String getJdbcUrl() {
                return url;
            }

            @Override
            public String getUsername() {
                return ROLE;
            }

            @Override
            public String getPassword() {
                return "";
            }
        };
    }

    // The application is no superuser, as in production: pgheal has to heal with the rights of an ordinary role.
    private static void createDatabase(EmbeddedPostgres server) throws SQLException {
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE ROLE " + ROLE + " LOGIN");
            statement.execute("CREATE DATABASE " + DATABASE + " OWNER " + ROLE);
        }
    }
}
