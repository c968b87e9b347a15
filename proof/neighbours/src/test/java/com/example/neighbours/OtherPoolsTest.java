package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.alibaba.druid.pool.DruidDataSource;
import com.mchange.v2.c3p0.ComboPooledDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.testserver.PostgresServer;
import java.beans.PropertyVetoException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Hashtable;
import java.util.Properties;
import javax.naming.Context;
import javax.naming.NamingException;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.naming.ContextBindings;
import org.apache.naming.NamingContext;
import org.apache.tomcat.jdbc.pool.DataSourceFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.vibur.dbcp.ViburDBCPDataSource;

/** Other pools, each used by its class where that class can have subclasses. */
@Tag("thorough")
class OtherPoolsTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** Has the pool that {@code spring.datasource.type} names. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Chosen {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Druid {
        @Bean
        DruidDataSource dataSource(Environment environment) {
            DruidDataSource pool = new DruidDataSource();
            pool.setUrl(environment.getProperty("spring.datasource.url"));
            pool.setUsername(environment.getProperty("spring.datasource.username"));
            pool.setPassword(environment.getProperty("spring.datasource.password"));
            pool.setMaxActive(Trial.SLOTS);
            return pool;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Vibur {
        @Bean(initMethod = "start", destroyMethod = "close")
        ViburDBCPDataSource dataSource(Environment environment) {
            ViburDBCPDataSource pool = new ViburDBCPDataSource();
            pool.setJdbcUrl(environment.getProperty("spring.datasource.url"));
            pool.setUsername(environment.getProperty("spring.datasource.username"));
            pool.setPassword(environment.getProperty("spring.datasource.password"));
            pool.setPoolInitialSize(1);
            pool.setPoolMaxSize(Trial.SLOTS);
            return pool;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class C3p0 {
        @Bean(destroyMethod = "close")
        DataSource dataSource(Environment environment) throws PropertyVetoException {
            ComboPooledDataSource pool = new ComboPooledDataSource();
            pool.setDriverClass("org.postgresql.Driver");
            pool.setJdbcUrl(environment.getProperty("spring.datasource.url"));
            pool.setUser(environment.getProperty("spring.datasource.username"));
            pool.setPassword(environment.getProperty("spring.datasource.password"));
            pool.setInitialPoolSize(1);
            pool.setMinPoolSize(1);
            pool.setAcquireIncrement(1);
            pool.setMaxPoolSize(Trial.SLOTS);
            pool.setCheckoutTimeout(30_000);
            return pool;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Agroal {
        @Bean(destroyMethod = "close")
        AgroalDataSource dataSource(Environment environment) throws SQLException {
            return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(pool -> pool.maxSize(Trial.SLOTS)
                            .acquisitionTimeout(Duration.ofSeconds(30))
                            .connectionFactoryConfiguration(factory -> factory.jdbcUrl(
                                            environment.getProperty("spring.datasource.url"))
                                    .principal(new NamePrincipal(environment.getProperty("spring.datasource.username")))
                                    .credential(new SimplePassword(
                                            environment.getProperty("spring.datasource.password"))))));
        }
    }

    @Test
    void tomcat() {
        try (Trial trial = chosen(
                "2a Tomcat JDBC",
                org.apache.tomcat.jdbc.pool.DataSource.class,
                "spring.datasource.tomcat.max-active=2")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is injected by its class", () -> {
                var pool = byClass(trial, org.apache.tomcat.jdbc.pool.DataSource.class);
                assertThat(pool.getMaxActive()).isEqualTo(Trial.SLOTS);
                assertThat(pool.getActive()).isZero();
            });
        }
    }

    @Test
    void dbcp2() {
        try (Trial trial = chosen("2b DBCP 2", BasicDataSource.class, "spring.datasource.dbcp2.max-total=2")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is injected by its class", () -> {
                BasicDataSource pool = byClass(trial, BasicDataSource.class);
                assertThat(pool.getMaxTotal()).isEqualTo(Trial.SLOTS);
                assertThat(pool.getNumActive()).isZero();
            });
        }
    }

