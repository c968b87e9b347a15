package io.pgheal.postgres;

import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;

/** Bind parameters that need more than a setter. */
final class Bind {
    private Bind() {}

    static Array pids(Connection connection, Collection<Integer> pids) throws SQLException {
        return connection.createArrayOf("int4", pids.toArray(Integer[]::new));
    }
}
