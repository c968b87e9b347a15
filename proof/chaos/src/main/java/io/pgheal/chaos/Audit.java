package io.pgheal.chaos;

import io.pgheal.chaos.Outcomes.Outcome;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.BitSet;

/** Holds the accounts against the ledger, and the ledger against what the application was told. */
final class Audit {
    private static final String UNBALANCED = """
            SELECT a.id, a.balance, %d + coalesce(moved.amount, 0) AS by_the_ledger
              FROM accounts a
              LEFT JOIN (SELECT id, sum(amount) AS amount
                           FROM (SELECT from_account AS id, -amount AS amount FROM transfers
                                 UNION ALL SELECT to_account, amount FROM transfers) each
                          GROUP BY id) moved USING (id)
             WHERE a.balance <> %d + coalesce(moved.amount, 0)
            """.formatted(Bank.OPENING_BALANCE, Bank.OPENING_BALANCE);

    private final Connection connection;
    private final Outcomes outcomes;
    private final Tally tally;

    Audit(Connection connection, Outcomes outcomes, Tally tally) {
        this.connection = connection;
        this.outcomes = outcomes;
        this.tally = tally;
    }

    void run() throws SQLException {
        connection.setAutoCommit(false); // for the cursor
        try (Statement statement = connection.createStatement()) {
            sum(statement);
            accounts(statement);
            ledger(statement);
        } finally {
            connection.rollback();
        }
    }

    private void sum(Statement statement) throws SQLException {
        try (ResultSet found = statement.executeQuery("SELECT sum(balance), count(*) FROM accounts")) {
            found.next();
            long expected = (Bank.COMMON + Bank.RESERVED) * Bank.OPENING_BALANCE;
            if (found.getLong(1) != expected) {
                tally.violated(Invariant.MONEY_LOST, "the sum is " + found.getLong(1) + " instead of " + expected);
            }
        }
    }

    private void accounts(Statement statement) throws SQLException {
        try (ResultSet found = statement.executeQuery(UNBALANCED)) {
            while (found.next()) {
                tally.violated(
                        Invariant.MONEY_LOST,
                        "account " + found.getInt(1) + " has " + found.getLong(2) + ", by the ledger "
                                + found.getLong(3));
            }
        }
    }

    private void ledger(Statement statement) throws SQLException {
        BitSet there = new BitSet();
        statement.setFetchSize(10_000);
        try (ResultSet found = statement.executeQuery("SELECT id FROM transfers")) {
            while (found.next()) {
                there.set((int) found.getLong(1));
            }
        }
        for (long id = 1; id <= outcomes.last(); id++) {
            boolean booked = there.get((int) id);
            Outcome told = outcomes.of(id);
            if (told == Outcome.COMMITTED && !booked) {
                tally.violated(Invariant.COMMIT_MISSING, "transfer " + id);
            } else if (told == Outcome.ROLLED_BACK && booked) {
                tally.violated(Invariant.FAILURE_PRESENT, "transfer " + id);
            } else if (told == Outcome.UNKNOWN || told == Outcome.NONE) {
                tally.count("unknown." + (booked ? "had committed" : "had not committed"));
            }
        }
    }
}