    @Test
    void withoutAPool() {
        try (Trial trial = chosen("2c `PGSimpleDataSource`", PGSimpleDataSource.class)) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is injected by its class", () -> {
                PGSimpleDataSource source = byClass(trial, PGSimpleDataSource.class);
                assertThat(source.getUser()).isEqualTo(SERVER.user());
            });
        }
    }

    @Test
    void druid() {
        try (Trial trial = Trial.of(SERVER, "2d Druid", Druid.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is injected by its class", () -> {
                DruidDataSource pool = byClass(trial, DruidDataSource.class);
                assertThat(pool.getMaxActive()).isEqualTo(Trial.SLOTS);
                assertThat(pool.getActiveCount()).isZero();
            });
        }
    }

    @Test
    void vibur() {
        try (Trial trial = Trial.of(SERVER, "2e Vibur", Vibur.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is injected by its class", () -> {
                ViburDBCPDataSource pool = byClass(trial, ViburDBCPDataSource.class);
                assertThat(pool.getPoolMaxSize()).isEqualTo(Trial.SLOTS);
                assertThat(pool.getPool().taken()).isZero();
            });
        }
    }

    @Test
    void c3p0() {
        try (Trial trial = Trial.of(SERVER, "2f c3p0 (its class is final)", C3p0.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is unwrapped", () -> {
                ComboPooledDataSource pool = trial.dataSource("dataSource").unwrap(ComboPooledDataSource.class);
                assertThat(pool.getMaxPoolSize()).isEqualTo(Trial.SLOTS);
            });
        }
    }

    @Test
    void agroal() {
        try (Trial trial =
                Trial.of(SERVER, "2g Agroal (its class is final, its type an interface)", Agroal.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is injected by its interface", () -> {
                AgroalDataSource pool = byClass(trial, AgroalDataSource.class);
                assertThat(pool.getConfiguration().connectionPoolConfiguration().maxSize())
                        .isEqualTo(Trial.SLOTS);
            });
        }
    }

    /** The pool is the container's: it was there before the application, and stays when the application has gone. */
    @Test
    void fromTheContainer() throws Exception {
        Properties settings = new Properties();
        settings.setProperty("url", SERVER.url());
        settings.setProperty("username", SERVER.user());
        settings.setProperty("password", SERVER.password());
        settings.setProperty("maxActive", String.valueOf(Trial.SLOTS));
        DataSource pool = new DataSourceFactory().createDataSource(settings);
        try (Names names = new Names("jdbc/app", pool);
                Trial trial = Trial.of(
                        SERVER,
                        "2h `spring.datasource.jndi-name`, Tomcat's names and pool",
                        Chosen.class,
                        "",
                        "spring.datasource.jndi-name=java:comp/env/jdbc/app")) {
            trial.guards(1, "dataSource").heals("dataSource").does("the pool outlives the application", () -> {
                byClass(trial, org.apache.tomcat.jdbc.pool.DataSource.class);
                trial.context().close();
                await("the control connection is closed")
                        .until(() ->
                                SERVER.app().sessions("application_name = ?", ControlSettings.APPLICATION_NAME) == 0);
                try (Connection connection = pool.getConnection()) {
                    assertThat(connection.isValid(1)).isTrue();
                }
            });
        } finally {
            ((org.apache.tomcat.jdbc.pool.DataSource) pool).close();
        }
    }

    /** As Tomcat gives its names to an application. */
    private static final class Names implements AutoCloseable {
        private static final String PACKAGES = "java.naming.factory.url.pkgs";

        private final ClassLoader application = Thread.currentThread().getContextClassLoader();

        @SuppressWarnings("BanJNDI") // the names are the test's own
        Names(String name, Object value) throws NamingException {
            System.setProperty(PACKAGES, "org.apache.naming");
            NamingContext names = new NamingContext(new Hashtable<>(), "names of the application");
            Context inside = names.createSubcontext("comp").createSubcontext("env");
            String[] parts = name.split("/");
            for (int i = 0; i < parts.length - 1; i++) {
                inside = inside.createSubcontext(parts[i]);
            }
            inside.bind(parts[parts.length - 1], value);
            ContextBindings.bindContext(this, names);
            ContextBindings.bindClassLoader(this, null, application);
        }

        @Override
        public void close() {
            ContextBindings.unbindClassLoader(this, null, application);
            ContextBindings.unbindContext(this, null);
            System.clearProperty(PACKAGES);
        }
    }

    private static Trial chosen(String line, Class<? extends DataSource> type, String... properties) {
        String[] all = new String[properties.length + 1];
        all[0] = "spring.datasource.type=" + type.getName();
        System.arraycopy(properties, 0, all, 1, properties.length);
        return Trial.of(SERVER, line, Chosen.class, "", all);
    }

    private static <T extends DataSource> T byClass(Trial trial, Class<T> type) throws SQLException {
        T pool = trial.bean(type);
        assertThat(trial.dataSource("dataSource")).isInstanceOf(type);
        try (Connection connection = pool.getConnection()) {
            assertThat(Trial.isGuarded(connection)).isTrue();
        }
        return pool;
    }
}
