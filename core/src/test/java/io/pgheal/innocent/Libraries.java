package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.innocent.KeptWork.Kind;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.activemq.store.jdbc.DefaultDatabaseLocker;
import org.apache.activemq.store.jdbc.Statements;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.migration.BaseJavaMigration;
import org.flywaydb.core.api.migration.Context;
import org.jspecify.annotations.Nullable;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobExecutionContext;
import org.quartz.JobExecutionException;
import org.quartz.Scheduler;
import org.quartz.SchedulerContext;
import org.quartz.SchedulerException;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;

/** Those that do what they do on connections of their own. */
final class Libraries {
    private Libraries() {}

    static List<Innocent> all() {
        List<Innocent> all = new ArrayList<>(List.of(
                Innocent.of("migration", Libraries::migration).with(4),
                Innocent.of("scheduler", Libraries::scheduler).with(4)));
        kinds().forEach(kind -> all.add(kind.innocent()));
        for (GlobalPool.Resource resource : GlobalPool.Resource.values()) {
            Lender.Opener pool = (server, name, slots) -> new GlobalPool(server, resource, slots);
            String how = resource.name().toLowerCase(Locale.ROOT);
            all.add(new Kind("global-transaction-" + how, Told.RETAINED, () -> globalTransaction(false))
                    .innocent()
                    .from(pool));
            all.add(new Kind("global-transaction-closed-" + how, Told.GLOBAL, () -> globalTransaction(true))
                    .innocent()
                    .from(pool));
        }
        return all;
    }

    static List<Kind> kinds() {
        return List.of(
                new Kind("lock-of-a-broker", Told.RETAINED, Libraries::lockOfABroker),
                new Kind("batch-between-two-jobs", Told.RETAINED, Libraries::batchBetweenTwoJobs));
    }

    /** Narayana: begun by one thread, which suspends it; resumed and committed by another. */
    private static KeptWork globalTransaction(boolean closedInBetween) {
        record Suspended(Transaction transaction, @Nullable Connection connection) {}
        TransactionManager manager = GlobalPool.manager();
        return KeptWork.keeping(
                stage -> {
                    stage.guarded
                            .getConnection()
                            .close(); // within a transaction of XA nobody could be asked who serves it
                    AtomicReference<Suspended> suspended = new AtomicReference<>();
                    Stage.inThread("beginner", () -> {
                                manager.begin();
                                Connection connection = stage.guarded.getConnection();
                                stage.write(connection, "begun");
                                stage.lockRow(connection);
                                if (closedInBetween) {
                                    connection.close();
                                }
                                suspended.set(new Suspended(manager.suspend(), closedInBetween ? null : connection));
                            })
                            .get();
                    return suspended.get();
                },
                (stage, suspended) -> Stage.inThread("resumer", () -> {
                            manager.resume(suspended.transaction());
                            try (Connection connection = suspended.connection() == null
                                    ? stage.guarded.getConnection()
                                    : suspended.connection()) {
                                stage.write(connection, "ended");
                            }
                            manager.commit();
                        })
                        .get());
    }

    /** ActiveMQ: whoever has the row is the master, and says so now and then; its starter's thread has ended. */
    private static KeptWork lockOfABroker() {
        return KeptWork.keeping(
                stage -> {
                    stage.lines(0);
                    Statements statements = new Statements();
                    statements.setLockTableName("lock_of_" + Integer.toHexString(stage.hashCode()));
                    stage.wanted("SELECT * FROM " + statements.getFullLockTableName() + " FOR UPDATE");
                    DefaultDatabaseLocker master = new DefaultDatabaseLocker();
                    master.setDataSource(stage.guarded);
                    master.setStatements(statements);
                    master.setCreateTablesOnStartup(true);
                    Stage.inThread("starter", master::start).get();
                    return master;
                },
                (stage, master) -> {
                    assertThat(master.keepAlive()).as("still the master").isTrue();
                    master.stop();
                });
    }

    /** Quartz, with one thread: a job collects, another one writes. */
    private static KeptWork batchBetweenTwoJobs() {
        return KeptWork.keeping(
                stage -> {
                    Properties properties = new Properties();
                    properties.setProperty(StdSchedulerFactory.PROP_SCHED_INSTANCE_NAME, stage.name);
                    properties.setProperty("org.quartz.threadPool.threadCount", "1");
                    Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
                    stage.atTheEnd(() -> scheduler.shutdown(true));
                    scheduler.getContext().put("stage", stage);
                    scheduler.start();
                    run(scheduler, Collect.class);
                    return scheduler;
                },
                (stage, scheduler) -> run(scheduler, Write.class),
                scheduler -> scheduler.getContext().remove("batch"));
    }

    private static void run(Scheduler scheduler, Class<? extends Job> type) throws Exception {
        CompletableFuture<Object> done = new CompletableFuture<>();
        scheduler.getContext().put("done", done);
        scheduler.scheduleJob(
                JobBuilder.newJob(type).build(),
                TriggerBuilder.newTrigger().startNow().build());
        done.get();
    }

    /** Quartz makes it. */
    abstract static class JobOfABatch implements Job {
        abstract void work(Stage stage, SchedulerContext shared) throws Exception;

