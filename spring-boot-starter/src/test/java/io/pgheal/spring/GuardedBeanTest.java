package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseScope;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.jdbc.PgConnection;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.DataSourceUnwrapper;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** What the application gets in place of its pool is of the pool's class, wherever it asks. */
class GuardedBeanTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class));

    @BeforeAll
    static void createTable() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE guarded_beans (id int PRIMARY KEY)");
            statement.execute("INSERT INTO guarded_beans VALUES (1)");
        }
    }

    static HikariDataSource hikari(int size) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(SERVER.url());
        pool.setUsername(SERVER.user());
        pool.setPassword(SERVER.password());
        pool.setMaximumPoolSize(size);
        pool.setConnectionTimeout(5_000);
        return pool;
    }

    record Asked(
            HikariDataSource byClass,
            ObjectProvider<HikariDataSource> provider,
            Map<String, HikariDataSource> byName,
            List<HikariDataSource> all) {}

    @Configuration
    static class AsksByClass {
        @Bean
        HikariDataSource first() {
            return hikari(1);
        }

        /** Spring gives the bean to this call between methods. */
        @Bean
        JdbcTemplate jdbc() {
            return new JdbcTemplate(first());
        }

        @Bean
        Asked asked(
                HikariDataSource byClass,
                ObjectProvider<HikariDataSource> provider,
                Map<String, HikariDataSource> byName,
                List<HikariDataSource> all) {
            return new Asked(byClass, provider, byName, all);
        }
    }

    @Test
    void howeverItIsAskedFor() {
        runner.withUserConfiguration(AsksByClass.class).run(context -> {
            assertThat(context).hasNotFailed();
            HikariDataSource bean = (HikariDataSource) context.getBean(DataSource.class);
            Asked asked = context.getBean(Asked.class);
            assertThat(List.of(
                            asked.byClass(),
                            asked.provider().getObject(),
                            asked.byName().get("first"),
                            asked.all().get(0),
                            context.getBeansOfType(HikariDataSource.class).get("first"),
                            bean.unwrap(HikariDataSource.class),
                            bean.unwrap(DataSource.class),
                            DataSourceUnwrapper.unwrap(bean, HikariConfigMXBean.class, HikariDataSource.class)))
                    .allSatisfy(each -> assertThat(each).isSameAs(bean))
                    .contains(bean); // it equals itself
            assertThat(context.getBean(JdbcTemplate.class).getDataSource()).isSameAs(bean);
            assertHealed(bean);
        });
    }

    /** As for a pool without a guard: the slot comes back, with another connection in it. */
    @Test
    void anEvictedConnectionIsTheOneThatWasLent() {
        runner.withBean("pool", HikariDataSource.class, () -> hikari(1)).run(context -> {
            HikariDataSource bean = context.getBean(HikariDataSource.class);
            int evicted;
            try (Connection connection = bean.getConnection()) {
                evicted = backend(connection);
                bean.evictConnection(connection);
            }
            try (Connection connection = bean.getConnection()) {
                assertThat(backend(connection)).isNotEqualTo(evicted);
            }
        });
    }

    /** Spring Boot's meters of the pool read the field. */
    @Test
    void itsFieldsAreThePools() {
        runner.withBean("pool", HikariDataSource.class, () -> hikari(1)).run(context -> {
            HikariDataSource bean = context.getBean(HikariDataSource.class);
            DirectFieldAccessor fields = new DirectFieldAccessor(bean);
            assertThat(fields.getPropertyValue("pool")).isNull();
            bean.getConnection().close();
            assertThat(fields.getPropertyValue("pool")).isNotNull().isSameAs(bean.getHikariPoolMXBean());
            bean.setMaximumPoolSize(7);
            assertThat(fields.getPropertyValue("maxPoolSize")).isEqualTo(7);
        });
    }

    /** Spring Cloud, for one, looks for what is inside. */
    @Test
    void springKnowsItAsOneOfItsOwnProxies() {
        HikariDataSource pool = hikari(1);
        runner.withBean("pool", HikariDataSource.class, () -> pool).run(context -> {
            DataSource bean = context.getBean(DataSource.class);
            assertThat(AopUtils.isCglibProxy(bean)).isTrue();
            assertThat(AopUtils.getTargetClass(bean)).isSameAs(HikariDataSource.class);
            assertThat(context.getAutowireCapableBeanFactory().initializeBean(pool, "pool"))
                    .as("initialized once more")
                    .isSameAs(bean);
            assertThat(context.getBean(GuardedDataSources.class).byName()).containsOnlyKeys("pool");
        });
    }

    static final class FinalPool extends PGSimpleDataSource {
        private static final long serialVersionUID = 1L;
    }

    static class WithFinalMethod extends PGSimpleDataSource {
        private static final long serialVersionUID = 1L;

        public final String database() {
            return getDatabaseName();
        }
    }

    /** The nearest class that can be subclassed. */
    @Test
    void aPoolOfAFinalClassOrWithAFinalMethod() {
        for (PGSimpleDataSource pool : List.of(new FinalPool(), new WithFinalMethod(), new PGSimpleDataSource() {})) {
            configure(pool);
            runner.withBean("pool", DataSource.class, () -> pool).run(context -> {
                PGSimpleDataSource bean = context.getBean(PGSimpleDataSource.class);
                assertThat(bean).isNotSameAs(pool).isNotInstanceOf(WithFinalMethod.class);
                assertThat(bean.getUser()).isEqualTo(SERVER.user());
                assertThat(bean.unwrap(pool.getClass())).isInstanceOf(pool.getClass());
                assertHealed(bean);
            });
        }
    }

    interface Sized {
        int size();
    }

    /** Nothing but its interfaces can be had. */
    static final class OfNoClass implements DataSource, Sized {
        private final PGSimpleDataSource below = configure(new PGSimpleDataSource());

        @Override
        public int size() {
            return 12;
        }

        @Override
        public Connection getConnection() throws SQLException {
            return below.getConnection();
        }

        @Override
        public Connection getConnection(String username, String password) throws SQLException {
            return below.getConnection(username, password);
        }

        @Override
        public java.io.PrintWriter getLogWriter() {
            return below.getLogWriter();
        }

        @Override
        public void setLogWriter(java.io.PrintWriter out) {
            below.setLogWriter(out);
        }

        @Override
        public void setLoginTimeout(int seconds) {
            below.setLoginTimeout(seconds);
        }

        @Override
        public int getLoginTimeout() {
            return below.getLoginTimeout();
        }

        @Override
        public Logger getParentLogger() throws SQLFeatureNotSupportedException {
            throw new SQLFeatureNotSupportedException();
        }

        @Override
        public <T> T unwrap(Class<T> type) throws SQLException {
            return type.isInstance(below) ? type.cast(below) : below.unwrap(type);
        }

        @Override
        public boolean isWrapperFor(Class<?> type) throws SQLException {
            return type.isInstance(below) || below.isWrapperFor(type);
        }
    }

    @Test
    void aPoolWithInterfacesOnly() {
        runner.withBean("pool", DataSource.class, OfNoClass::new)
                .withPropertyValues(
                        "pgheal.control.url=" + SERVER.url(),
                        "pgheal.control.username=" + SERVER.user(),
                        "pgheal.control.password=" + SERVER.password())
                .run(context -> {
                    DataSource bean = context.getBean(DataSource.class);
                    assertThat(bean)
                            .isInstanceOfSatisfying(
                                    Sized.class,
                                    sized -> assertThat(sized.size()).isEqualTo(12));
                    assertThat(bean.unwrap(OfNoClass.class).size()).isEqualTo(12);
                    assertHealed(bean);
                });
    }

    /** By another's proxy, of the class or of the interface. */
    @Test
    void aPoolThatIsWrappedAlready() {
        ProxyFactory ofTheClass = new ProxyFactory(configure(new PGSimpleDataSource()));
        ofTheClass.setProxyTargetClass(true);
        PGSimpleDataSource below = configure(new PGSimpleDataSource());
        DataSource ofTheInterface = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> method.invoke(below, arguments));
        for (DataSource pool : List.of((DataSource) ofTheClass.getProxy(), ofTheInterface)) {
            runner.withBean("pool", DataSource.class, () -> pool)
                    .withPropertyValues(
                            "pgheal.control.url=" + SERVER.url(),
                            "pgheal.control.username=" + SERVER.user(),
                            "pgheal.control.password=" + SERVER.password())
                    .run(context -> assertHealed(context.getBean(DataSource.class)));
        }
    }

    /** Whose own methods borrow. */
    static class Protective extends AbstractDataSource {
        private final DataSource below = configure(new PGSimpleDataSource());

        @Override
        public Connection getConnection() throws SQLException {
            return borrow();
        }

        protected Connection borrow() throws SQLException {
            return below.getConnection();
        }

        @Override
        public Connection getConnection(String username, String password) throws SQLException {
            return below.getConnection(username, password);
        }

        Connection packagePrivate() throws SQLException {
            return getConnection();
        }
    }

    @Test
    void methodsThatAreNotPublic() {
        runner.withBean("pool", DataSource.class, Protective::new).run(context -> {
            Protective bean = context.getBean(Protective.class);
            try (Connection connection = bean.packagePrivate()) {
                assertThat(connection.isValid(5)).isTrue();
            }
        });
    }

    static class OfItsOwnClass extends PGSimpleDataSource {
        private static final long serialVersionUID = 1L;

        @Override
        public PgConnection getConnection() throws SQLException {
            return (PgConnection) super.getConnection();
        }
    }

    /** As Druid's pool: no handle can be of that class. */
    @Test
    void aPoolThatReturnsConnectionsOfItsOwnClass() {
        runner.withBean("pool", OfItsOwnClass.class, () -> {
                    OfItsOwnClass pool = new OfItsOwnClass();
                    configure(pool);
                    return pool;
                })
                .run(context -> {
                    OfItsOwnClass bean = context.getBean(OfItsOwnClass.class);
                    SelfHealingDataSource guard = Guards.of(bean);
                    try (PgConnection connection = bean.getConnection()) {
                        assertThat(connection.isValid(5)).isTrue();
                        assertThat(guard.healer().leases()).isZero();
                    }
                    assertHealed(bean);
                });
    }

    @Test
    void theHealerEndsBeforeAPoolThatTheApplicationCloses() {
        runner.withBean("pool", HikariDataSource.class, () -> hikari(1)).run(context -> {
            HikariDataSource bean = context.getBean(HikariDataSource.class);
            SelfHealingDataSource guard = Guards.of(bean);
            await().until(() -> guard.healer().connected());
            bean.close();
            assertThat(bean.isClosed()).isTrue();
            assertThat(guard.healer().connected()).isFalse();
        });
    }

    private static PGSimpleDataSource configure(PGSimpleDataSource pool) {
        pool.setUrl(SERVER.url());
        pool.setUser(SERVER.user());
        pool.setPassword(SERVER.password());
        return pool;
    }

    private static int backend(Connection connection) {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertHealed(DataSource bean) throws SQLException {
        SelfHealingDataSource guard = Guards.of(bean);
        await().until(() -> guard.healer().connected());
        try (LeaseScope scope = guard.scope("work")) {
            Connection connection = bean.getConnection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE guarded_beans SET id = id");
            }
        }
        await().until(() -> guard.incidents().stream().anyMatch(incident -> incident.outcome() == OutcomeKind.HEALED));
    }
}
