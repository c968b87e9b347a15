package io.pgheal.bench;

import com.zaxxer.hikari.HikariConfig;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;

/** A real server with the tables of the login story, and its log. */
final class Server implements AutoCloseable {
    static final String USER = "app";
    static final int USERS = 1000;

    private final EmbeddedPostgres postgres;
    private final Path log;
    private final String version;

    private Server(EmbeddedPostgres postgres, Path log) throws SQLException {
        this.postgres = postgres;
        this.log = log;
        try (Connection connection = DriverManager.getConnection(url(), "postgres", "postgres")) {
            version = connection.getMetaData().getDatabaseProductVersion();
        }
    }

    static Server start(Map<String, String> settings) throws IOException, SQLException {
        Path logs = Files.createTempDirectory("pgheal-bench-log");
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setPGStartupWait(Duration.ofMinutes(1))
                .setServerConfig("fsync", "off")
                .setServerConfig("max_connections", "200")
                .setServerConfig("logging_collector", "on")
                .setServerConfig("log_directory", logs.toString())
                .setServerConfig("log_filename", "log")
                .setServerConfig("log_rotation_age", "0")
                .setServerConfig("log_rotation_size", "0")
                .setServerConfig("log_line_prefix", "%a:");
        settings.forEach(builder::setServerConfig);
        Server server = new Server(builder.start(), logs.resolve("log"));
        server.execute("CREATE ROLE " + USER + " LOGIN PASSWORD '" + USER + "'");
        server.execute("CREATE TABLE users (username text PRIMARY KEY, password_hash text NOT NULL)");
        server.execute("CREATE TABLE user_login_info (username text PRIMARY KEY, logins int NOT NULL DEFAULT 0,"
                + " last_login timestamptz) WITH (fillfactor = 50)");
        server.execute(
                "INSERT INTO users SELECT 'user' || n, md5(n::text) FROM generate_series(0, " + (USERS - 1) + ") n");
        server.execute("INSERT INTO user_login_info SELECT username FROM users");
        server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + USER);
        return server;
    }

    String version() {
        return version;
    }

    String url() {
        return "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres";
    }

    /** A plain connection of another application. */
    Connection connect(String applicationName) throws SQLException {
        return connect(url(), applicationName);
    }

    static Connection connect(String url, String applicationName) throws SQLException {
        return DriverManager.getConnection(url + "?ApplicationName=" + applicationName, USER, USER);
    }

    /** As superuser. */
    void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url(), "postgres", "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    HikariConfig pool(int size) {
        return pool(url(), size);
    }

    static HikariConfig pool(String url, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(USER);
        config.setPassword(USER);
        config.setMaximumPoolSize(size);
        return config;
    }

    /** How many sessions wait for a lock now. */
    static int waiting(Connection observer) throws SQLException {
        try (Statement statement = observer.createStatement();
                ResultSet found = statement.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")) {
            found.next();
            return found.getInt(1);
        }
    }

    static void awaitWaiting(Connection observer, int sessions) throws Exception {
        while (waiting(observer) < sessions) {
            Thread.sleep(2);
        }
    }

    /** The statements of an application in the server's log. Needs {@code log_statement=all}. */
    long statementsOf(String applicationName) throws IOException {
        try (Stream<String> lines = Files.lines(log, java.nio.charset.StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith(applicationName + ":LOG:")
                            && (line.contains("execute ") || line.contains("statement: ")))
                    .count();
        }
    }

    @Override
    public void close() throws IOException {
        postgres.close();
        try (Stream<Path> files = Files.list(log.getParent())) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(log.getParent());
    }
}
