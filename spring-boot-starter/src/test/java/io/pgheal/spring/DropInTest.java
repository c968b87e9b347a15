package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.example.dropin.DropInApplications;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.pgheal.Release;
import io.pgheal.ReleaseTarget;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.BackendId;
import io.pgheal.testserver.PostgresServer;
import jakarta.persistence.EntityManager;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Small applications, one for each way to use a data source, that know nothing of pgheal and must not notice it. */
class DropInTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private RunningApplication application;

    @AfterEach
    void stop() {
        if (application != null) {
            assertThat(application
                            .context
                            .getBean(GuardedDataSources.class)
                            .byName()
                            .values())
                    .as("nothing that is alive was touched, and everything was given back")
                    .allSatisfy(guard -> {
                        assertThat(guard.incidents().stream().filter(incident -> incident.operator() == null))
                                .isEmpty();
                        await().untilAsserted(() -> assertThat(guard.leases()).isEmpty());
                    });
            application.close();
        }
    }

    @Test
    @Tag("thorough")
    void jpaAndAnOperatorWhoEndsItsTransaction() {
        start(
                DropInApplications.Jpa.class,
                "jpa",
                "spring.jpa.hibernate.ddl-auto=create",
                "spring.jpa.properties.hibernate.connection.handling_mode=DELAYED_ACQUISITION_AND_HOLD");
        EntityManager entities = context().getBean(EntityManager.class);
        TransactionTemplate transaction = transaction();
        transaction.executeWithoutResult(status -> entities.persist(new DropInApplications.Person("alice")));

        // Hibernate cleans up over a connection that is not there any more: its own error, and nothing lost but this.
        assertThatThrownBy(() -> transaction.executeWithoutResult(status -> {
                    entities.persist(new DropInApplications.Person("mallory"));
                    entities.flush();
                    int pid = ((Number) entities.createNativeQuery("SELECT pg_backend_pid()")
                                    .getSingleResult())
                            .intValue();
                    release(pid);
                    entities.createNativeQuery("SELECT 1").getSingleResult();
                }))
                .isInstanceOf(RuntimeException.class);

        for (int i = 0; i < 10; i++) {
            String name = "after " + i;
            transaction.executeWithoutResult(status -> entities.persist(new DropInApplications.Person(name)));
        }
        assertThat(transaction.<Object>execute(status ->
                        entities.createQuery("SELECT count(p) FROM Person p").getSingleResult()))
                .isEqualTo(11L);
    }

    private void release(int pid) {
        try {
            SelfHealingDataSource guard = application.guard();
            await().until(() -> guard.healer().connected());
            try (Connection connection = SERVER.connection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(
                            "SELECT to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                                    + " FROM pg_stat_activity WHERE pid = " + pid)) {
                row.next();
                BackendId backend = new BackendId(pid, row.getString(1));
                assertThat(guard.release(ReleaseTarget.session(backend), Release.TERMINATE, "the test"))
                        .hasSize(1);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    @Tag("thorough")
    void jooqInsideASpringTransaction() {
        try {
            Class.forName("org.jooq.DSLContext");
        } catch (ClassNotFoundException | UnsupportedClassVersionError e) {
            Assumptions.abort("the jOOQ of Spring Boot 4 needs JDK 21");
        }
        start(DropInApplications.Plain.class, "jooq");
        JooqRows.use(context(), transaction());
    }

    @Test
    @Tag("thorough")
    void quartzWithItsJobsInTheDatabase() {
        start(
                DropInApplications.Quartz.class,
                "quartz",
                "spring.quartz.job-store-type=jdbc",
                "spring.quartz.jdbc.initialize-schema=always",
                "spring.quartz.properties.org.quartz.jobStore.driverDelegateClass="
                        + "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate");
        await().until(() -> DropInApplications.Quartz.RUNS.get() >= 2);
        assertThat(jdbc().queryForObject("SELECT count(*) FROM qrtz_job_details", Integer.class))
                .isOne();
    }

    @Test
    @Tag("thorough")
    void batchWithItsRepositoryInTheDatabase() {
        start(DropInApplications.Batch.class, "batch", "spring.batch.jdbc.initialize-schema=always");
        assertThat(jdbc().queryForList("SELECT status FROM batch_job_execution", String.class))
                .containsExactly("COMPLETED");
        assertThat(jdbc().queryForObject("SELECT count(*) FROM batch_rows", Integer.class))
                .isEqualTo(1);
    }

    @Test
    void aServiceConnectionInPlaceOfProperties() {
        start(
                DropInApplications.ServiceConnection.class,
                "",
                "test.user=" + SERVER.user(),
                "test.password=" + SERVER.password(),
                "spring.datasource.url=jdbc:postgresql://nowhere.invalid/none");
        assertThat(application.guard().name()).isEqualTo("dataSource");
        assertThat(jdbc().queryForObject("SELECT 1", Integer.class)).isEqualTo(1);
        await().until(() -> application.guard().healer().connected());
    }

    @Test
    @Tag("thorough")
    @SuppressWarnings("unchecked") // a session repository is a bean by its raw class
    void sessionsInTheDatabase() {
        start(
                DropInApplications.Web.class,
                "session",
                "spring.session.jdbc.initialize-schema=always",
                "spring.main.web-application-type=servlet");
        visit(context().getBean(SessionRepository.class));
    }

    private static <S extends Session> void visit(SessionRepository<S> sessions) {
        S session = sessions.createSession();
        session.setAttribute("user", "alice");
        sessions.save(session);
        assertThat(sessions.findById(session.getId()).<String>getAttribute("user"))
                .isEqualTo("alice");
        sessions.deleteById(session.getId());
        assertThat(sessions.findById(session.getId())).isNull();
    }

    @Test
    @Tag("thorough")
    void flywayMigratesAtTheStart() {
        start(
                DropInApplications.Plain.class,
                "flyway",
                "spring.flyway.baseline-on-migrate=true",
                "spring.flyway.baseline-version=0");
        assertThat(jdbc().queryForObject("SELECT count(*) FROM migrated_by_flyway", Integer.class))
                .isZero();
    }

    @Test
    @Tag("thorough")
    void liquibaseMigratesAtTheStart() {
        start(
                DropInApplications.Plain.class,
                "liquibase",
                "spring.liquibase.change-log=classpath:db/changelog/changelog.sql");
        assertThat(jdbc().queryForObject("SELECT count(*) FROM migrated_by_liquibase", Integer.class))
                .isZero();
    }

    @Test
    @Tag("thorough")
    void alreadyProxiedByDatasourceMicrometer() throws SQLException {
        start(DropInApplications.Plain.class, "micrometer.jdbc,observation.boot");
        assertThat(context().getBeanDefinitionNames())
                .as("it is there")
                .anyMatch(name -> String.valueOf(context().getType(name)).contains("net.ttddyy.observation"));
        DataSource dataSource = context().getBean(DataSource.class);
        assertThat(dataSource.unwrap(HikariDataSource.class).getMaximumPoolSize())
                .isEqualTo(4);
        assertThat(context().getBean(GuardedDataSources.class).byName()).containsOnlyKeys("dataSource");
        Set<String> observed = new CopyOnWriteArraySet<>();
        context().getBean(ObservationRegistry.class).observationConfig().observationHandler(new Observed(observed));
        assertThat(jdbc().queryForObject("SELECT 1", Integer.class)).isEqualTo(1);
        assertThat(observed).contains("jdbc.connection", "jdbc.query");
    }

    private record Observed(Set<String> names) implements ObservationHandler<Observation.Context> {
        @Override
        public void onStart(Observation.Context context) {
            names.add(context.getName());
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }
    }

    @Test
    void severalOfWhichOneIsPrimaryBoundByProperties() throws SQLException {
        start(
                DropInApplications.Several.class,
                "",
                "first.jdbc-url=" + SERVER.url(),
                "first.username=" + SERVER.user(),
                "first.maximum-pool-size=3",
                "second.jdbc-url=" + SERVER.url(),
                "second.username=" + SERVER.user(),
                "second.maximum-pool-size=2");
        assertThat(context().getBean(GuardedDataSources.class).byName()).containsOnlyKeys("first", "second");
        assertThat(context()
                        .getBean("second", DataSource.class)
                        .unwrap(HikariDataSource.class)
                        .getMaximumPoolSize())
                .isEqualTo(2);
        assertThat(context().getBean(DataSource.class)).isSameAs(context().getBean("first"));
        assertThat(jdbc().queryForObject("SELECT 1", Integer.class)).isEqualTo(1);
    }

    @Test
    @Tag("thorough")
    void routedToOneOfTwo() {
        start(DropInApplications.Routed.class, "");
        Map<String, SelfHealingDataSource> guards =
                context().getBean(GuardedDataSources.class).byName();
        assertThat(guards).containsOnlyKeys("left", "right");
        JdbcTemplate routed = new JdbcTemplate(context().getBean("routed", DataSource.class));
        DropInApplications.Routed.SIDE.set("right");
        try {
            assertThat(routed.queryForObject("SELECT current_setting('application_name')", String.class))
                    .isEqualTo("right");
        } finally {
            DropInApplications.Routed.SIDE.remove();
        }
        assertThat(routed.queryForObject("SELECT current_setting('application_name')", String.class))
                .isEqualTo("left");
    }

    @Test
    void lazyOverAGuardedOne() {
        start(DropInApplications.Lazy.class, "");
        DataSource lazy = context().getBean(DataSource.class);
        assertThat(lazy).isInstanceOf(LazyConnectionDataSourceProxy.class);
        SelfHealingDataSource guard = Guards.of(context(), "pool");
        transaction().executeWithoutResult(status -> {
            assertThat(guard.healer().leases()).as("not fetched yet").isZero();
            assertThat(jdbc().queryForObject("SELECT 1", Integer.class)).isEqualTo(1);
            assertThat(guard.healer().leases()).isEqualTo(1);
        });
        assertThat(guard.healer().leases()).isZero();
    }

    @Test
    void injectedAsHikariDataSource() throws SQLException {
        start(DropInApplications.NeedsHikari.class, "");
        HikariDataSource pool =
                context().getBean(DropInApplications.NeedsHikari.Needs.class).pool();
        assertThat(pool.getMaximumPoolSize()).isEqualTo(4);
        assertThat(pool.isWrapperFor(SelfHealingDataSource.class)).isTrue();
    }

    private void start(Class<?> type, String with, String... properties) {
        String[] all = new String[properties.length + 2];
        all[0] = "test.with=" + with;
        all[1] = "test.url=" + SERVER.url();
        System.arraycopy(properties, 0, all, 2, properties.length);
        application = RunningApplication.start(type, SERVER, all);
    }

    private ConfigurableApplicationContext context() {
        return application.context;
    }

    private JdbcTemplate jdbc() {
        return context().getBean(JdbcTemplate.class);
    }

    private TransactionTemplate transaction() {
        return new TransactionTemplate(context().getBean(PlatformTransactionManager.class));
    }

    /** Apart, to be loaded only where jOOQ can be. */
    private static final class JooqRows {
        static void use(ConfigurableApplicationContext context, TransactionTemplate transaction) {
            DSLContext jooq = context.getBean(DSLContext.class);
            jooq.execute("CREATE TABLE jooq_rows (id int)");
            assertThatThrownBy(() -> transaction.executeWithoutResult(status -> {
                        jooq.insertInto(DSL.table("jooq_rows")).values(1).execute();
                        throw new IllegalStateException("rolled back");
                    }))
                    .hasMessage("rolled back");
            assertThat(jooq.fetchCount(DSL.table("jooq_rows"))).isZero();
            transaction.executeWithoutResult(
                    status -> jooq.insertInto(DSL.table("jooq_rows")).values(2).execute());
            assertThat(jooq.fetchCount(DSL.table("jooq_rows"))).isEqualTo(1);
        }
    }
}
