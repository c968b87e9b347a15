package io.pgheal.postgres;

import io.pgheal.testserver.Patience;
import io.pgheal.testserver.PostgresServer;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The sessions of one test, and a superuser's control connection; all are gone when it ends. */
final class Sessions implements BeforeEachCallback, AfterEachCallback {
    private final PostgresServer server;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> roles = new ArrayList<>();
    private ControlConnection control;

    Sessions(PostgresServer server) {
        this.server = server;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws SQLException {
        control = control(server.superuser(), server.superuserPassword());
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        open.clear();
        // The server has not noticed yet that they are closed: what they hold or wait for would be in the next test's
        // way.
        admin("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = current_database()"
                + " AND backend_type = 'client backend' AND pid <> pg_backend_pid()");
        for (String role : roles) {
            admin("DROP OWNED BY " + role, "DROP ROLE " + role);
        }
        roles.clear();
    }

    /** A login role, whose password is its name, for as long as the test runs. */
    void role(String name, String memberOf) throws SQLException {
        roles.add(name);
        admin("DROP ROLE IF EXISTS " + name, "CREATE ROLE " + name + " LOGIN PASSWORD '" + name + "'");
        if (!memberOf.isEmpty()) {
            admin("GRANT " + memberOf + " TO " + name);
        }
    }

    ControlConnection control() {
        return control;
    }

    /** With more time than pgheal gives the server: what a slow machine needs is no answer here. */
    ControlConnection control(String user, String password) throws SQLException {
        ControlSettings usual = ControlSettings.of(server.url(), user, () -> password);
        ControlConnection opened = new ControlConnection(new ControlSettings(
                usual.url(),
                usual.credentials(),
                Patience.PATIENCE,
                Patience.PATIENCE,
                Patience.PATIENCE.multipliedBy(2)));
        opened.connect();
        open.add(opened);
        return opened;
    }

    Session open() throws SQLException {
        return keep(Session.of(server));
    }

    Session openAdmin() throws SQLException {
        return keep(new Session(server.adminConnection()));
    }

    Session open(String user, String... properties) throws SQLException {
        Properties all = new Properties();
        all.setProperty("user", user);
        all.setProperty("password", user);
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1]);
        }
        return keep(new Session(DriverManager.getConnection(server.url(), all)));
    }

    private Session keep(Session session) {
        open.add(session);
        return session;
    }

    /** Statements of a superuser, each committed at once. */
    void admin(String... statements) throws SQLException {
        server.admin().run(statements);
    }

    /** Statements of the plain role, each committed at once. */
    void setUp(String... statements) throws SQLException {
        server.app().run(statements);
    }

    TransactionRef judged(Session session) throws SQLException {
        return control.backend(session.pid()).orElseThrow().judged().orElseThrow();
    }
}
