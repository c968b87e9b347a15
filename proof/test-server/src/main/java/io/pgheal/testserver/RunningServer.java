package io.pgheal.testserver;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** A server that runs, whoever started it, and a superuser on it. */
final class RunningServer {
    static final String PLAIN_ROLE = "app";

    private static final String DUPLICATE_OBJECT = "42710";

    private static @Nullable RunningServer shared;
    private static @Nullable String failure;

    private final String urlBeforeDatabase;
    private final String urlAfterDatabase;
    private final String superuser;
    private final String superuserPassword;
    private final AutoCloseable stop;

    private RunningServer(String anyUrl, String superuser, String superuserPassword, AutoCloseable stop)
            throws SQLException {
        int query = anyUrl.indexOf('?');
        String path = query < 0 ? anyUrl : anyUrl.substring(0, query);
        this.urlBeforeDatabase = path.substring(0, path.lastIndexOf('/') + 1);
        this.urlAfterDatabase = query < 0 ? "" : anyUrl.substring(query);
        this.superuser = superuser;
        this.superuserPassword = superuserPassword;
        this.stop = stop;
        createPlainRole();
    }

    /** Started by the first who asks; ends with the JVM. */
    static synchronized RunningServer shared() throws Exception {
        if (kind().equals("none")) {
            throw new TestAbortedException(
                    "skipped: this test needs a server, and -Dpgheal.test.server=none rules it out");
        }
        if (failure != null) {
            // Each class would wait for the same failure again, with a container for minutes.
            throw new IllegalStateException("the server for the tests did not start before either: " + failure);
        }
        if (shared == null) {
            try {
                if (System.getProperty("pgheal.test.url") != null) {
                    shared = existing();
                } else {
                    shared = isEmbedded() ? embedded(Map.of()) : container();
                }
            } catch (Exception e) {
                failure = e.toString();
                throw e;
            }
        }
        return shared;
    }

    static boolean isEmbedded() {
        return kind().equals("embedded") && System.getProperty("pgheal.test.url") == null;
    }

    private static String kind() {
        String kind = System.getProperty("pgheal.test.server", "embedded");
        if (!Set.of("embedded", "testcontainers", "none").contains(kind)) {
            throw new IllegalArgumentException(
                    "-Dpgheal.test.server is embedded, testcontainers or none, but was '" + kind + "'");
        }
        return kind;
    }

    static RunningServer embedded(Map<String, String> settings) throws IOException, SQLException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setPGStartupWait(Patience.PATIENCE.multipliedBy(4))
                .setServerConfig("max_connections", "300")
                .setServerConfig("fsync", "off");
        settings.forEach(builder::setServerConfig);
        EmbeddedPostgres postgres = builder.start(); // it stops itself when the JVM ends
        return new RunningServer(
                "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres", "postgres", "postgres", postgres);
    }

    private static RunningServer container() throws SQLException {
        PostgreSQLContainer container = new PostgreSQLContainer(System.getProperty("pgheal.test.image", "postgres:18"));
        container.setCommand("postgres", "-c", "fsync=off", "-c", "max_connections=300");
        container.start();
        Runtime.getRuntime().addShutdownHook(new Thread(container::stop, "pgheal-test-container-stop"));
        return new RunningServer(
                container.getJdbcUrl(), container.getUsername(), container.getPassword(), container::stop);
    }

    private static RunningServer existing() throws SQLException {
        return new RunningServer(
                System.getProperty("pgheal.test.url"),
                System.getProperty("pgheal.test.user", "postgres"),
                System.getProperty("pgheal.test.password", ""),
                () -> {});
    }

    private void createPlainRole() throws SQLException {
        try {
            execute("CREATE ROLE " + PLAIN_ROLE + " LOGIN PASSWORD '" + PLAIN_ROLE + "'");
        } catch (SQLException e) {
            if (!DUPLICATE_OBJECT.equals(e.getSQLState())) {
                throw e;
            }
        }
    }

    String url(String database) {
        return urlBeforeDatabase + database + urlAfterDatabase;
    }

    String superuser() {
        return superuser;
    }

    String superuserPassword() {
        return superuserPassword;
    }

    void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url("postgres"), superuser, superuserPassword);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The processes of an embedded server. */
    Postmaster postmaster() throws SQLException, IOException {
        try (Connection connection = DriverManager.getConnection(url("postgres"), superuser, superuserPassword);
                Statement statement = connection.createStatement();
                ResultSet directory = statement.executeQuery("SHOW data_directory")) {
            directory.next();
            return Postmaster.of(Path.of(directory.getString(1)));
        }
    }

    void stop() throws Exception {
        stop.close();
    }
}
