package io.pgheal.innocent;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.migration.BaseJavaMigration;
import org.flywaydb.core.api.migration.Context;
import org.quartz.Scheduler;
import org.quartz.TriggerKey;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;

/** Those that do what they do on connections of their own. */
final class Libraries {
    private Libraries() {}

    static List<Innocent> all() {
        return List.of(
                Innocent.of("migration", Libraries::migration).with(4),
                Innocent.of("scheduler", Libraries::scheduler).with(4));
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
