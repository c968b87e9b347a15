package com.example;

import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import jakarta.persistence.PersistenceContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.View;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** Requests whose work is not over when their method returns, with faults. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({WebWorkApplication.Streams.class, WebWorkApplication.People.class})
public class WebWorkApplication {

    @Bean
    Completion transactionManager(EntityManagerFactory entities) {
        return new Completion(entities);
    }

    /** Spring's, and the stack ends where the test says. */
    static class Completion extends JpaTransactionManager {
        private static final long serialVersionUID = 1L;
        transient boolean cut;

        Completion(EntityManagerFactory entities) {
            super(entities);
        }

        @Override
        protected void doCleanupAfterCompletion(Object transaction) {
            if (cut) {
                cut = false;
                recurse(0);
            }
            super.doCleanupAfterCompletion(transaction);
        }
    }

    /** What answers an error uses the database, too. */
    @Bean
    WebMvcConfigurer errorsAreCounted(JdbcTemplate jdbc) {
        return new WebMvcConfigurer() {
            @Override
            public void addInterceptors(InterceptorRegistry registry) {
                registry.addInterceptor(new HandlerInterceptor() {
                            @Override
                            public boolean preHandle(
                                    HttpServletRequest request, HttpServletResponse response, Object handler) {
                                return jdbc.update("UPDATE work SET done = done + 1 WHERE row = 'errors'") == 1;
                            }
                        })
                        .addPathPatterns("/error");
            }
        };
    }

    static int recurse(int depth) {
        return depth < 0 ? 0 : recurse(depth + 1) + 1;
    }

    @RestController
    public static class Streams {
        public volatile CountDownLatch mayFinish = new CountDownLatch(1);
        private final List<Connection> kept = new CopyOnWriteArrayList<>();
        private final DataSource dataSource;

        public Streams(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        @GetMapping("/overflow")
        public String overflow() throws SQLException {
            lock(borrowAndKeep(), "overflow");
            return "depth " + recurse(0);
        }

        @GetMapping("/stream")
        public StreamingResponseBody stream() throws SQLException {
            Connection connection = dataSource.getConnection();
            lock(connection, "stream");
            return out -> {
                finish(connection, "stream");
                out.write("committed".getBytes(StandardCharsets.UTF_8));
            };
        }

        @GetMapping("/stream-overflow")
        public StreamingResponseBody streamOverflow() {
            return out -> {
                try {
                    lock(borrowAndKeep(), "stream-overflow");
                } catch (SQLException e) {
                    throw new IOException(e);
                }
                recurse(0);
            };
        }

        @GetMapping("/events")
        public SseEmitter events() throws SQLException {
            SseEmitter emitter = new SseEmitter(0L);
            Connection connection = dataSource.getConnection();
            lock(connection, "events");
            apart(() -> {
                finish(connection, "events");
                emitter.send("committed");
                emitter.complete();
                return null;
            });
            return emitter;
        }

        /** The emitter hears of the error, as it would from a framework; the transaction does not. */
        @GetMapping("/events-overflow")
        public SseEmitter eventsOverflow() throws SQLException {
            SseEmitter emitter = new SseEmitter(0L);
            lock(borrowAndKeep(), "events-overflow");
            apart(() -> {
                emitter.send("begun");
                try {
                    recurse(0);
                } catch (StackOverflowError e) {
                    emitter.completeWithError(e);
                }
                return null;
            });
            return emitter;
        }

        private static void apart(java.util.concurrent.Callable<Void> work) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            work.call();
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    "events");
            thread.setDaemon(true);
            thread.start();
        }

        private void finish(Connection connection, String row) throws IOException {
            try {
                if (!mayFinish.await(60, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("nobody let it finish");
                }
                lock(connection, row);
                connection.commit();
                connection.close();
            } catch (SQLException | InterruptedException e) {
                throw new IOException(e);
            }
        }

        /** Still reachable, or the garbage collector could be the first to tell. */
        private Connection borrowAndKeep() throws SQLException {
            Connection connection = dataSource.getConnection();
            kept.add(connection);
            return connection;
        }

        private static void lock(Connection connection, String row) throws SQLException {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE work SET done = done + 1 WHERE row = '" + row + "'");
            }
        }
    }

    @Entity(name = "Friend")
    public static class Friend {
        @Id
        Long id;

        @ElementCollection
        Set<String> nicknames;

        protected Friend() {}

        public Friend(Long id, Set<String> nicknames) {
            this.id = id;
            this.nicknames = nicknames;
        }
    }

    @RestController
    public static class People {
        @PersistenceContext
        private EntityManager entities;

        private final TransactionTemplate transaction;
        private final Completion completion;
        private final Streams streams;

        public People(Completion completion, Streams streams) {
            this.completion = completion;
            this.transaction = new TransactionTemplate(completion);
            this.streams = streams;
        }

        @GetMapping("/befriend")
        public String befriend() {
            transaction.executeWithoutResult(status -> entities.persist(new Friend(1L, Set.of("ally", "mate"))));
            return "done";
        }

        /** The transaction is over when the view asks for what was not loaded. */
        @GetMapping("/friend")
        public View friend(@RequestParam(defaultValue = "false") boolean leak) throws SQLException {
            Friend friend = transaction.execute(status -> entities.find(Friend.class, 1L));
            if (leak) {
                Streams.lock(streams.borrowAndKeep(), "view");
            }
            return new View() {
                @Override
                public void render(Map<String, ?> model, HttpServletRequest request, HttpServletResponse response)
                        throws IOException {
                    response.getWriter().write(friend.nicknames.size() + " nicknames");
                    if (leak) {
                        recurse(0);
                    }
                }
            };
        }

        @GetMapping("/count")
        public String count(@RequestParam(defaultValue = "false") boolean cut) {
            String found = "bound "
                    + TransactionSynchronizationManager.getResourceMap().size() + ", marked "
                    + TransactionSynchronizationManager.isSynchronizationActive()
                    + TransactionSynchronizationManager.isActualTransactionActive();
            transaction.executeWithoutResult(status -> {
                entities.createNativeQuery("UPDATE work SET done = done + 1 WHERE row = 'jpa'")
                        .executeUpdate();
                completion.cut = cut;
            });
            return found;
        }
    }
}
