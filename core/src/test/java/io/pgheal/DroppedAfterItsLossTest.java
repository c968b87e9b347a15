package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.exceptionsorter.PostgreSQLExceptionSorter;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.Patience;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The server ends a session, its owner forgets the connection: some pools call that closed, and wait for its slot for ever. */
class DroppedAfterItsLossTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    enum PoolOfOne {
        HIKARI {
            @Override
            DataSource open(Login login) {
                return login.pool("of-one", 1);
            }
        },
        DBCP2 {
            @Override
            DataSource open(Login login) {
                BasicDataSource pool = new BasicDataSource();
                pool.setUrl(login.url());
                pool.setUsername(login.user());
                pool.setPassword(login.password());
                pool.setMaxTotal(1);
                pool.setMaxWait(Patience.PATIENCE);
                return pool;
            }
        },
        AGROAL {
            @Override
            DataSource open(Login login) throws SQLException {
                return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                        .connectionPoolConfiguration(pool -> pool.maxSize(1)
                                .exceptionSorter(new PostgreSQLExceptionSorter()) // else it lends what is broken again
                                .acquisitionTimeout(Patience.PATIENCE)
                                .connectionFactoryConfiguration(factory -> factory.jdbcUrl(login.url())
                                        .principal(new NamePrincipal(login.user()))
                                        .credential(new SimplePassword(login.password())))));
            }
        };

        abstract DataSource open(Login login) throws SQLException;
    }

    @ParameterizedTest
    @EnumSource
    void itsSlotComesBack(PoolOfOne kind) throws Exception {
        DataSource pool = kind.open(SERVER.app());
        try (AutoCloseable closing = (AutoCloseable) pool;
                SideBySide beside = new SideBySide();
                SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                        .controlDataSource(SERVER.app().dataSource())
                        .build()) {
            beside.start("leaver", () -> {
                        Connection connection = guarded.getConnection();
                        int pid = Sql.pid(connection);
                        SERVER.app().run("SELECT pg_terminate_backend(" + pid + ")");
                        assertThatThrownBy(() -> Sql.run(connection, "SELECT 1"))
                                .isInstanceOf(SQLException.class);
                    })
                    .get();
            Garbage.collectUntil(() -> guarded.leases().isEmpty());
            try (Connection next = guarded.getConnection()) {
                assertThat(Sql.pid(next)).isPositive();
            }
            assertThat(closing).isNotNull();
        }
    }
}
