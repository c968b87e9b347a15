package io.pgheal.bench;

import com.alibaba.druid.pool.DruidDataSource;
import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.p6spy.engine.spy.P6DataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import net.ttddyy.observation.tracing.DataSourceObservationListener;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;
import org.postgresql.ds.PGSimpleDataSource;
import org.vibur.dbcp.ViburDBCPDataSource;

/**
 * Whoever lends connections. Each is set up as its documentation says; those that reclaim what was abandoned, to do so as
 * quickly as they can.
 */
enum Contender {
    /** No pool: for what costs less than a pool, a thread keeps its connection. */
    PGJDBC("pgjdbc alone") {
        @Override
        Opened open(Target target) {
            PGSimpleDataSource driver = new PGSimpleDataSource();
            driver.setUrl(target.url());
            driver.setUser(target.user());
            driver.setPassword(target.password());
            return new Opened(driver, () -> {});
        }
    },
    HIKARI("HikariCP") {
        @Override
        Opened open(Target target) {
            return hikari(target, config -> {});
        }
    },
    HIKARI_LEAK_DETECTION("HikariCP, leak detection 2 s") {
        @Override
        Opened open(Target target) {
            return hikari(target, config -> config.setLeakDetectionThreshold(2000));
        }
    },
    HIKARI_IDLE_TIMEOUT("HikariCP, server's idle_in_transaction timeout 1 s") {
        @Override
        Opened open(Target target) {
            return hikari(
                    target, config -> config.setConnectionInitSql("SET idle_in_transaction_session_timeout = '1s'"));
        }
    },
    HIKARI_PATIENT_IDLE_TIMEOUT("HikariCP, server's idle_in_transaction timeout 30 s") {
        @Override
        Opened open(Target target) {
            return hikari(
                    target, config -> config.setConnectionInitSql("SET idle_in_transaction_session_timeout = '30s'"));
        }
    },
    DATASOURCE_PROXY("datasource-proxy, listeners that do nothing") {
        @Override
        Opened open(Target target) {
            return over(hikari(target, config -> {}), HotPath::withListeners);
        }
    },
    P6SPY("P6Spy, no appender") {
        @Override
        Opened open(Target target) {
            System.setProperty("p6spy.config.modulelist", "com.p6spy.engine.spy.P6SpyFactory");
            return over(hikari(target, config -> {}), P6DataSource::new);
        }
    },
    DATASOURCE_MICROMETER("datasource-micrometer, meters") {
        @Override
        Opened open(Target target) {
            ObservationRegistry observations = ObservationRegistry.create();
            observations
                    .observationConfig()
                    .observationHandler(new DefaultMeterObservationHandler(new SimpleMeterRegistry()));
            return over(hikari(target, config -> {}), pool -> {
                DataSourceObservationListener listener = new DataSourceObservationListener(observations);
                return ProxyDataSourceBuilder.create("bench", pool)
                        .listener(listener)
                        .methodListener(listener)
                        .build();
            });
        }
    },
    AWS_WRAPPER("AWS Advanced JDBC Wrapper, no plugins") {
        @Override
        Opened open(Target target) {
            return hikari(target, config -> {
                config.setJdbcUrl(target.url().replace("jdbc:postgresql:", "jdbc:aws-wrapper:postgresql:"));
                config.setDriverClassName("software.amazon.jdbc.Driver");
                config.addDataSourceProperty("wrapperPlugins", "");
            });
        }
    },
    AWS_WRAPPER_DEFAULT("AWS Advanced JDBC Wrapper, default plugins") {
        @Override
        Opened open(Target target) {
            return hikari(target, config -> {
                config.setJdbcUrl(target.url().replace("jdbc:postgresql:", "jdbc:aws-wrapper:postgresql:"));
                config.setDriverClassName("software.amazon.jdbc.Driver");
            });
        }
    },
    TOMCAT("Tomcat JDBC, removeAbandoned 1 s") {
        @Override
        Opened open(Target target) {
            PoolProperties config = new PoolProperties();
            config.setUrl(target.url());
            config.setUsername(target.user());
            config.setPassword(target.password());
            config.setDriverClassName("org.postgresql.Driver");
            config.setMaxActive(target.size());
            config.setMaxIdle(target.size());
            config.setMinIdle(target.size());
            config.setInitialSize(target.size());
            config.setMaxWait(WAIT_MS);
            config.setRemoveAbandoned(true);
            config.setRemoveAbandonedTimeout(1);
            config.setTimeBetweenEvictionRunsMillis(1000);
            config.setJdbcInterceptors("ConnectionState");
            org.apache.tomcat.jdbc.pool.DataSource pool = new org.apache.tomcat.jdbc.pool.DataSource(config);
            return new Opened(pool, () -> pool.close(true));
        }
    },
    DBCP2("DBCP2, removeAbandoned 1 s") {
        @Override
        Opened open(Target target) {
            BasicDataSource pool = new BasicDataSource();
            pool.setUrl(target.url());
            pool.setUsername(target.user());
            pool.setPassword(target.password());
            pool.setMaxTotal(target.size());
            pool.setMaxIdle(target.size());
            pool.setInitialSize(target.size());
            pool.setMaxWait(Duration.ofMillis(WAIT_MS));
            pool.setRemoveAbandonedOnBorrow(true);
            pool.setRemoveAbandonedOnMaintenance(true);
            pool.setRemoveAbandonedTimeout(Duration.ofSeconds(1));
            pool.setDurationBetweenEvictionRuns(Duration.ofMillis(100));
            return new Opened(pool, pool);
        }
    },
    C3P0("c3p0, unreturnedConnectionTimeout 1 s") {
        @Override
        Opened open(Target target) {
            ComboPooledDataSource pool = new ComboPooledDataSource();
            pool.setJdbcUrl(target.url());
            pool.setUser(target.user());
            pool.setPassword(target.password());
            pool.setMinPoolSize(target.size());
            pool.setMaxPoolSize(target.size());
            pool.setInitialPoolSize(target.size());
            pool.setUnreturnedConnectionTimeout(1);
            pool.setCheckoutTimeout(WAIT_MS);
            return new Opened(pool, pool);
        }
    },
    DRUID("Druid, removeAbandoned 1 s") {
        @Override
        Opened open(Target target) {
            DruidDataSource pool = new DruidDataSource();
            pool.setUrl(target.url());
            pool.setUsername(target.user());
            pool.setPassword(target.password());
            pool.setMaxActive(target.size());
            pool.setInitialSize(target.size());
            pool.setMinIdle(target.size());
            pool.setMaxWait(WAIT_MS);
            pool.setRemoveAbandoned(true);
            pool.setRemoveAbandonedTimeoutMillis(1000);
            pool.setTimeBetweenEvictionRunsMillis(100);
            return new Opened(pool, pool);
        }
    },
    AGROAL("Agroal, leakTimeout 1 s") {
        @Override
        Opened open(Target target) throws Exception {
            AgroalDataSource pool = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(config -> config.maxSize(target.size())
                            .initialSize(target.size())
                            .leakTimeout(Duration.ofSeconds(1))
                            .acquisitionTimeout(Duration.ofMillis(WAIT_MS))
                            .connectionFactoryConfiguration(factory -> factory.jdbcUrl(target.url())
                                    .principal(new NamePrincipal(target.user()))
                                    .credential(new SimplePassword(target.password())))));
            return new Opened(pool, pool);
        }
    },
    VIBUR("Vibur") {
        @Override
        Opened open(Target target) {
            ViburDBCPDataSource pool = new ViburDBCPDataSource();
            pool.setJdbcUrl(target.url());
            pool.setUsername(target.user());
            pool.setPassword(target.password());
            pool.setPoolMaxSize(target.size());
            pool.setPoolInitialSize(target.size());
            pool.setConnectionTimeoutInMs(WAIT_MS);
            pool.start();
            return new Opened(pool, pool);
        }
    },
    PGHEAL_NO_STACKS("pgheal, no borrow stacks") {
        @Override
        Opened open(Target target) {
            return guarded(target, config -> config.borrowStacks(0));
        }
    },
    PGHEAL("pgheal") {
        @Override
        Opened open(Target target) {
            return guarded(target, config -> config);
        }
    },
    /** As quick as the peers are set to be. */
    PGHEAL_QUICK("pgheal, abandoned.grace 1 s") {
        @Override
        Opened open(Target target) {
            return guarded(target, config -> config.abandonedGrace(Duration.ofSeconds(1)));
        }
    },
    /** As in a servlet application with the starter. */
    PGHEAL_REQUESTS("pgheal, each request a unit of work") {
        @Override
        Opened open(Target target) {
            return guarded(target, config -> config);
        }

        @Override
        <T> T request(Opened opened, Callable<T> work) throws Exception {
            SelfHealingDataSource guarded = (SelfHealingDataSource) opened.dataSource();
            try (LeaseScope scope = guarded.frameworkScope("request")) {
                try {
                    return work.call();
                } catch (Throwable t) {
                    scope.failed(t);
                    throw t;
                }
            }
        }
    };

    /** How long a borrower waits for a slot. */
    private static final int WAIT_MS = 5000;

    final String title;

    Contender(String title) {
        this.title = title;
    }

    /** The database, and how many connections to lend at most. */
    record Target(String url, String user, String password, int size) {}

    /** One that lends, and how it is closed. */
    record Opened(DataSource dataSource, AutoCloseable end) implements AutoCloseable {
        @Override
        public void close() throws Exception {
            end.close();
        }
    }

    abstract Opened open(Target target) throws Exception;

    /** Runs what a request does, in whatever the contender lays around a request. */
    <T> T request(Opened opened, Callable<T> work) throws Exception {
        return work.call();
    }

    /** Borrows every connection once, so that none is made while something is measured. */
    static void fill(Opened opened, int size) throws Exception {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            all.add(opened.dataSource().getConnection());
        }
        for (Connection each : all) {
            each.close();
        }
        if (opened.dataSource() instanceof SelfHealingDataSource guarded) {
            while (!guarded.healer().connected()) {
                Thread.sleep(5);
            }
        }
    }

    private static Opened hikari(Target target, Consumer<HikariConfig> more) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(target.url());
        config.setUsername(target.user());
        config.setPassword(target.password());
        config.setMaximumPoolSize(target.size());
        config.setConnectionTimeout(WAIT_MS);
        more.accept(config);
        HikariDataSource pool = new HikariDataSource(config);
        return new Opened(pool, pool);
    }

    private static Opened over(Opened pool, UnaryOperator<DataSource> layer) {
        return new Opened(layer.apply(pool.dataSource()), pool.end());
    }

    private static Opened guarded(Target target, UnaryOperator<HealingConfig.Builder> config) {
        Opened pool = hikari(target, more -> {});
        SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool.dataSource())
                .config(config.apply(HealingConfig.builder()).build())
                .build();
        return new Opened(guarded, () -> {
            guarded.close();
            pool.close();
        });
    }
}
