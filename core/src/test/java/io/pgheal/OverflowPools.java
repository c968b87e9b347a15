package io.pgheal;

import com.alibaba.druid.pool.DruidDataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.AgroalConnectionPoolConfiguration.ExceptionSorter;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.exceptionsorter.PostgreSQLExceptionSorter;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.pgheal.decide.Retained;
import io.pgheal.testserver.Patience;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.apache.commons.dbcp2.BasicDataSource;

/**
 * The pools of the trials: each of the same size, with the same patience, and for the rest as it comes. A slot that does not
 * come back in that time is lost.
 */
final class OverflowPools {
    static final int SLOTS = 4;
    /** Who lends the connections. */
    enum Subject {
        PGHEAL("**pgheal** over HikariCP"),
        PGHEAL_TOMCAT("**pgheal** over Tomcat JDBC"),
        PGHEAL_DBCP2("**pgheal** over DBCP2"),
        PGHEAL_DRUID("**pgheal** over Druid"),
        PGHEAL_AGROAL("**pgheal** over Agroal"),
        /** With the quarantine alone. */
        PGHEAL_WITHOUT_PREFLIGHT("**pgheal** over HikariCP, `stack-preflight` off"),
        HIKARI("HikariCP"),
        DATASOURCE_PROXY("datasource-proxy over HikariCP"),
        TOMCAT("Tomcat JDBC"),
        DBCP2("Commons DBCP 2"),
        DRUID("Druid"),
        AGROAL("Agroal");

        final String text;

        Subject(String text) {
            this.text = text;
        }
    }

    /** An open pool, and what it lends through. */
    record Open(DataSource subject, AutoCloseable closing) {}

    private final int patienceMillis;
    private final Duration socketTimeout;
    private final Duration longestAnswer;
    private final String url;
    private final String user;
    private final String password;

    private OverflowPools(PostgresServer server, Duration patience, Duration socketTimeout, Duration longestAnswer) {
        this.url = server.url();
        this.user = server.user();
        this.password = server.password();
        this.patienceMillis = (int) patience.toMillis();
        this.socketTimeout = socketTimeout;
        this.longestAnswer = longestAnswer;
    }

    /** Where slots are lost for ever, and answers never come: what pools do by themselves. */
    static OverflowPools thatGiveUpSoon(PostgresServer server) {
        return new OverflowPools(server, Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(5));
    }

    /** Where nothing may be lost, on the slowest machine. */
    static OverflowPools thatWait(PostgresServer server) {
        return new OverflowPools(
                server, Patience.PATIENCE, Patience.PATIENCE.multipliedBy(2), Patience.PATIENCE.multipliedBy(3));
    }

    /** A cut protocol can wait for ever: who has no answer by then will have none. */
    Duration longestAnswer() {
        return longestAnswer;
    }

    private String socketTimeoutSeconds() {
        return Long.toString(socketTimeout.toSeconds());
    }

    /** A connection of no pool, and with all the time it needs. */
    Connection outside() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    Open open(Subject kind) throws SQLException {
        return switch (kind) {
            case PGHEAL -> guard(hikari(), true);
            case PGHEAL_WITHOUT_PREFLIGHT -> guard(hikari(), false);
            case PGHEAL_TOMCAT -> guard(tomcat(), true);
            case PGHEAL_DBCP2 -> guard(dbcp2(), true);
            case PGHEAL_DRUID -> guard(druid(), true);
            case PGHEAL_AGROAL -> guard(agroal(true), true);
            case HIKARI -> hikari();
            case DATASOURCE_PROXY -> {
                Open pool = hikari();
                yield new Open(ProxyDataSourceBuilder.create(pool.subject()).build(), pool.closing());
            }
            case TOMCAT -> tomcat();
            case DBCP2 -> dbcp2();
            case DRUID -> druid();
            case AGROAL -> agroal(false);
        };
    }

    private Open guard(Open pool, boolean preflight) {
        SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool.subject())
                .config(HealingConfig.builder()
                        .abandonedGrace(Duration.ofMillis(200))
                        .abandonedRetained(Retained.HEAL)
                        .stackPreflight(preflight)
                        .certainPerMinute(1_000_000)
                        .signalsPerMinute(1_000_000)
                        .build())
                .build();
        return new Open(guarded, () -> {
            guarded.close();
            pool.closing().close();
        });
    }

    private Open hikari() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(user);
        config.setPassword(password);
        config.setMaximumPoolSize(SLOTS);
        config.setConnectionTimeout(patienceMillis);
        config.addDataSourceProperty("socketTimeout", socketTimeoutSeconds());
        HikariDataSource pool = new HikariDataSource(config);
        return new Open(pool, pool);
    }

    private Open tomcat() {
        var pool = new org.apache.tomcat.jdbc.pool.DataSource();
        pool.setDriverClassName("org.postgresql.Driver");
        pool.setUrl(url);
        pool.setUsername(user);
        pool.setPassword(password);
        Properties properties = new Properties();
        properties.setProperty("socketTimeout", socketTimeoutSeconds());
        pool.setDbProperties(properties);
        pool.setMaxActive(SLOTS);
        pool.setMaxIdle(SLOTS);
        pool.setInitialSize(0);
        pool.setMinIdle(0);
        pool.setMaxWait(patienceMillis);
        return new Open(pool, () -> pool.close(true));
    }

    private Open dbcp2() {
        BasicDataSource pool = new BasicDataSource();
        pool.setUrl(url);
        pool.setUsername(user);
        pool.setPassword(password);
        pool.addConnectionProperty("socketTimeout", socketTimeoutSeconds());
        pool.setMaxTotal(SLOTS);
        pool.setMaxIdle(SLOTS);
        pool.setMaxWait(Duration.ofMillis(patienceMillis));
        return new Open(pool, pool);
    }

    private Open druid() {
        DruidDataSource pool = new DruidDataSource();
        pool.setUrl(url);
        pool.setUsername(user);
        pool.setPassword(password);
        pool.setSocketTimeout((int) socketTimeout.toMillis());
        pool.setMaxActive(SLOTS);
        pool.setMaxWait(patienceMillis);
        return new Open(pool, pool);
    }

    /** @param sorted whether it is told which failures mean that a connection is broken: by itself it knows none */
    private Open agroal(boolean sorted) throws SQLException {
        var configuration = new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(pool -> pool.maxSize(SLOTS)
                        .exceptionSorter(
                                sorted ? new PostgreSQLExceptionSorter() : ExceptionSorter.emptyExceptionSorter())
                        .acquisitionTimeout(Duration.ofMillis(patienceMillis))
                        .connectionFactoryConfiguration(factory -> factory.jdbcUrl(url)
                                .principal(new NamePrincipal(user))
                                .credential(new SimplePassword(password))
                                .jdbcProperty("socketTimeout", socketTimeoutSeconds())));
        AgroalDataSource pool = AgroalDataSource.from(configuration);
        return new Open(pool, pool);
    }
}
