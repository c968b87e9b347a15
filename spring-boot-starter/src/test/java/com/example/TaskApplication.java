package com.example;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.TaskExecutor;
import org.springframework.core.task.support.TaskExecutorAdapter;
import org.springframework.jms.annotation.EnableJms;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** Work that no servlet request does, with faults. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableAsync
@EnableScheduling
@EnableJms
@Import(TaskApplication.Work.class)
public class TaskApplication {
    public static final AtomicInteger DECORATED = new AtomicInteger();

    /** The application's own, which must stay in force. */
    @Bean
    TaskDecorator counting() {
        return task -> () -> {
            DECORATED.incrementAndGet();
            task.run();
        };
    }

    @Bean(destroyMethod = "shutdownNow")
    ExecutorService plainService() {
        return Executors.newSingleThreadExecutor();
    }

    /** One that takes no decorator. */
    @Bean
    TaskExecutor plain(ExecutorService plainService) {
        return new TaskExecutorAdapter(plainService);
    }

    public static class Work {
        private final List<Connection> kept = new CopyOnWriteArrayList<>();
        private final DataSource dataSource;
        private volatile String scheduled;

        public Work(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        @Async("applicationTaskExecutor")
        public void asynchronously(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        @Async("plain")
        public void onAPlainExecutor(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        public void schedule(String row) {
            scheduled = row;
        }

        @Scheduled(fixedDelay = 50)
        public void onSchedule() throws SQLException {
            String row = scheduled;
            if (row != null) {
                scheduled = null;
                lock(row);
            }
        }

        @JmsListener(destination = "rows")
        public void message(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        /** Still reachable, or the garbage collector could be the first to tell. */
        public void lock(String row) throws SQLException {
            Connection connection = dataSource.getConnection();
            kept.add(connection);
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                if (statement.executeUpdate("UPDATE work SET done = done + 1 WHERE row = '" + row + "'") != 1) {
                    throw new IllegalStateException("no row " + row);
                }
            }
        }
    }

    public static class Fault extends Error {
        private static final long serialVersionUID = 1L;
    }
}