        @Override
        @SuppressWarnings("unchecked")
        public void execute(JobExecutionContext context) throws JobExecutionException {
            try {
                SchedulerContext shared = context.getScheduler().getContext();
                CompletableFuture<Object> done = (CompletableFuture<Object>) shared.get("done");
                try {
                    work((Stage) shared.get("stage"), shared);
                    done.complete("done");
                } catch (Throwable e) {
                    done.completeExceptionally(e);
                }
            } catch (SchedulerException e) {
                throw new JobExecutionException(e);
            }
        }
    }

    /** The first one. */
    public static final class Collect extends JobOfABatch {
        @Override
        void work(Stage stage, SchedulerContext shared) throws Exception {
            shared.put("batch", stage.begin());
        }
    }

    /** The later one. */
    public static final class Write extends JobOfABatch {
        @Override
        void work(Stage stage, SchedulerContext shared) throws Exception {
            stage.end((Connection) shared.get("batch"));
        }
    }

    /** Flyway, with a migration that takes its time. */
    private static void migration(Stage stage) throws Exception {
        Flyway.configure()
                .dataSource(stage.guarded)
                .schemas("migrated")
                .locations(new String[0])
                .javaMigrations(new V1__Slow(stage))
                .load()
                .migrate();
    }

    @SuppressWarnings("checkstyle:TypeName") // Flyway reads the version from it
    private static final class V1__Slow extends BaseJavaMigration {
        private final Stage stage;

        V1__Slow(Stage stage) {
            this.stage = stage;
        }

        @Override
        public void migrate(Context context) throws Exception {
            Connection connection = context.getConnection();
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE migrated.orders (id int PRIMARY KEY)");
            }
            stage.write(connection, "migrating");
            stage.lockRow(connection);
            stage.slow();
            stage.awaitOver();
            stage.write(connection, "migrated");
        }
    }

    /** Quartz with its jobs in the database: its thread holds the row lock TRIGGER_ACCESS while it acquires triggers. */
    private static void scheduler(Stage stage) throws Exception {
        try (Connection connection = stage.guarded.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(tablesOfQuartz());
            // As after its first run: a row that Quartz itself has just inserted could not be waited for.
            statement.execute("INSERT INTO qrtz_locks VALUES ('" + stage.name + "', 'TRIGGER_ACCESS')");
        }
        stage.wanted("SELECT * FROM qrtz_locks WHERE sched_name = '" + stage.name
                + "' AND lock_name = 'TRIGGER_ACCESS' FOR UPDATE");
        DBConnectionManager.getInstance().addConnectionProvider(stage.name, new Provider(stage));
        Properties properties = new Properties();
        properties.setProperty(StdSchedulerFactory.PROP_SCHED_INSTANCE_NAME, stage.name);
        properties.setProperty("org.quartz.scheduler.instanceId", "one");
        properties.setProperty("org.quartz.threadPool.threadCount", "1");
        properties.setProperty("org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX");
        properties.setProperty("org.quartz.jobStore.isClustered", "true");
        properties.setProperty("org.quartz.jobStore.acquireTriggersWithinLock", "true");
        properties.setProperty("org.quartz.jobStore.dataSource", stage.name);
        properties.setProperty("org.quartz.jobStore.driverDelegateClass", SlowDelegate.class.getName());
        SlowDelegate.STAGES.put(stage.name, stage);
        Scheduler scheduler = new StdSchedulerFactory(properties).getScheduler();
        try {
            scheduler.start();
            SlowDelegate.awaitCommit(stage);
        } finally {
            scheduler.shutdown(true);
        }
    }

    private static String tablesOfQuartz() throws Exception {
        try (var script =
                PostgreSQLDelegate.class.getResourceAsStream("/org/quartz/impl/jdbcjobstore/tables_postgres.sql")) {
            return new String(script.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("--"))
                    .collect(Collectors.joining("\n"));
        }
    }

    private static final class Provider implements ConnectionProvider {
        private final Stage stage;

        Provider(Stage stage) {
            this.stage = stage;
        }

        @Override
        public Connection getConnection() throws SQLException {
            return stage.guarded.getConnection();
        }

        @Override
        public void shutdown() {}

        @Override
        public void initialize() {}
    }

    /** Quartz makes it by its name. */
    public static final class SlowDelegate extends PostgreSQLDelegate {
        private static final Map<String, Stage> STAGES = new ConcurrentHashMap<>();

        @Override
        public List<TriggerKey> selectTriggerToAcquire(Connection connection, long noLater, long noEarlier, int most)
                throws SQLException {
            Stage stage = STAGES.remove(schedName);
            if (stage != null) {
                stage.write(connection, "acquiring");
                stage.slow();
                try {
                    stage.awaitOver();
                } catch (InterruptedException closing) {
                    Thread.currentThread().interrupt();
                }
                stage.write(connection, "acquired");
            }
            return super.selectTriggerToAcquire(connection, noLater, noEarlier, most);
        }

        /** Its thread commits when it has what it looked for. */
        static void awaitCommit(Stage stage) throws Exception {
            stage.awaitOver();
            stage.awaitLines();
        }
    }
}
