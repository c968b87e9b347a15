package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** What {@code pgheal.control.*} does not say is the pool's, also where the pool stands behind something else. */
class ControlConnectionsTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final HikariDataSource hikari = new HikariDataSource();

    /** In the shape that OpenTelemetry's starter gives it. */
    private final DataSource observed = (DataSource) Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> method.invoke(hikari, arguments));

    ControlConnectionsTest() {
        hikari.setJdbcUrl(SERVER.url());
        hikari.setUsername(SERVER.user());
        hikari.setPassword(SERVER.password());
        hikari.addDataSourceProperty("options", "-c app.route=here");
    }

    private static PghealProperties.Control control(
            @Nullable String url, @Nullable String username, @Nullable String password) {
        return new PghealProperties.Control(url, username, password, null, null, null);
    }

    private static String text(@Nullable ConnectionOpener opener, String sql) throws Exception {
        assertThat(opener).isNotNull();
        try (Connection connection = opener.open()) {
            return Sql.text(connection, sql);
        }
    }

    @Test
    void theAddressIsThePools() throws Exception {
        ConnectionOpener opener =
                ControlConnections.opener(control(null, SERVER.superuser(), SERVER.superuserPassword()), observed);
        assertThat(text(opener, "SELECT session_user || ' ' || current_setting('app.route')"))
                .isEqualTo(SERVER.superuser() + " here");
    }

    @Test
    void thePasswordIsThePools() throws Exception {
        ConnectionOpener opener = ControlConnections.opener(control(SERVER.url(), null, null), observed);
        assertThat(text(opener, "SELECT session_user || coalesce(current_setting('app.route', true), '')"))
                .as("what else the pool tells its driver is for its own address")
                .isEqualTo(SERVER.user());
    }

    @Test
    void whereThePoolTellsNoUrlItIsToBeSet() {
        DataSource silent = new AbstractDataSource() {
            @Override
            public @Nullable Connection getConnection() {
                return null;
            }

            @Override
            public @Nullable Connection getConnection(String user, String password) {
                return null;
            }
        };
        assertThatThrownBy(() -> ControlConnections.opener(control(null, "healer", null), silent))
                .isInstanceOf(InvalidPropertyException.class)
                .hasMessageContaining("without pgheal.control.url");
    }
}
