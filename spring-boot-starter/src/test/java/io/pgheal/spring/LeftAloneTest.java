package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.ObjectFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.CustomScopeConfigurer;
import org.springframework.beans.factory.config.Scope;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.support.SimpleThreadScope;
import org.springframework.core.PriorityOrdered;
import org.springframework.jdbc.datasource.AbstractDataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;

/** Which data sources are guarded, and which are not. */
class LeftAloneTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
            .withBean(LeftAloneTest.Url.class, () -> new Url(SERVER.url()));

    record Url(String text) {}

    static PGSimpleDataSource postgres(Url url) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url.text());
        dataSource.setUser(SERVER.user());
        dataSource.setPassword(SERVER.password());
        return dataSource;
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoDatabases {
        @Bean
        DataSource orders(Url url) {
            return postgres(url);
        }

        @Bean
        DataSource audit(Url url) {
            return postgres(url);
        }
    }

    @Test
    void eachIsGuardedUnderItsOwnName() {
        runner.withUserConfiguration(TwoDatabases.class).run(context -> {
            assertThat(guarded(context.getBean(GuardedDataSources.class))).containsOnlyKeys("orders", "audit");
            assertThat(Guards.of(context, "orders").name()).isEqualTo("orders");
        });
    }

    @Test
    void anExcludedBean() {
        runner.withUserConfiguration(TwoDatabases.class)
                .withPropertyValues("pgheal.exclude-beans=audit")
                .run(context -> {
                    assertThat(Guards.isGuarded(context.getBean("orders"))).isTrue();
                    assertThat(Guards.isGuarded(context.getBean("audit"))).isFalse();
                });
    }

    @Test
    void whatIsSaidOfOneDataSourceHoldsForThatOne() {
        runner.withUserConfiguration(TwoDatabases.class)
                .withPropertyValues(
                        "pgheal.tables.users.idle-blocker-timeout=5s",
                        "pgheal.data-sources.audit.mode=observe",
                        "pgheal.data-sources.audit.tables.users.idle-blocker-timeout=2s")
                .run(context -> {
                    SelfHealingDataSource audit = Guards.of(context, "audit");
                    SelfHealingDataSource orders = Guards.of(context, "orders");
                    assertThat(audit.mode()).isEqualTo(HealingMode.OBSERVE);
                    assertThat(orders.mode()).isEqualTo(HealingMode.HEAL);
                    assertThat(audit.config().limits().tables()).hasSize(1);
                    assertThat(audit.config().limits().tables().get(0).idleBlockerTimeout())
                            .hasSeconds(2);
                    assertThat(orders.config().limits().tables().get(0).idleBlockerTimeout())
                            .hasSeconds(5);
                });
    }

    @Test
    void allWhenItIsNotEnabled() {
        runner.withUserConfiguration(TwoDatabases.class)
                .withPropertyValues("pgheal.enabled=false")
                .run(context -> {
                    assertThat(Guards.isGuarded(context.getBean("orders"))).isFalse();
                    assertThat(context).doesNotHaveBean(GuardedDataSources.class);
                });
    }

    /** As H2 or MySQL would be. */
    static class OtherDatabase extends AbstractDataSource {
        public String getJdbcUrl() {
            return "jdbc:h2:mem:test";
        }

        @Override
        public java.sql.Connection getConnection() {
            throw new AssertionError("nobody needs a connection to know whose it is");
        }

        @Override
        public java.sql.Connection getConnection(String username, String password) {
            return getConnection();
        }
    }

    @Test
    void anotherKindOfDatabase() {
        runner.withBean("other", DataSource.class, OtherDatabase::new)
                .run(context -> assertThat(context.getBean("other")).isInstanceOf(OtherDatabase.class));
    }

    /** As a class that is older than today's JDBC does. */
    @Test
    void oneThatCannotBeUnwrappedKeepsNoApplicationFromStarting() {
        DataSource old = new OtherDatabase() {
            @Override
            public <T> T unwrap(Class<T> type) {
                throw new AbstractMethodError("unwrap");
            }

            @Override
            public boolean isWrapperFor(Class<?> type) {
                throw new AbstractMethodError("isWrapperFor");
            }
        };
        runner.withBean("old", DataSource.class, () -> old)
                .run(context -> assertThat(context.getBean("old")).isSameAs(old));
    }

    /** As AWS writes the URLs of its driver that looks up a secret. */
    @Test
    void notOneWhoseDriverWrapsPostgres() {
        DataSource wrapping = new OtherDatabase() {
            @Override
            public String getJdbcUrl() {
                return "jdbc-secretsmanager:postgresql://db.example.com:5432/app";
            }
        };
        runner.withBean("pool", DataSource.class, () -> wrapping)
                .run(context -> assertThat(guarded(context.getBean(GuardedDataSources.class)))
                        .containsOnlyKeys("pool"));
    }

    @Configuration(proxyBeanMethods = false)
    static class Delegating {
        @Bean
        DataSource pool(Url url) {
            return postgres(url);
        }

        @Bean
        DataSource lazy(DataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
        }

        @Bean
        DataSource routing(DataSource pool) {
            AbstractRoutingDataSource routing = new AbstractRoutingDataSource() {
                @Override
                protected Object determineCurrentLookupKey() {
                    throw new IllegalStateException("no tenant");
                }
            };
            routing.setTargetDataSources(Map.of("tenant", pool));
            return routing;
        }
    }

    @Test
    void thoseThatOnlyDelegateToOthers() {
        runner.withUserConfiguration(Delegating.class).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean("lazy")).isInstanceOf(LazyConnectionDataSourceProxy.class);
            assertThat(Guards.isGuarded(((DelegatingDataSource) context.getBean("lazy")).getTargetDataSource()))
                    .isTrue();
            assertThat(context.getBean("routing")).isInstanceOf(AbstractRoutingDataSource.class);
            assertThat(guarded(context.getBean(GuardedDataSources.class))).containsOnlyKeys("pool");
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class HandMade {
        @Bean
        SelfHealingDataSource mine(Url url) {
            return SelfHealingDataSource.builder(postgres(url)).name("by hand").build();
        }
    }

    @Test
    void oneThatIsGuardedAlreadyIsKnownButNotWrappedAgain() {
        runner.withUserConfiguration(HandMade.class).run(context -> {
            assertThat(context.getBean(SelfHealingDataSource.class).name()).isEqualTo("by hand");
            assertThat(guarded(context.getBean(GuardedDataSources.class))).containsOnlyKeys("mine");
        });
    }

    /** As a library wraps one that it finds, and offers both. */
    static class Wrapper extends AbstractDataSource {
        private final DataSource below;

        Wrapper(DataSource below) {
            this.below = below;
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
        public <T> T unwrap(Class<T> type) throws SQLException {
            return type.isInstance(this) ? type.cast(this) : below.unwrap(type);
        }

        @Override
        public boolean isWrapperFor(Class<?> type) throws SQLException {
            return type.isInstance(this) || below.isWrapperFor(type);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Wrapped {
        @Bean
        DataSource pool(Url url) {
            return postgres(url);
        }

        @Bean
        DataSource wrapper(@Qualifier("pool") DataSource pool) {
            return new Wrapper(pool);
        }

        @Bean
        DataSource denying(@Qualifier("pool") DataSource pool) {
            return new Wrapper(pool) {
                @Override
                public boolean isWrapperFor(Class<?> type) {
                    return false;
                }
            };
        }
    }

    @Test
    void oneThatWrapsAGuardedOne() {
        runner.withUserConfiguration(Wrapped.class).run(context -> {
            assertThat(context.getBean("wrapper")).isInstanceOf(Wrapper.class);
            assertThat(guarded(context.getBean(GuardedDataSources.class))).containsOnlyKeys("pool");
            try (Connection connection =
                    context.getBean("wrapper", DataSource.class).getConnection()) {
                assertThat(connection.isValid(5)).isTrue();
                assertThat(Guards.of(context).healer().leases()).isEqualTo(1);
            }
        });
    }

    @Test
    void notOneThatOnlySaysSo() {
        Wrapper boasting = new Wrapper(postgres(new Url(SERVER.url()))) {
            @Override
            public boolean isWrapperFor(Class<?> type) {
                return true;
            }
        };
        runner.withBean("pool", DataSource.class, () -> boasting)
                .run(context -> assertThat(guarded(context.getBean(GuardedDataSources.class)))
                        .containsOnlyKeys("pool"));
    }

    @Configuration(proxyBeanMethods = false)
    static class ScopedPool {
        @Bean
        static CustomScopeConfigurer threads() {
            CustomScopeConfigurer scopes = new CustomScopeConfigurer();
            scopes.addScope("thread", new SimpleThreadScope());
            return scopes;
        }

        @Bean
        @org.springframework.context.annotation.Scope(value = "thread", proxyMode = ScopedProxyMode.INTERFACES)
        DataSource pool(Url url) {
            return postgres(url);
        }
    }

    @Test
    void theTargetsOfAPoolInAScopeForTheirProxyIsGuarded() {
        runner.withUserConfiguration(ScopedPool.class).run(context -> {
            assertThat(Guards.isGuarded(context.getBean("pool"))).isTrue();
            try (Connection connection =
                    context.getBean("pool", DataSource.class).getConnection()) {
                assertThat(connection.isValid(5)).isTrue();
            }
            assertThat(Guards.isGuarded(context.getBean(ScopedProxyUtils.getTargetBeanName("pool"))))
                    .isFalse();
            assertThat(guarded(context.getBean(GuardedDataSources.class))).containsOnlyKeys("pool");
        });
    }

    /** As Spring Cloud's refresh scope: one target at a time, and a proxy that no post-processor sees. */
    static final class Refreshed implements Scope {
        private final Map<String, Object> beans = new HashMap<>();
        private final Map<String, Runnable> destruction = new HashMap<>();

        @Override
        public Object get(String name, ObjectFactory<?> factory) {
            return beans.computeIfAbsent(name, unused -> factory.getObject());
        }

        @Override
        public @Nullable Object remove(String name) {
            return beans.remove(name);
        }

        @Override
        public void registerDestructionCallback(String name, Runnable callback) {
            destruction.put(name, callback);
        }

        @Override
        public @Nullable Object resolveContextualObject(String key) {
            return null;
        }

        @Override
        public @Nullable String getConversationId() {
            return null;
        }

        void refresh() {
            beans.clear();
            destruction.values().forEach(Runnable::run);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class RefreshedPool {
        static final Refreshed SCOPE = new Refreshed();

        @Bean
        static BeanFactoryPostProcessor scope() {
            return beans -> {
                beans.registerScope("refreshed", SCOPE);
                ((RootBeanDefinition) ((BeanDefinitionRegistry) beans).getBeanDefinition("pool")).setSynthetic(true);
            };
        }

        @Bean
        @org.springframework.context.annotation.Scope(value = "refreshed", proxyMode = ScopedProxyMode.TARGET_CLASS)
        PGSimpleDataSource pool(Url url) {
            return postgres(url);
        }
    }

    @Test
    void notTheTargetOfAScopedProxyThatNobodyCanGuard() {
        runner.withUserConfiguration(RefreshedPool.class).run(context -> {
            PGSimpleDataSource proxy = context.getBean("pool", PGSimpleDataSource.class);
            SelfHealingDataSource former = Guards.of(proxy);
            assertThat(former.name()).isEqualTo("pool");
            await().until(() -> former.healer().connected());
            RefreshedPool.SCOPE.refresh();
            assertThat(Guards.of(proxy)).isNotSameAs(former);
            assertThat(former.healer().connected()).isFalse();
            assertThat(guarded(context.getBean(GuardedDataSources.class))).containsOnlyKeys("pool");
            assertThat(context.getBean(GuardedDataSources.class).unguarded()).isEmpty();
        });
    }

    /** Another post-processor's wrapper is outside: it borrows through the guard. */
    @Test
    void whatAnotherPostProcessorWrapsIsGuardedInside() {
        runner.withBean("pool", DataSource.class, Pool::new)
                .withBean(WrappedByAnother.class)
                .run(context -> {
                    assertThat(context.getBean("pool")).isInstanceOf(ProxyDataSource.class);
                    SelfHealingDataSource guard = Guards.of(context);
                    await().until(() -> guard.healer().connected());
                    try (Connection connection =
                            context.getBean(DataSource.class).getConnection()) {
                        assertThat(connection.isValid(5)).isTrue();
                        assertThat(guard.healer().leases()).isEqualTo(1);
                    }
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class Prototype {
        @Bean
        @org.springframework.context.annotation.Scope("prototype")
        DataSource each(Url url) {
            return postgres(url);
        }
    }

    @Test
    void prototypesWhichWouldNeedAHealerEach() {
        runner.withUserConfiguration(Prototype.class)
                .run(context ->
                        assertThat(Guards.isGuarded(context.getBean("each"))).isFalse());
    }

    @Test
    void theTargetOfAScopedProxy() {
        runner.withBean(
                        ScopedProxyUtils.getTargetBeanName("pool"),
                        DataSource.class,
                        () -> postgres(new Url(SERVER.url())))
                .run(context -> assertThat(Guards.isGuarded(context.getBean(DataSource.class)))
                        .isFalse());
    }

    /** A pool that looks, when it is closed, whether its guard is still at work. */
    static class Pool extends PGSimpleDataSource implements AutoCloseable {
        private static final long serialVersionUID = 1L;
        transient @Nullable SelfHealingDataSource guard;
        Boolean guardedWhenClosed;

        Pool() {
            setUrl(SERVER.url());
            setUser(SERVER.user());
            setPassword(SERVER.password());
        }

        @Override
        public void close() {
            guardedWhenClosed = guard != null && guard.healer().connected();
        }
    }

    @Test
    void theHealerIsClosedBeforeItsPool() {
        Pool pool = new Pool();
        runner.withBean("pool", DataSource.class, () -> pool).run(context -> {
            pool.guard = Guards.of(context);
            await().until(() -> pool.guard.healer().connected());
        });
        assertThat(pool.guardedWhenClosed).isFalse();
    }

    /** Whoever wrapped it before pgheal: Spring destroys the bean that is inside. */
    @Test
    void theHealerIsClosedBeforeThePoolThatAnotherWrapped() {
        Pool pool = new Pool();
        runner.withBean("pool", DataSource.class, () -> pool)
                .withBean(WrappedByAnother.class)
                .withPropertyValues(
                        "pgheal.control.url=" + SERVER.url(),
                        "pgheal.control.username=" + SERVER.user(),
                        "pgheal.control.password=" + SERVER.password())
                .run(context -> {
                    pool.guard = Guards.of(context);
                    await().until(() -> pool.guard.healer().connected());
                });
        assertThat(pool.guardedWhenClosed).isFalse();
    }

    static final class WrappedByAnother implements BeanPostProcessor, PriorityOrdered {
        @Override
        public int getOrder() {
            return 0;
        }

        @Override
        public Object postProcessAfterInitialization(Object bean, String name) {
            return bean instanceof Pool pool ? new ProxyDataSource(pool) : bean;
        }
    }

    private static Map<String, SelfHealingDataSource> guarded(GuardedDataSources guarded) {
        return guarded.byName();
    }
}
