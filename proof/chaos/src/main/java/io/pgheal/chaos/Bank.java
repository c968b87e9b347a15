package io.pgheal.chaos;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;

/** The bank's SQL. Every answer is held against its question: one that belongs to another is a {@link WrongAnswer}. */
final class Bank {
    /** Accounts 1 to COMMON are everybody's. */
    static final int COMMON = 1000;

    /** Those after them are lent to whoever wants a row of his own to lock. */
    static final int RESERVED = 400;

    private static final int BRANCHES = 20;

    static final long OPENING_BALANCE = 1_000_000;

    private static final String ADD = "UPDATE accounts SET balance = balance + ? WHERE id = ?";
    private static final String BOOK =
            "INSERT INTO transfers (id, from_account, to_account, amount) VALUES (?, ?, ?, ?)";

    private Bank() {}

    static void found(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50)");
            statement.execute("CREATE TABLE transfers (id bigint PRIMARY KEY, from_account int NOT NULL,"
                    + " to_account int NOT NULL, amount bigint NOT NULL)");
            statement.execute("CREATE TABLE desks (id int PRIMARY KEY, visits bigint NOT NULL)");
            statement.execute("INSERT INTO desks SELECT n, 0 FROM generate_series(" + (COMMON + 1) + ", "
                    + (COMMON + RESERVED) + ") n");
            statement.execute("CREATE TABLE branches (id int PRIMARY KEY, name text)");
            statement.execute(
                    "INSERT INTO branches SELECT n, 'branch ' || n FROM generate_series(1, " + BRANCHES + ") n");
            statement.execute("CREATE TABLE imports (token bigint NOT NULL)");
            statement.execute("INSERT INTO accounts SELECT n, " + OPENING_BALANCE + " FROM generate_series(1, "
                    + (COMMON + RESERVED) + ") n");
        }
    }

    /** Moves the money and writes the ledger, in the connection's open transaction. */
    static void move(Connection connection, Transfer transfer, Dice dice) throws SQLException {
        switch (transfer.style()) {
            case PREPARED -> {
                add(connection, transfer.from(), -transfer.amount());
                add(connection, transfer.to(), transfer.amount());
            }
            case BATCH -> batch(connection, transfer);
            case READ_AND_WRITE -> readAndWrite(connection, transfer);
            case LITERAL -> {
                addLiteral(connection, transfer.from(), -transfer.amount());
                addLiteral(connection, transfer.to(), transfer.amount());
            }
        }
        if (transfer.savepoint()) {
            failAndTakeBack(connection);
        }
        if (dice.percent(10)) {
            count(connection, dice.token() >> 8, dice.between(1, 60));
        }
        book(connection, transfer);
    }

    static void add(Connection connection, int account, long amount) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(ADD)) {
            update.setLong(1, amount);
            update.setInt(2, account);
            expect(1, update.executeUpdate(), "rows updated");
        }
    }

    static void visit(Connection connection, int desk) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE desks SET visits = visits + 1 WHERE id = ?")) {
            update.setInt(1, desk);
            expect(1, update.executeUpdate(), "desks visited");
        }
    }

    /** Locks the table of branches as any reader does. */
    static void countBranches(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT count(*) FROM branches")) {
            found.next();
            expect(BRANCHES, found.getInt(1), "branches");
        }
    }

    /** Waits for all who read the table, and keeps all others from it who come meanwhile. */
    static void alterBranches(Connection connection, int number) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("ALTER TABLE branches ALTER COLUMN name SET DEFAULT 'branch " + number + "'");
        }
    }

    private static void addLiteral(Connection connection, int account, long amount) throws SQLException {
        try (Statement update = connection.createStatement()) {
            expect(
                    1,
                    update.executeUpdate(
                            "UPDATE accounts SET balance = balance + " + amount + " WHERE id = " + account),
                    "rows updated");
        }
    }

    private static void batch(Connection connection, Transfer transfer) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(ADD)) {
            update.setLong(1, -transfer.amount());
            update.setInt(2, transfer.from());
            update.addBatch();
            update.setLong(1, transfer.amount());
            update.setInt(2, transfer.to());
            update.addBatch();
            int[] counts = update.executeBatch();
            expect(2, counts.length, "results of a batch");
            expect(1, counts[0], "rows updated by a batch");
            expect(1, counts[1], "rows updated by a batch");
        }
    }

    private static void readAndWrite(Connection connection, Transfer transfer) throws SQLException {
        int rows = 0;
        long fromBefore = 0;
        long toBefore = 0;
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT id, balance FROM accounts WHERE id IN (?, ?) ORDER BY id FOR UPDATE")) {
            select.setFetchSize(1);
            select.setInt(1, transfer.from());
            select.setInt(2, transfer.to());
            try (ResultSet found = select.executeQuery()) {
                while (found.next()) {
                    rows++;
                    if (found.getInt(1) == transfer.from()) {
                        fromBefore = found.getLong(2);
                    } else {
                        expect(transfer.to(), found.getInt(1), "account read");
                        toBefore = found.getLong(2);
                    }
                }
            }
        }
        expect(2, rows, "accounts read");
        set(connection, transfer.from(), fromBefore - transfer.amount());
        set(connection, transfer.to(), toBefore + transfer.amount());
    }

    private static void set(Connection connection, int account, long balance) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("UPDATE accounts SET balance = ? WHERE id = ?")) {
            update.setLong(1, balance);
            update.setInt(2, account);
            expect(1, update.executeUpdate(), "rows set");
        }
    }

    private static void failAndTakeBack(Connection connection) throws SQLException {
        Savepoint savepoint = connection.setSavepoint();
        fail(connection);
        connection.rollback(savepoint);
    }

    /** After a savepoint: the transaction is aborted, its locks are not. */
    static void failAfterSavepoint(Connection connection) throws SQLException {
        connection.setSavepoint();
        fail(connection);
    }

    private static void fail(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE accounts SET balance = 1 / (balance - balance) WHERE id = 1");
            throw new WrongAnswer("a division by zero succeeded");
        } catch (SQLException e) {
            if (!"22012".equals(e.getSQLState())) {
                throw e;
            }
        }
    }

    private static void book(Connection connection, Transfer transfer) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(BOOK)) {
            insert.setLong(1, transfer.id());
            insert.setInt(2, transfer.from());
            insert.setInt(3, transfer.to());
            insert.setLong(4, transfer.amount());
            expect(1, insert.executeUpdate(), "ledger rows");
        }
    }

    /** Asks what is known, and returns the backend's pid. */
    static int ask(Connection connection, long token) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT ?::bigint, pg_backend_pid()")) {
            select.setLong(1, token);
            try (ResultSet found = select.executeQuery()) {
                if (!found.next()) {
                    throw new WrongAnswer("no row for a token");
                }
                expect(token, found.getLong(1), "token");
                return found.getInt(2);
            }
        }
    }

    /** The same for many rows, through a cursor. */
    static void count(Connection connection, long token, int rows) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT n + ?::bigint FROM generate_series(1, ?) n")) {
            select.setFetchSize(7);
            select.setLong(1, token);
            select.setInt(2, rows);
            try (ResultSet found = select.executeQuery()) {
                for (int n = 1; n <= rows; n++) {
                    if (!found.next()) {
                        throw new WrongAnswer("only " + (n - 1) + " rows of " + rows);
                    }
                    expect(token + n, found.getLong(1), "row of a cursor");
                }
                if (found.next()) {
                    throw new WrongAnswer("more than " + rows + " rows");
                }
            }
        }
    }

    static void lockTimeout(Connection connection, int millis) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = " + millis);
        }
    }

    private static void expect(long asked, long answered, String what) {
        if (asked != answered) {
            throw new WrongAnswer(what + ": " + answered + " instead of " + asked);
        }
    }
}
