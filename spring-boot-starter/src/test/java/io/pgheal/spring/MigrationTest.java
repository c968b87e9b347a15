package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.example.dropin.DropInApplications;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import liquibase.integration.spring.SpringLiquibase;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.config.BeanDefinitionCustomizer;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.PriorityOrdered;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.test.util.ReflectionTestUtils;

/** A migration that takes long is never touched: not by the shortest time limits, and not while somebody waits for it. */
@Tag("thorough")
class MigrationTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @BeforeEach
    void table() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS migrated_slowly, slow_history");
            statement.execute("CREATE TABLE migrated_slowly (n int)");
            statement.execute("INSERT INTO migrated_slowly VALUES (0)");
            statement.execute("DROP TABLE IF EXISTS told, also_locked");
            statement.execute("CREATE TABLE also_locked (n int)");
            statement.execute("INSERT INTO also_locked VALUES (0)");
            statement.execute("CREATE TABLE told (id int)");
            statement.execute("CREATE OR REPLACE FUNCTION until_told() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
                    + " WHILE NOT EXISTS (SELECT FROM told) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$");
        }
    }

    @Test
    void byFlyway() throws Exception {
        List<Incident> told = migrate(
                "test.with=flyway",
                "spring.flyway.locations=classpath:db/slow",
                "spring.flyway.table=slow_history",
                "spring.flyway.baseline-on-migrate=true",
                "spring.flyway.baseline-version=0");
        assertThat(told).anyMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
    }

    /** Its connections are not the application's: somebody else's session, which is only told of. */
    @Test
    void byFlywayOverAUrlOfItsOwn() throws Exception {
        List<Incident> told = migrate(
                "test.with=flyway",
                "spring.flyway.url=" + SERVER.url(),
                "spring.flyway.user=" + SERVER.user(),
                "spring.flyway.password=" + SERVER.password(),
                "spring.flyway.locations=classpath:db/slow",
                "spring.flyway.table=slow_history",
                "spring.flyway.baseline-on-migrate=true",
                "spring.flyway.baseline-version=0");
        assertThat(told).anyMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
    }

    @Test
    void byLiquibase() throws Exception {
        List<Incident> told =
                migrate("test.with=liquibase", "spring.liquibase.change-log=classpath:db/changelog/slow.sql");
        assertThat(told).anyMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
    }

    static class Failing extends SpringLiquibase implements BeanFactoryAware {
        private @Nullable BeanFactory beans;
        private @Nullable SelfHealingDataSource guard;

        @Override
        public void setBeanFactory(BeanFactory beans) {
            this.beans = beans;
        }

        @Override
        public void afterPropertiesSet() {
            guard = beans.getBean(GuardedDataSources.class).get("pool");
            assertThat(isWithinLongTransaction(guard)).isTrue();
            throw new IllegalStateException("the migration failed");
        }
    }

    @Test
    void oneThatFailsLeavesNothingToItsThread() {
        Failing migration = new Failing();
        runner().withBean("migration", SpringLiquibase.class, () -> migration)
                .run(context -> assertThat(context).hasFailed());
        assertThat(isWithinLongTransaction(migration.guard)).isFalse();
    }

    /** The application goes on, and asks again. */
    @Test
    void noMoreDoesOneThatFailsAgainAndAgain() {
        Failing first = new Failing();
        runner().withBean("first", SpringLiquibase.class, () -> first, lazily())
                .withBean("second", SpringLiquibase.class, Working::new, lazily())
                .run(context -> {
                    assertThatThrownBy(() -> context.getBean("first")).hasRootCauseMessage("the migration failed");
                    context.getBean("second");
                    assertThat(isWithinLongTransaction(first.guard)).isFalse();
                });
    }

    private static BeanDefinitionCustomizer lazily() {
        return definition -> definition.setLazyInit(true);
    }

    static class Working extends SpringLiquibase {
        @Override
        public void afterPropertiesSet() {}
    }

    /** Asked before the one that keeps migrations safe. */
    static class Replacing implements BeanPostProcessor, PriorityOrdered {
        @Override
        public Object postProcessAfterInitialization(Object bean, String name) {
            return bean instanceof SpringLiquibase ? new ProxyFactory(bean).getProxy() : bean;
        }

        @Override
        public int getOrder() {
            return LOWEST_PRECEDENCE;
        }
    }

    @Test
    void oneThatGetsAProxyEndsAllTheSame() {
        runner().withBean(Replacing.class)
                .withBean("migration", SpringLiquibase.class, Working::new)
                .run(context -> {
                    assertThat(AopUtils.isAopProxy(context.getBean("migration")))
                            .isTrue();
                    assertThat(isWithinLongTransaction(
                                    context.getBean(GuardedDataSources.class).get("pool")))
                            .isFalse();
                });
    }

    private static ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
                .withBean("pool", DataSource.class, MigrationTest::postgres);
    }

    private static DataSource postgres() {
        return SERVER.app().dataSource();
    }

    /** Of the thread that asks, which does not tell anybody else. */
    private static boolean isWithinLongTransaction(SelfHealingDataSource guard) {
        Object work = ReflectionTestUtils.getField(ReflectionTestUtils.getField(guard, "registry"), "work");
        return ((ThreadLocal<?>) ReflectionTestUtils.getField(work, "longTransactions")).get() != null;
    }

    /** What was told until the application had started, and the statement that waited had gone on. */
    private static List<Incident> migrate(String... properties) throws Exception {
        List<String> all = new ArrayList<>(List.of(properties));
        all.addAll(List.of(
                "spring.datasource.hikari.maximum-pool-size=6", // two of the migration's, and three who wait or block
                "pgheal.lock-wait.threshold=100ms",
                "pgheal.lock-wait.idle-blocker-timeout=200ms",
                "pgheal.lock-wait.active-blocker-timeout=200ms",
                "pgheal.abandoned.grace=100ms",
                "pgheal.abandoned.patience=300ms"));
        try (RunningApplication application =
                RunningApplication.start(DropInApplications.Migrated.class, SERVER, all.toArray(String[]::new))) {
            assertThat(DropInApplications.Migrated.waiter.get()).isEqualTo(1);
            assertThat(new JdbcTemplate(application.guard())
                            .queryForObject("SELECT count(*) FROM migrated_slowly WHERE added IS NULL", Integer.class))
                    .isEqualTo(1);
            List<Incident> told = application.guard().incidents();
            assertThat(told)
                    .filteredOn(incident -> incident.outcome() == OutcomeKind.HEALED)
                    .isNotEmpty()
                    .allMatch(incident -> incident.tables().equals(List.of("also_locked")));
            return told;
        }
    }
}
