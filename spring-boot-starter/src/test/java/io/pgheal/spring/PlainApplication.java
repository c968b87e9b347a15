package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.report.Incident;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;

/**
 * An application that needs nothing but Spring Boot itself and the driver, and whose post-processors look at the methods of
 * every bean.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableAsync
@EnableScheduling
public class PlainApplication {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Bean
    DataSource plain(Environment environment) {
        return postgres(environment);
    }

    @Bean
    SelfHealingDataSource byHand(Environment environment) {
        return SelfHealingDataSource.builder(postgres(environment))
                .name("byHand")
                .build();
    }

    private static DataSource postgres(Environment environment) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(environment.getRequiredProperty("test.url"));
        dataSource.setUser(environment.getRequiredProperty("test.user"));
        dataSource.setPassword(environment.getRequiredProperty("test.user"));
        return dataSource;
    }

    /** Starts it, leaks in it, stops it; and tells what was guarded and how each leak ended. */
    public static void main(String[] arguments) throws Exception {
        try (ConfigurableApplicationContext context = SpringApplication.run(PlainApplication.class, arguments)) {
            GuardedDataSources guarded = context.getBean(GuardedDataSources.class);
            System.out.println("guarded: " + guarded.byName().keySet());
            for (var entry : guarded.byName().entrySet()) {
                Connection leaked = leak(entry.getValue());
                updateFromOutside(context.getEnvironment());
                System.out.println(entry.getKey() + ": " + lastWord(entry.getValue()) + ", revoked: "
                        + leaked.isClosed()); // and still reachable: the garbage collector was not the one to tell
            }
        }
    }

    private static Connection leak(SelfHealingDataSource dataSource) throws Exception {
        awaitControl(dataSource);
        try (LeaseScope scope = dataSource.scope("work")) {
            Connection connection = dataSource.getConnection();
            connection.setAutoCommit(false);
            update(connection);
            return connection;
        }
    }

    private static void updateFromOutside(Environment environment) throws SQLException {
        String user = environment.getRequiredProperty("test.user");
        try (Connection outside = DriverManager.getConnection(environment.getRequiredProperty("test.url"), user, user);
                Statement statement = outside.createStatement()) {
            statement.execute("SET lock_timeout = '" + PATIENCE.toSeconds() + "s'");
            update(outside);
        }
    }

    private static void update(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE plain_rows SET updates = updates + 1");
        }
    }

    /** No Awaitility here: this application has nothing but what it needs. */
    private static void awaitControl(SelfHealingDataSource dataSource) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!dataSource.healer().connected() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
    }

    private static String lastWord(SelfHealingDataSource dataSource) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        List<Incident> incidents = dataSource.incidents();
        while (incidents.isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
            incidents = dataSource.incidents();
        }
        return incidents.isEmpty() ? "no incident" : incidents.get(0).outcome().name();
    }
}
