package io.pgheal.postgres;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.alibaba.druid.pool.DruidDataSource;
import com.p6spy.engine.spy.P6DataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariCredentialsProvider;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.Credentials;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.pgheal.Wrapped;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.apache.commons.dbcp2.BasicDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.datasource.AbstractDataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;

/** The control connection finds its way from whatever the application calls its data source, and takes none of its slots. */
class ControlAddressTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    static Stream<Arguments> known() {
        System.setProperty("p6spy.config.modulelist", "com.p6spy.engine.spy.P6SpyFactory"); // writes no log
        return Stream.of(
                Arguments.of("HikariCP", hikari(ControlAddressTest::byUrl)),
                Arguments.of("HikariCP, set up by setters, and not started", notStarted()),
                Arguments.of("HikariCP behind an observer", Wrapped.around(hikari(ControlAddressTest::byUrl))),
                Arguments.of("HikariCP behind two", Wrapped.around(Wrapped.around(hikari(ControlAddressTest::byUrl)))),
                Arguments.of(
                        "HikariCP behind datasource-proxy",
                        ProxyDataSourceBuilder.create(hikari(ControlAddressTest::byUrl))
                                .build()),
                Arguments.of("HikariCP behind P6Spy", new P6DataSource(hikari(ControlAddressTest::byUrl))),
                Arguments.of(
                        "HikariCP behind Spring", new LazyConnectionDataSourceProxy(hikari(ControlAddressTest::byUrl))),
                Arguments.of(
                        "HikariCP over the driver's data source",
                        hikari(over(SERVER.app().dataSource()))),
                Arguments.of(
                        "HikariCP over one that takes the pool's user",
                        hikari(over(withoutUser()).andThen(ControlAddressTest::loggedIn))),
                Arguments.of("HikariCP over a foreign one", hikari(over(new Foreign(false)))),
                Arguments.of(
                        "HikariCP over a foreign one that takes the pool's user",
                        hikari(over(new Foreign(true)).andThen(ControlAddressTest::loggedIn))),
                Arguments.of("HikariCP that makes the driver's data source", hikari(made(PGSimpleDataSource.class))),
                Arguments.of("HikariCP that makes a foreign one", hikari(made(ForeignByProperties.class))),
                Arguments.of("HikariCP with a provider of credentials", hikari(config -> {
                    config.setJdbcUrl(SERVER.url());
                    config.setCredentialsProvider(new Provider());
                })),
                Arguments.of("HikariCP with credentials of its subclass", new HikariDataSource() {
                    {
                        setJdbcUrl(SERVER.url());
                    }

                    @Override
                    public Credentials getCredentials() {
                        return Credentials.of(SERVER.user(), SERVER.password());
                    }
                }),
                Arguments.of("a url of P6Spy", hikari(config -> {
                    byUrl(config);
                    config.setJdbcUrl(SERVER.url().replace("jdbc:", "jdbc:p6spy:"));
                })),
                Arguments.of("the driver's data source", SERVER.app().dataSource()),
                Arguments.of(
                        "the same behind Spring",
                        new DelegatingDataSource(SERVER.app().dataSource())),
                Arguments.of(
                        "Spring's for the driver manager",
                        new DriverManagerDataSource(SERVER.url(), SERVER.user(), SERVER.password())),
                Arguments.of("Spring's for a driver", byProperties()),
                Arguments.of("Commons DBCP", dbcp()),
                Arguments.of("Commons DBCP behind Spring", new DelegatingDataSource(dbcp())),
                Arguments.of("Tomcat's pool", tomcat()),
                Arguments.of("Druid", druid()),
                Arguments.of("Agroal", agroal()),
                Arguments.of(
                        "one that denies what it unwraps to",
                        new Denying(SERVER.app().dataSource())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("known")
    void reachesTheServerOutsideThePool(String what, DataSource target) throws Exception {
        try (Connection connection = ControlAddress.of(target, null).open()) {
            ControlConnectionTest.assertSettings(connection);
            assertThat(connection.getNetworkTimeout()).isEqualTo(5000);
            assertThat(connection.unwrap(PGConnection.class).getPrepareThreshold())
                    .isZero();
            assertThat(Sql.text(connection, "SELECT session_user")).isEqualTo(SERVER.user());
            assertThat(lent(target)).isZero();
        } finally {
            close(target);
        }
    }

    /** The pool would lend the session next, with the settings of a control session. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPoolBelowAPoolLendsNoControlConnection(boolean wrapped) throws Exception {
        try (HikariDataSource inner = new HikariDataSource();
                HikariDataSource outer = new HikariDataSource()) {
            inner.setJdbcUrl(SERVER.url());
            inner.setUsername(SERVER.user());
            inner.setPassword(SERVER.password());
            outer.setDataSource(wrapped ? new DelegatingDataSource(inner) : inner);
            try (Connection control = ControlAddress.of(outer, null).open()) {
                assertThat(control.isValid(5)).isTrue();
                assertThat(inner.getHikariPoolMXBean()).as("not even started").isNull();
            }
        }
    }

    /** As a token has to be, that is good for minutes. */
    @Test
    void credentialsAreAskedAtEachConnect() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        HikariDataSource hikari = new HikariDataSource();
        hikari.setJdbcUrl(SERVER.url());
        hikari.setCredentialsProvider(() -> {
            asked.incrementAndGet();
            return Credentials.of(SERVER.user(), SERVER.password());
        });
        try (hikari) {
            ConnectionOpener opener = ControlAddress.of(Wrapped.around(hikari), null);
            assertThat(asked).hasValue(0);
            opener.open().close();
            opener.open().close();
            assertThat(asked).hasValue(2);
        }
    }

    /** Another url would be another container, or name no secret. */
    @ParameterizedTest
    @ValueSource(strings = {"jdbc:container:postgresql:18:///app", "jdbc-container:postgresql://db/app"})
    void aWrappingDriverGetsTheVeryUrlOfThePool(String wrapping) throws Exception {
        List<String> urls = new CopyOnWriteArrayList<>();
        Driver containers = new org.postgresql.Driver() {
            @Override
            public boolean acceptsURL(String url) {
                return url.startsWith(wrapping);
            }

            @Override
            public @Nullable Connection connect(String url, Properties properties) throws SQLException {
                if (!acceptsURL(url)) {
                    return null;
                }
                urls.add(url);
                return super.connect(SERVER.url(), properties);
            }
        };
        DriverManager.registerDriver(containers);
        HikariDataSource hikari = new HikariDataSource();
        hikari.setJdbcUrl(wrapping + "?currentSchema=evil&options=-c%20statement_timeout=0");
        loggedIn(hikari);
        try (hikari;
                Connection connection = ControlAddress.of(hikari, null).open()) {
            ControlConnectionTest.assertSettings(connection);
            assertThat(urls).containsExactly(hikari.getJdbcUrl());
        } finally {
            DriverManager.deregisterDriver(containers);
        }
    }

    /** The driver's default: the name in the operating system, and a password out of a file. */
    @Test
    void whereNobodyNamesAUserTheDriverDoes(@TempDir Path directory) throws Exception {
        String user = System.getProperty("user.name");
        Path passwords = Files.writeString(directory.resolve("pgpass"), "*:*:*:" + user + ":secret");
        assumeThat(SERVER.admin().number("SELECT count(*) FROM pg_roles WHERE rolname = ?", user))
                .isZero();
        SERVER.admin().run("CREATE ROLE \"" + user + "\" LOGIN PASSWORD 'secret'");
        System.setProperty("org.postgresql.pgpassfile", passwords.toString());
        try (Connection connection = ControlAddress.of(withoutUser(), null).open()) {
            assertThat(Sql.text(connection, "SELECT session_user")).isEqualTo(user);
        } finally {
            System.clearProperty("org.postgresql.pgpassfile");
            SERVER.admin().run("DROP ROLE \"" + user + "\"");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatHasNoAddressSaysWhatToSet(boolean foreignUrl) throws Exception {
        DataSource target = foreignUrl
                ? new DriverManagerDataSource("jdbc:sqlserver://db;user=u;password=hunter2")
                : new Foreign(false);
        ConnectionOpener opener = ControlAddress.of(target, null);
        assertThat(opener.at(new ServerAddress("localhost", 5432))).isEmpty();
        try (ControlChannel channel = new ControlChannel("unknown", opener)) {
            channel.start();
            await().until(() -> channel.losses() > 0);
            assertThat(channel.trouble())
                    .contains(
                            target.getClass().getName(),
                            "pgheal.control.url, pgheal.control.username and pgheal.control.password",
                            "control(ControlSettings.of(url, user, password))",
                            "controlDataSource(...)")
                    .doesNotContain("hunter2");
        }
    }

    private static int lent(DataSource target) throws SQLException {
        if (!target.isWrapperFor(HikariDataSource.class)) {
            return 0;
        }
        var pool = target.unwrap(HikariDataSource.class).getHikariPoolMXBean();
        return pool == null ? 0 : pool.getActiveConnections();
    }

    private static void close(DataSource target) throws Exception {
        if (target.isWrapperFor(HikariDataSource.class)) {
            target.unwrap(HikariDataSource.class).close();
        } else if (target instanceof AutoCloseable pool) {
            pool.close();
        }
    }

    private static HikariDataSource hikari(Consumer<HikariConfig> how) {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(1);
        config.setMinimumIdle(0);
        how.accept(config);
        return new HikariDataSource(config);
    }

    private static void byUrl(HikariConfig config) {
        config.setJdbcUrl(SERVER.url());
        loggedIn(config);
    }

    private static void loggedIn(HikariConfig config) {
        config.setUsername(SERVER.user());
        config.setPassword(SERVER.password());
    }

    private static Consumer<HikariConfig> over(DataSource source) {
        return config -> config.setDataSource(source);
    }

    private static Consumer<HikariConfig> made(Class<? extends DataSource> type) {
        return config -> {
            config.setDataSourceClassName(type.getName());
            config.addDataSourceProperty("url", SERVER.url());
            config.addDataSourceProperty("user", SERVER.user());
            config.addDataSourceProperty("password", SERVER.password());
        };
    }

    private static HikariDataSource notStarted() {
        HikariDataSource hikari = new HikariDataSource();
        hikari.setJdbcUrl(SERVER.url());
        hikari.setUsername(SERVER.user());
        hikari.setPassword(SERVER.password());
        return hikari;
    }

    private static DataSource withoutUser() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(SERVER.url());
        return source;
    }

    private static DataSource byProperties() {
        SimpleDriverDataSource source = new SimpleDriverDataSource(new org.postgresql.Driver(), SERVER.url());
        Properties properties = new Properties();
        properties.setProperty("user", SERVER.user());
        properties.setProperty("password", SERVER.password());
        source.setConnectionProperties(properties);
        return source;
    }

    private static DataSource dbcp() {
        BasicDataSource source = new BasicDataSource();
        source.setUrl(SERVER.url());
        source.setUsername(SERVER.user());
        source.setPassword(SERVER.password());
        return source;
    }

    private static DataSource tomcat() {
        org.apache.tomcat.jdbc.pool.DataSource source = new org.apache.tomcat.jdbc.pool.DataSource();
        source.setUrl(SERVER.url());
        source.setUsername(SERVER.user());
        source.setPassword(SERVER.password());
        return source;
    }

    private static DataSource druid() {
        DruidDataSource source = new DruidDataSource();
        source.setUrl(SERVER.url());
        source.setUsername(SERVER.user());
        source.setPassword(SERVER.password());
        return source;
    }

    private static DataSource agroal() {
        try {
            return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(pool -> pool.maxSize(1)
                            .connectionFactoryConfiguration(factory -> factory.jdbcUrl(SERVER.url())
                                    .principal(new NamePrincipal(SERVER.user()))
                                    .credential(new SimplePassword(SERVER.password())))));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As Narayana's. */
    private static final class Denying extends DelegatingDataSource {
        Denying(DataSource below) {
            super(below);
        }

        @Override
        public boolean isWrapperFor(Class<?> type) {
            return false;
        }

        @Override
        public @Nullable DataSource getTargetDataSource() {
            return null;
        }

        @Override
        protected DataSource obtainTargetDataSource() {
            return requireNonNull(super.getTargetDataSource());
        }
    }

    /** Makes physical connections, by means of its own. */
    static class Foreign extends AbstractDataSource {
        private final boolean asksForTheUser;

        Foreign(boolean asksForTheUser) {
            this.asksForTheUser = asksForTheUser;
        }

        @Override
        public Connection getConnection() throws SQLException {
            if (asksForTheUser) {
                throw new SQLException("whose connection?");
            }
            return SERVER.app().connect();
        }

        @Override
        public Connection getConnection(String user, String password) throws SQLException {
            return DriverManager.getConnection(SERVER.url(), user, password);
        }
    }

    public static class ForeignByProperties extends Foreign {
        private @Nullable String url;
        private @Nullable String user;
        private @Nullable String password;

        public ForeignByProperties() {
            super(false);
        }

        public void setUrl(String value) {
            url = value;
        }

        public void setUser(String value) {
            user = value;
        }

        public void setPassword(String value) {
            password = value;
        }

        @Override
        public Connection getConnection() throws SQLException {
            return DriverManager.getConnection(url, user, password);
        }
    }

    private static final class Provider implements HikariCredentialsProvider {
        @Override
        public Credentials getCredentials() {
            return Credentials.of(SERVER.user(), SERVER.password());
        }
    }
}
