package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.Garbage;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/** Whatever an application does, what is kept of it is bounded. */
class TrackBoundsTest {
    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());

    private ConnectionHandle lend() throws Exception {
        return registry.lend(new Raw().as(Connection.class), new Raw().as(BaseConnection.class));
    }

    @Test
    void eventsThatNobodyHearsAreCountedAndLost() throws Exception {
        Lease lease = lend().lease;
        for (int i = 0; i < 3000; i++) {
            registry.failedWait(lease, Failure.of(new SQLException(), i), null);
        }
        assertThat(registry.events()).hasSize(1024);
        assertThat(registry.lostEvents()).isEqualTo(3000 - 1024);
    }

    @Test
    void theLastEightStatementsOfATransactionAreKept() throws Exception {
        Lease lease = lend().lease;
        for (int i = 0; i < 100; i++) {
            lease.enter(Call.EXECUTE, "select " + i);
            lease.exit();
        }
        assertThat(lease.statements()).hasSize(8).startsWith("select 92").endsWith("select 99");
    }

    private static Object field(Object of, String name) throws ReflectiveOperationException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
    }

    @Test
    void aPhysicalConnectionThatIsGoneIsForgotten() throws Exception {
        Map<?, ?> physicals = (Map<?, ?>) field(field(registry, "physicals"), "physicals");
        for (int i = 0; i < 100; i++) {
            Raw driver = new Raw();
            registry.lend(new Raw().as(Connection.class), driver.as(BaseConnection.class))
                    .close();
            driver.transaction = TransactionState.IDLE; // which outlived the close
        }
        assertThat(registry.look(0, null)).isEmpty();
        WeakReference<?> other = new WeakReference<>(new Object());
        Garbage.collectUntil(() -> other.refersTo(null) && physicals.isEmpty());
    }
}
