package io.pgheal.testserver;

import java.sql.Connection;
import java.sql.DriverManager;
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

    /** A new connection as the plain role. The caller closes it. */
    public Connection connection() throws SQLException {
        return DriverManager.getConnection(url, server.user(), server.password());
    }

    /** Ends every session in it and drops it. */
    @Override
    public void close() throws SQLException {
        server.drop(name);
    }
}
