package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.sql.Connection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/** What tells a transaction manager's work from that of a pool that does not roll back. */
class GlobalTransactionsTest {
    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());
    private final Driver driver = new Driver();
    private final BaseConnection connection = driver.as(BaseConnection.class);

    private static final class Driver extends Raw {
        boolean autoCommit;

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            return method.getName().equals("getAutoCommit") ? autoCommit : super.invoke(proxy, method, arguments);
        }
    }

    private ConnectionHandle lend() throws Exception {
        return registry.lend(new Raw().as(Connection.class), connection);
    }

    private void look() {
        registry.look(System.nanoTime(), null);
    }

    @Test
    void whoSwitchesAutoCommitOnAgainAtTheEndIsATransactionManager() throws Exception {
        lend().close();
        look();
        assertThat(registry.knowsGlobalTransactions()).as("it is not over").isFalse();
        driver.transaction = TransactionState.IDLE;
        driver.autoCommit = true;
        look();
        assertThat(registry.knowsGlobalTransactions()).isTrue();
    }

    /** A pool's own query, rolled back after the next look. */
    @Test
    void whereAutoCommitStaysOffItIsThePoolsOwnMode() throws Exception {
        lend().close();
        look();
        driver.transaction = TransactionState.IDLE;
        look();
        assertThat(registry.knowsGlobalTransactions()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatTheBorrowerSaidIsNobodyElses(boolean autoCommit) throws Exception {
        driver.autoCommit = !autoCommit;
        ConnectionHandle handle = lend();
        handle.setAutoCommit(autoCommit);
        driver.autoCommit = false;
        handle.close();
        driver.transaction = TransactionState.IDLE;
        driver.autoCommit = true;
        look();
        assertThat(registry.knowsGlobalTransactions()).isFalse();
    }

    /** Hand-written code says it as a habit. */
    @Test
    void whoSaysThatAutoCommitIsOffWhereItIsHasSwitchedNothing() throws Exception {
        ConnectionHandle handle = lend();
        handle.setAutoCommit(false);
        handle.close();
        driver.transaction = TransactionState.IDLE;
        driver.autoCommit = true;
        look();
        assertThat(registry.knowsGlobalTransactions()).isTrue();
    }

    /** Whatever comes after that may be the next borrower's doing. */
    @Test
    void whatWasLentSinceTellsNothing() throws Exception {
        lend().close();
        ConnectionHandle next = lend();
        driver.transaction = TransactionState.IDLE;
        driver.autoCommit = true;
        next.close();
        look();
        assertThat(registry.knowsGlobalTransactions()).isFalse();
    }

    @Test
    void nothingIsKeptOnceNobodyLooks() throws Exception {
        lend().close();
        registry.healerEnds();
        lend().close();
        look();
        assertThat(registry.look(System.nanoTime(), null)).isEmpty();
    }
}
