package io.pgheal.innocent;

import com.sun.net.httpserver.HttpServer;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assertions;

/** Those whose own thread is in the middle of it: it computes, waits, or stands still. */
final class Slow {
    private Slow() {}

    static List<Innocent> all() {
        List<Innocent> all = new ArrayList<>(List.of(
                Innocent.of("long-computation", Slow::longComputation),
                Innocent.of("slow-http-call", Slow::slowHttpCall),
                Innocent.of("thread-held-by-a-debugger", Slow::threadHeldByADebugger),
                Innocent.of("batch-that-streams-rows", Slow::batchThatStreamsRows),
                Innocent.of("task-that-waits-in-a-queue", Slow::taskThatWaitsInAQueue),
                Innocent.of("task-that-the-caller-ran", Slow::taskThatTheCallerRan),
                Innocent.of("fork-join-task-that-joins", Slow::forkJoinTaskThatJoins),
                Innocent.of("parked-in-a-scope", Slow::parkedInAScope),
                Innocent.of("work-after-a-scope-inside-it", Slow::workAfterAScopeInsideIt)));
        if (Runtime.version().feature() >= 21) {
            all.add(Innocent.of("parked-virtual-thread", Slow::parkedVirtualThread));
        }
        return all;
    }

    private static void longComputation(Stage stage) throws Exception {
        Connection connection = stage.begin();
        stage.slow();
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] hash = new byte[32];
        while (!stage.isOver()) {
            for (int i = 0; i < 1000; i++) {
                hash = digest.digest(hash);
            }
            LockSupport.parkNanos(20_000_000); // leaves the processors to the other innocents
        }
        stage.end(connection);
    }

    private static void slowHttpCall(Stage stage) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ExecutorService handlers = stage.executor();
        server.setExecutor(handlers);
        server.createContext("/", exchange -> {
            try {
                stage.awaitOver();
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
            byte[] body = "paid".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/");
            stage.executor()
                    .submit(() -> {
                        Connection connection = stage.begin();
                        stage.slow();
                        HttpResponse<String> answer = HttpClient.newHttpClient()
                                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
                        Assertions.assertEquals("paid", answer.body());
                        stage.end(connection);
                        return null;
                    })
                    .get();
        } finally {
            server.stop(0);
        }
    }

    /** To the JVM a thread that a debugger holds looks like one that does not get a monitor. */
    private static void threadHeldByADebugger(Stage stage) throws Exception {
        Object monitor = new Object();
        CountDownLatch held = new CountDownLatch(1);
        CompletableFuture<Void> debugger = Stage.inThread("debugger", () -> {
            synchronized (monitor) {
                held.countDown();
                stage.awaitOver();
            }
        });
        held.await();
        Connection connection = stage.begin();
        stage.slow();
        synchronized (monitor) {
            stage.end(connection);
        }
        debugger.get();
    }

    /** Between two rows it has nothing in its hands but the result set. */
    private static void batchThatStreamsRows(Stage stage) throws Exception {
        ResultSet rows = openStream(stage);
        long sum = 0;
        for (int i = 0; rows.next(); i++) {
            sum += rows.getLong(1);
            if (i == 499) {
                stage.slow();
                stage.awaitOver();
            }
        }
        Assertions.assertEquals(1000L * 1001 / 2, sum);
        Connection connection = rows.getStatement().getConnection();
        rows.getStatement().close();
        stage.end(connection);
    }

    private static ResultSet openStream(Stage stage) throws SQLException {
        Statement statement = stage.begin().createStatement();
        statement.setFetchSize(50);
        return statement.executeQuery("SELECT generate_series(1, 1000)");
    }

    private static void taskThatWaitsInAQueue(Stage stage) throws Exception {
        LinkedBlockingQueue<String> queue = new LinkedBlockingQueue<>();
        CompletableFuture<Void> answer = Stage.inThread("answer", () -> {
            stage.awaitOver();
            queue.add("go on");
        });
        stage.executor()
                .submit(() -> {
                    Connection connection = stage.begin();
                    stage.slow();
                    queue.take();
                    stage.end(connection);
                    return null;
                })
                .get();
        answer.get();
    }

    /** A task in a task: the executor is saturated, and its worker's caller, a worker of another one, runs it. */
    private static void taskThatTheCallerRan(Stage stage) throws Exception {
        ThreadPoolExecutor full = new ThreadPoolExecutor(
                1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(1), new ThreadPoolExecutor.CallerRunsPolicy());
        stage.shutDownAtTheEnd(full);
        CountDownLatch busy = new CountDownLatch(1);
        full.execute(() -> uninterruptibly(busy));
        full.execute(() -> uninterruptibly(busy));
        stage.executor()
                .submit(() -> {
                    full.execute(() -> {
                        try {
                            Connection connection = stage.begin();
                            stage.slow();
                            stage.awaitOver();
                            stage.end(connection);
                        } catch (SQLException | InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
                    busy.countDown();
                })
                .get();
    }

    private static void uninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private static void forkJoinTaskThatJoins(Stage stage) throws Exception {
        ForkJoinPool pool = new ForkJoinPool(2);
        stage.shutDownAtTheEnd(pool);
        pool.submit(() -> {
                    Connection connection = stage.begin();
                    stage.slow();
                    pool.submit(() -> {
                                stage.awaitOver();
                                return null;
                            })
                            .join();
                    stage.end(connection);
                    return null;
                })
                .get();
    }

    private static void parkedInAScope(Stage stage) throws Exception {
        try (var outer = stage.guarded.scope("outer")) {
            Connection connection;
            try (var inner = stage.guarded.scope("inner")) {
                connection = stage.begin(); // passed on to the outer scope
                inner.failed(new IllegalStateException("only the inner work failed"));
            }
            stage.slow();
            while (!stage.isOver()) {
                LockSupport.parkNanos(50_000_000);
            }
            stage.end(connection);
            Assertions.assertNotNull(outer);
        }
    }

    /** A transaction that fetches its connection late, inside a unit of work that is over before it. */
    private static void workAfterAScopeInsideIt(Stage stage) throws Exception {
        stage.insideTransaction(true);
        Connection connection;
        try (var scope = stage.guarded.frameworkScope("task run by its caller")) {
            connection = stage.begin();
            Assertions.assertNotNull(scope);
        }
        stage.slow();
        stage.awaitOver();
        stage.end(connection);
    }

    private static void parkedVirtualThread(Stage stage) throws Exception {
        Method factory = java.util.concurrent.Executors.class.getMethod("newVirtualThreadPerTaskExecutor");
        ExecutorService virtual = (ExecutorService) factory.invoke(null);
        stage.shutDownAtTheEnd(virtual);
        virtual.submit(() -> {
                    Connection connection = stage.begin();
                    stage.slow();
                    stage.awaitOver();
                    stage.end(connection);
                    return null;
                })
                .get();
    }
}
