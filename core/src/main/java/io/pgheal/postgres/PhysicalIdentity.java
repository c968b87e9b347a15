package io.pgheal.postgres;

import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * What is behind one physical connection of the application. Read once, when no transaction is open on it.
 *
 * @param driverPid the pid that the driver was told; behind a pooler this is a number that the pooler made up
 * @param serverPid the pid that the server says
 * @param backend null when the server hides even this session from its own role (after SET ROLE)
 * @param address where the driver connected to
 * @param inRecovery the server is a standby
 */
@Internal
public record PhysicalIdentity(
        int driverPid,
        int serverPid,
        @Nullable BackendId backend,
        ServerIdentity server,
        ServerAddress address,
        boolean inRecovery) {

    private static final String SQL = """
            SELECT a.pid, %s AS backend_start, pg_catalog.pg_is_in_recovery() AS in_recovery, %s
              FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a
            """.formatted(ActivityRow.utc("a.backend_start"), ServerQuery.IDENTITY_COLUMNS);

    public PhysicalIdentity {
        Objects.requireNonNull(server, "server");
    }

    /** A pooler stands between: no signal may ever be sent by these pids. */
    public boolean poolerInBetween() {
        return driverPid != serverPid;
    }

    /**
     * Asks over the connection itself, on the thread that owns it, and leaves no trace: no open transaction, no prepared
     * statement on the server.
     *
     * @throws SQLException with SQLSTATE 25001 when a transaction is open already; it is left as it is
     */
    public static PhysicalIdentity read(Connection connection) throws SQLException {
        BaseConnection driver = connection.unwrap(BaseConnection.class);
        if (driver.getTransactionState() != TransactionState.IDLE) {
            throw new SQLException(
                    "the identity of a physical connection is read before its first transaction, but one is open",
                    SqlState.ACTIVE_TRANSACTION);
        }
        boolean autoCommit = driver.getAutoCommit();
        // One round trip instead of three, and no transaction that could stay open. Between transactions this sends
        // nothing.
        driver.setAutoCommit(true);
        try {
            return query(driver);
        } finally {
            if (!driver.isClosed()) {
                driver.setAutoCommit(autoCommit);
            }
        }
    }

    private static PhysicalIdentity query(BaseConnection driver) throws SQLException {
        try (Statement statement = driver.createStatement()) {
            // With a threshold of 1 the driver gives even a plain statement a name on the server.
            statement.unwrap(PGStatement.class).setPrepareThreshold(0);
            return query(statement, driver.getBackendPID(), ServerAddress.of(driver));
        }
    }

    private static PhysicalIdentity query(Statement statement, int driverPid, ServerAddress address)
            throws SQLException {
        try (ResultSet row = statement.executeQuery(SQL)) {
            row.next();
            int serverPid = row.getInt("pid");
            String backendStart = row.getString("backend_start");
            return new PhysicalIdentity(
                    driverPid,
                    serverPid,
                    backendStart == null ? null : new BackendId(serverPid, backendStart),
                    ServerQuery.identity(row),
                    address,
                    row.getBoolean("in_recovery"));
        }
    }
}
