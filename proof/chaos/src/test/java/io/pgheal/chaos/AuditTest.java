package io.pgheal.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.chaos.Outcomes.Outcome;
import io.pgheal.testserver.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Each way in which money or a promise can be lost is found. */
class AuditTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    Path reports;

    private final Outcomes outcomes = new Outcomes();
    private final Dice dice = Dice.of(1, "audit");
    private Tally tally;
    private Connection connection;

    @BeforeEach
    void found() throws SQLException {
        tally = new Tally(reports);
        connection = SERVER.connection();
        execute("DROP TABLE IF EXISTS accounts, transfers, desks, branches, imports");
        Bank.found(connection);
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
        tally.close();
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long move(Outcome told) throws SQLException {
        Transfer transfer = Transfer.draw(dice, outcomes.next()).plain();
        connection.setAutoCommit(false);
        Bank.move(connection, transfer, dice);
        connection.commit();
        connection.setAutoCommit(true);
        outcomes.report(transfer.id(), told);
        return transfer.id();
    }

    private void audit() throws SQLException {
        new Audit(connection, outcomes, tally).run();
    }

    @Test
    void anHonestBankIsClean() throws SQLException {
        move(Outcome.COMMITTED);
        move(Outcome.UNKNOWN);
        outcomes.report(outcomes.next(), Outcome.ROLLED_BACK);
        audit();
        assertThat(tally.isClean()).isTrue();
        assertThat(tally.of("unknown.had committed")).isOne();
    }

    @Test
    void aCommitThatIsNotThereIsMissing() throws SQLException {
        outcomes.report(outcomes.next(), Outcome.COMMITTED);
        audit();
        assertThat(tally.of(Invariant.COMMIT_MISSING)).isOne();
    }

    @Test
    void aFailureThatIsThereIsFound() throws SQLException {
        move(Outcome.ROLLED_BACK);
        audit();
        assertThat(tally.of(Invariant.FAILURE_PRESENT)).isOne();
    }

    @Test
    void halfATransferIsMoneyLost() throws SQLException {
        Bank.add(connection, 1, -10);
        audit();
        assertThat(tally.of(Invariant.MONEY_LOST)).isEqualTo(2); // the sum, and the account
    }

    @Test
    void moneyMovedWithoutTheLedgerIsFound() throws SQLException {
        Bank.add(connection, 1, -10);
        Bank.add(connection, 2, 10);
        audit();
        assertThat(tally.of(Invariant.MONEY_LOST)).isEqualTo(2); // both accounts
    }
}
