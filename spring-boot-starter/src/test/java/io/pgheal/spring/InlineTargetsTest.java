package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.jdbc.datasource.lookup.MapDataSourceLookup;
import org.springframework.transaction.support.TransactionTemplate;

/** Pools that are no beans, behind Spring's data sources that pass on. */
class InlineTargetsTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String PID = "SELECT pg_backend_pid()";

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class));

    @BeforeAll
    static void createTable() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE tenants (id int PRIMARY KEY)");
            statement.execute("INSERT INTO tenants VALUES (1)");
        }
    }

    @BeforeEach
    void listen() {
        log.start();
        logger().addAppender(log);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("io.pgheal.spring");
    }

    private List<String> told() {
        return List.copyOf(log.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private static DataSource postgres() {
        return SERVER.app().dataSource();
    }

    static class Routing extends AbstractRoutingDataSource {
        @Override
        protected Object determineCurrentLookupKey() {
            return "north";
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Inline {
        @Bean
        DataSource routing() {
            Routing routing = new Routing();
            DataSource north = postgres();
            routing.setTargetDataSources(
                    Map.of("north", north, "south", new LazyConnectionDataSourceProxy(postgres())));
            routing.setDefaultTargetDataSource(north);
            return routing;
        }

        @Bean
        DataSource lazy() {
            return new LazyConnectionDataSourceProxy(postgres());
        }
    }

    @Test
    void areGuardedUnderANameOfTheirOwn() {
        runner.withUserConfiguration(Inline.class).run(context -> {
            GuardedDataSources guarded = context.getBean(GuardedDataSources.class);
            assertThat(guarded.byName()).containsOnlyKeys("routing.north", "routing.south.target", "lazy.target");
            assertThat(context.getBean("routing")).isInstanceOf(Routing.class);
            Routing routing = context.getBean(Routing.class);
            assertThat(Guards.of(routing.getResolvedDefaultDataSource())).isSameAs(guarded.get("routing.north"));
            assertThat(Guards.of(((DelegatingDataSource) context.getBean("lazy")).getTargetDataSource()))
                    .isSameAs(guarded.get("lazy.target"));
            assertHealed(routing, guarded.get("routing.north"));
            assertHealed(context.getBean("lazy", DataSource.class), guarded.get("lazy.target"));
            assertHealed(routing.getResolvedDataSources().get("south"), guarded.get("routing.south.target"));
        });
    }

    @Test
    void goByThePropertiesOfTheirBean() {
        runner.withUserConfiguration(Inline.class)
                .withPropertyValues("pgheal.data-sources.routing.abandoned.patience=33s")
                .run(context -> {
                    GuardedDataSources guarded = context.getBean(GuardedDataSources.class);
                    assertThat(guarded.get("routing.north").config().limits().patience())
                            .hasSeconds(33);
                    assertThat(guarded.get("lazy.target").config().limits().patience())
                            .hasSeconds(15);
                });
    }

    @Test
    void areLeftAloneWithTheirBeanOrByTheirName() {
        runner.withUserConfiguration(Inline.class)
                .withPropertyValues("pgheal.exclude-beans=lazy,routing.north")
                .run(context -> assertThat(
                                context.getBean(GuardedDataSources.class).byName())
                        .containsOnlyKeys("routing.south.target"));
    }

    @Configuration(proxyBeanMethods = false)
    static class Excluded {
        @Bean
        DataSource audit() {
            return postgres();
        }

        @Bean
        DataSource lazy(DataSource audit) {
            return new LazyConnectionDataSourceProxy(audit);
        }
    }

    @Test
    void aBeanThatIsLeftAloneStaysSoBehindAnother() {
        runner.withUserConfiguration(Excluded.class)
                .withPropertyValues("pgheal.exclude-beans=audit")
                .run(context -> assertThat(
                                context.getBean(GuardedDataSources.class).byName())
                        .isEmpty());
    }

    @Configuration(proxyBeanMethods = false)
    static class ExcludedProxy {
        @Bean
        DataSource audit() {
            return new LazyConnectionDataSourceProxy(postgres());
        }

        @Bean
        DataSource routing(DataSource audit) {
            Routing routing = new Routing();
            routing.setTargetDataSources(Map.of("north", audit));
            return routing;
        }
    }

    @Test
    void norIsWhatItPassesOnToGuardedBehindAnother() {
        runner.withUserConfiguration(ExcludedProxy.class)
                .withPropertyValues("pgheal.exclude-beans=audit")
                .run(context -> assertThat(
                                context.getBean(GuardedDataSources.class).byName())
                        .isEmpty());
    }

    @Test
    void targetsThatAreAddedLaterAreRoutedTo() {
        Map<Object, Object> tenants = new HashMap<>(Map.of("north", postgres()));
        runner.withBean("routing", DataSource.class, () -> {
                    Routing routing = new Routing();
                    routing.setTargetDataSources(tenants);
                    return routing;
                })
                .run(context -> {
                    DataSource south = postgres();
                    tenants.put("south", south);
                    Routing routing = context.getBean(Routing.class);
                    routing.afterPropertiesSet();
                    assertThat(routing.getResolvedDataSources())
                            .containsOnlyKeys("north", "south")
                            .containsEntry("south", south)
                            .hasEntrySatisfying(
                                    "north",
                                    north -> assertThat(Guards.of(north))
                                            .isSameAs(context.getBean(GuardedDataSources.class)
                                                    .get("routing.north")));
                });
    }

    /** It makes pools while it is initialized. */
    static class InitializedOnce extends Routing {
        private int initialized;

        @Override
        public void afterPropertiesSet() {
            initialized++;
            super.afterPropertiesSet();
        }
    }

    private static InitializedOnce once() {
        InitializedOnce routing = new InitializedOnce();
        routing.setTargetDataSources(Map.of("north", postgres()));
        return routing;
    }

    @Configuration(proxyBeanMethods = false)
    static class RoutingBehindAnother {
        @Bean
        InitializedOnce routing() {
            return once();
        }

        @Bean
        DataSource lazy(InitializedOnce routing) {
            return new LazyConnectionDataSourceProxy(routing);
        }
    }

    @Test
    void aBeanThatRoutesIsInitializedOnceWhoeverPassesOnToIt() {
        runner.withUserConfiguration(RoutingBehindAnother.class).run(context -> {
            assertThat(context.getBean(InitializedOnce.class).initialized).isEqualTo(1);
            assertThat(context.getBean(GuardedDataSources.class).byName()).containsOnlyKeys("routing.north");
        });
    }

    @Test
    void whatHasResolvedItsTargetsIsGuardedWithoutDoingItAgain() {
        InitializedOnce inner = once();
        inner.afterPropertiesSet();
        runner.withBean("lazy", DataSource.class, () -> new LazyConnectionDataSourceProxy(inner))
                .run(context -> {
                    assertThat(inner.initialized).isEqualTo(1);
                    assertThat(inner.getResolvedDataSources())
                            .hasEntrySatisfying(
                                    "north",
                                    north -> assertThat(Guards.of(north))
                                            .isSameAs(context.getBean(GuardedDataSources.class)
                                                    .get("lazy.target.north")));
                });
    }

    static class MadeLate extends Routing {
        @Override
        public void afterPropertiesSet() {
            setTargetDataSources(Map.of("north", postgres()));
            super.afterPropertiesSet();
        }
    }

    @Test
    void thoseThatItMakesItself() {
        runner.withBean("late", DataSource.class, MadeLate::new).run(context -> {
            GuardedDataSources guarded = context.getBean(GuardedDataSources.class);
            assertThat(guarded.byName()).containsOnlyKeys("late.north");
            assertHealed(context.getBean(DataSource.class), guarded.get("late.north"));
        });
    }

    private static DataSource named(DataSource found) {
        Routing routing = new Routing();
        routing.setDataSourceLookup(new MapDataSourceLookup("jdbc:north?password=hunter2", found));
        routing.setTargetDataSources(Map.of("north", "jdbc:north?password=hunter2"));
        routing.setDefaultTargetDataSource("jdbc:north?password=hunter2");
        return routing;
    }

    @Test
    void thoseThatItLooksUpOnceAndNotByThatName() {
        runner.withBean("named", DataSource.class, () -> named(postgres()))
                .run(context -> assertThat(
                                context.getBean(GuardedDataSources.class).byName())
                        .containsOnlyKeys("named.north"));
        assertThat(told()).noneMatch(line -> line.contains("hunter2"));
    }

    @Configuration(proxyBeanMethods = false)
    static class NamedBean {
        @Bean
        DataSource pool() {
            return postgres();
        }

        @Bean
        DataSource named(@Qualifier("pool") DataSource pool) {
            return InlineTargetsTest.named(pool);
        }
    }

    @Test
    void aNameThatLeadsToAGuard() {
        runner.withUserConfiguration(NamedBean.class)
                .run(context -> assertThat(
                                context.getBean(GuardedDataSources.class).byName())
                        .containsOnlyKeys("pool"));
    }

    /** A transaction manager that was made with the pool itself binds by the pool. */
    @Test
    void ofATransactionAwareProxyWhichStillFindsItsTransaction() {
        DataSource pool = postgres();
        TransactionTemplate ofThePool = new TransactionTemplate(new DataSourceTransactionManager(pool));
        runner.withBean("aware", DataSource.class, () -> new TransactionAwareDataSourceProxy(pool))
                .run(context -> {
                    DataSource aware = context.getBean(DataSource.class);
                    SelfHealingDataSource guard =
                            context.getBean(GuardedDataSources.class).get("aware.target");
                    assertHealed(aware, guard);
                    ofThePool.executeWithoutResult(status -> assertThat(backend(aware))
                            .isEqualTo(new JdbcTemplate(pool).queryForObject(PID, Integer.class)));
                    TransactionTemplate ofTheGuard = new TransactionTemplate(new DataSourceTransactionManager(aware));
                    ofTheGuard.executeWithoutResult(status -> assertThat(backend(aware))
                            .isEqualTo(new JdbcTemplate(pool).queryForObject(PID, Integer.class)));
                });
    }

    private static int backend(DataSource aware) {
        try (Connection connection = aware.getConnection()) {
            return new JdbcTemplate(new SingleConnectionDataSource(connection, true))
                    .queryForObject(PID, Integer.class);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theirNamesDiffer() {
        runner.withBean("routing", DataSource.class, () -> {
                    Routing routing = new Routing();
                    routing.setTargetDataSources(Map.of("default", postgres()));
                    routing.setDefaultTargetDataSource(postgres());
                    return routing;
                })
                .run(context -> assertThat(
                                context.getBean(GuardedDataSources.class).byName())
                        .containsOnlyKeys("routing.default", "routing.default-2"));
    }

    @Test
    void theirHealersEndWithTheirBean() {
        SelfHealingDataSource[] guard = new SelfHealingDataSource[1];
        runner.withUserConfiguration(Inline.class).run(context -> {
            guard[0] = context.getBean(GuardedDataSources.class).get("lazy.target");
            await().until(() -> guard[0].healer().connected());
        });
        assertThat(guard[0].healer().connected()).isFalse();
    }

    /** A bean in a scope is made anew before the former one is destroyed. */
    @Test
    void theirHealersDoNotEndWithAFormerBean() {
        GuardedDataSources guarded = new GuardedDataSources();
        DataSource former = new LazyConnectionDataSourceProxy(postgres());
        DataSource next = new LazyConnectionDataSourceProxy(postgres());
        for (DataSource each : List.of(former, next)) {
            DataSource target = postgres();
            guarded.add("lazy.target", SelfHealingDataSource.builder(target).build(), target, target, each);
        }
        SelfHealingDataSource used = guarded.get("lazy.target");
        guarded.release("lazy", former);
        assertThat(guarded.get("lazy.target")).isSameAs(used);
        await().until(() -> used.healer().connected());
        guarded.release("lazy", next);
        assertThat(guarded.byName()).isEmpty();
        assertThat(used.healer().connected()).isFalse();
    }

    private static void assertHealed(DataSource used, SelfHealingDataSource guard) throws SQLException {
        await().until(() -> guard.healer().connected());
        try (LeaseScope scope = guard.scope("work")) {
            Connection connection = used.getConnection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE tenants SET id = id");
            }
        }
        await().until(() -> guard.incidents().stream().anyMatch(incident -> incident.outcome() == OutcomeKind.HEALED));
    }
}
