package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

class LeaseScopeTest {
    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());

    @Test
    void anInnerScopeThatWasNeverClosedIsLeftWithItsOuterOne() throws SQLException {
        LeaseScope outer = registry.openScope("outer", true);
        registry.openScope("lost", true);
        outer.close();

        LeaseScope next = registry.openScope("next", true);
        ConnectionHandle handle = lend();
        next.close();

        assertThat(handle.lease.scopeEnd()).isNotNull();
    }

    @Test
    void aScopeThatEndsAfterItsOuterOneKeepsNoLeaseFromItsEvidence() throws SQLException {
        LeaseScope outer = registry.openScope("outer", true);
        LeaseScope inner = registry.openScope("inner", true);
        ConnectionHandle handle = lend();
        inner.continuesElsewhere();
        inner.close();
        outer.close();
        inner.completed();

        assertThat(handle.lease.scopeEnd()).isNotNull();
    }

    private ConnectionHandle lend() throws SQLException {
        return registry.lend(new Raw().as(Connection.class), new Raw().as(BaseConnection.class));
    }
}
