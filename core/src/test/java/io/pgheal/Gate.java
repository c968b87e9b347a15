package io.pgheal;

import io.pgheal.testserver.PostgresServer;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps a statement at work, waiting for no lock, until the test opens it: however long the rest takes. */
final class Gate {
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final PostgresServer server;
    private final int number = NUMBER.incrementAndGet();

    Gate(PostgresServer server) throws SQLException {
        this.server = server;
        server.app().run("CREATE TABLE IF NOT EXISTS opened (gate int)", "DELETE FROM opened WHERE gate = " + number);
    }

    /** What runs until then. */
    String statement() {
        return "DO $$ BEGIN " + loop() + " END $$";
    }

    /** The same as a part of a longer piece of PL/pgSQL. */
    String loop() {
        return "WHILE NOT EXISTS (SELECT FROM opened WHERE gate = " + number
                + ") LOOP PERFORM pg_sleep(0.01); END LOOP;";
    }

    void open() throws SQLException {
        server.app().run("INSERT INTO opened VALUES (" + number + ")");
    }
}
