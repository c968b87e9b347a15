package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.Wrapped;
import io.pgheal.decide.HealingMode;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.time.Duration;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.listener.MethodExecutionListener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A long job asks for time with one line, whatever lends it the connection: the emergency switch must not break the job. */
class HealingLeaseTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final HikariDataSource hikari = SERVER.app().pool("lease", 1);

    @AfterEach
    void close() {
        hikari.close();
    }

    @ParameterizedTest
    @EnumSource
    void isThereInEachMode(HealingMode mode) throws Exception {
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(hikari)
                .config(HealingConfig.builder().mode(mode).build())
                .build()) {
            asksForTime(guarded);
        }
    }

    @Test
    void isThereBelowListenersAndWrappers() throws Exception {
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(hikari)
                .interception(proxy -> proxy.methodListener(MethodExecutionListener.DEFAULT))
                .build()) {
            asksForTime(guarded);
            asksForTime(Wrapped.around(guarded));
            try (Connection connection = Wrapped.around(guarded).getConnection()) {
                assertThat(HealingLease.of(connection)).isInstanceOf(ConnectionHandle.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isThereWithoutPgheal(boolean pooled) throws Exception {
        asksForTime(pooled ? hikari : SERVER.app().dataSource());
        asksForTime(Wrapped.around(hikari));
    }

    private static void asksForTime(DataSource source) throws Exception {
        Connection connection = source.getConnection();
        HealingLease lease = HealingLease.of(connection);
        lease.extend(Duration.ofMinutes(5));
        assertThat(lease.isOver()).isFalse();
        assertThat(lease.isLeftBehind()).isFalse();
        connection.close();
        assertThat(lease.isOver()).isTrue();
        assertThat(lease.isLeftBehind()).isTrue();
        assertThatCode(() -> HealingLease.of(connection).extend(Duration.ofMinutes(5)))
                .doesNotThrowAnyException();
        assertThat(HealingLease.of(connection).isOver()).isTrue();
    }
}
