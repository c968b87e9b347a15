package io.pgheal.testserver;

import java.sql.Connection;
import java.sql.SQLException;

/** A database that lives as long as a test. */
public final class TestDatabase implements AutoCloseable {
    private final PostgresServer server;
    private final String name;
    private final String url;

    TestDatabase(PostgresServer server, String name, String url) {
        this.server = server;
        this.name = name;
        this.url = url;
    }

    public String name() {
        return name;
    }

    public String url() {
        return url;
    }

    /** The plain role that owns it. */
    public Login app() {
        return new Login(url, server.user(), server.password());
    }

    /** A superuser. */
    public Login admin() {
        return new Login(url, server.superuser(), server.superuserPassword());
    }

    /** A new connection as the plain role. The caller closes it. */
    public Connection connection() throws SQLException {
        return app().connect();
    }

    /** Ends every session in it and drops it. */
    @Override
    public void close() throws SQLException {
        server.drop(name);
    }
}
