package com.example;

import io.pgheal.report.Incident;
import jakarta.servlet.http.HttpServletRequest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * An application with faults. Nothing in it knows of pgheal, but the ear for incidents. In a package of its own: frames of
 * pgheal's are left out of the stacks that incidents show.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({LoginApplication.Faults.class, LoginApplication.Ear.class})
public class LoginApplication {

    /** Hears of incidents as of any event of Spring. */
    public static class Ear {
        public final List<Incident> heard = new CopyOnWriteArrayList<>();

        @EventListener
        public void on(Incident incident) {
            heard.add(incident);
        }
    }

    @RestController
    public static class Faults {
        public final CountDownLatch mayFinish = new CountDownLatch(1);
        private final List<Connection> kept = new CopyOnWriteArrayList<>();
        private final DataSource dataSource;

        public Faults(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        @GetMapping("/fine")
        public String fine() throws SQLException {
            try (Connection connection = dataSource.getConnection()) {
                lockTheRow(connection);
                connection.commit();
            }
            return "fine";
        }

        /** The story: the overflow skips rollback and close. */
        @GetMapping("/overflow")
        public String overflow() throws SQLException {
            Connection connection = borrowAndKeep();
            try {
                lockTheRow(connection);
                int depth = recurse(0);
                connection.commit();
                connection.close();
                return "depth " + depth;
            } catch (Exception e) {
                connection.rollback();
                connection.close();
                throw e;
            }
        }

        @GetMapping({"/swallowed", "/swallowed/{token}"})
        public String swallowed() throws SQLException {
            lockTheRow(borrowAndKeep());
            throw new Swallowed();
        }

        @ExceptionHandler
        @ResponseStatus(HttpStatus.OK)
        public String swallow(Swallowed e) {
            return "as if nothing had happened, on " + Thread.currentThread();
        }

        /** A lease that begins on the request's thread and ends on another one, much later. */
        @GetMapping("/async")
        public Callable<String> async(HttpServletRequest request) throws SQLException {
            Connection connection = dataSource.getConnection();
            lockTheRow(connection);
            return () -> {
                if (!mayFinish.await(60, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("nobody let it finish");
                }
                lockTheRow(connection);
                connection.commit();
                connection.close();
                return "committed";
            };
        }

        /** Fails on the other thread, and leaves the transaction open. */
        @GetMapping("/async-overflow")
        public Callable<String> asyncOverflow() throws SQLException {
            lockTheRow(borrowAndKeep());
            return () -> "depth " + recurse(0);
        }

        /** Still reachable, or the garbage collector could be the first to tell. */
        private Connection borrowAndKeep() throws SQLException {
            Connection connection = dataSource.getConnection();
            kept.add(connection);
            return connection;
        }

        private static int recurse(int depth) {
            return depth < 0 ? 0 : recurse(depth + 1) + 1;
        }

        private static void lockTheRow(Connection connection) throws SQLException {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE user_login_info SET attempts = attempts + 1 WHERE username = 'alice'");
            }
        }
    }

    public static class Swallowed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
