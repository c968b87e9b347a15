package io.pgheal.innocent;

import io.pgheal.testserver.SideBySide;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assertions;

/**
 * Those whose owner looks gone: its thread has ended or rests, its request is over. Something still refers to the connection,
 * and comes back to it: a field, a queue, a session, a continuation.
 */
final class Kept {
    private Kept() {}

    static List<Innocent> all() {
        return List.of(
                Innocent.of("broker-whose-starter-ended", Kept::brokerWhoseStarterEnded),
                Innocent.of("web-console", Kept::webConsole),
                Innocent.of("request-that-handed-over-and-failed", Kept::requestThatHandedOverAndFailed),
                Innocent.of("batch-writer-between-two-tasks", Kept::batchWriterBetweenTwoTasks),
                Innocent.of("cursor-of-a-slow-subscriber", Kept::cursorOfASlowSubscriber),
                Innocent.of("coroutine-that-is-suspended", Kept::coroutineThatIsSuspended));
    }

    /** The master of two brokers: it holds a row for as long as it lives, and lost the thread that locked it long ago. */
    private static void brokerWhoseStarterEnded(Stage stage) throws Exception {
        AtomicReference<Connection> lock = new AtomicReference<>();
        Stage.inThread("starter", () -> lock.set(stage.begin())).get();
        stage.slow();
        stage.awaitOver();
        stage.end(lock.get());
    }

    /** BEGIN in one request, COMMIT in a later one; each ends in order. */
    private static void webConsole(Stage stage) throws Exception {
        AtomicReference<Connection> session = new AtomicReference<>();
        inRequest(stage, stage.executor(), null, () -> session.set(stage.begin()));
        stage.slow();
        stage.awaitOver();
        inRequest(stage, stage.executor(), null, () -> stage.end(session.get()));
    }

    /** It answers with an error at once, and a worker of its own has the connection: as this place is known to do. */
    private static void requestThatHandedOverAndFailed(Stage stage) throws Exception {
        ExecutorService worker = stage.executor();
        for (int round = 1; round <= 2; round++) {
            AtomicReference<Connection> handedOver = new AtomicReference<>();
            Exception conflict = round == 1 ? null : new IllegalStateException("409");
            inRequest(stage, stage.executor(), conflict, () -> {
                handedOver.set(stage.begin());
                if (conflict == null) {
                    inTask(worker, () -> stage.end(handedOver.get()));
                }
            });
            if (conflict != null) {
                stage.slow();
                stage.awaitOver();
                inTask(worker, () -> stage.end(handedOver.get()));
            }
        }
        stage.lines(4);
    }

    private static void inRequest(Stage stage, ExecutorService thread, Exception thrown, SideBySide.Work work)
            throws Exception {
        inTask(thread, () -> {
            try (LeaseScope scope = stage.guarded.frameworkScope("POST /import")) {
                work.run();
                if (thrown != null) {
                    scope.failed(thrown);
                }
            }
        });
    }

    /** One thread that collects what comes, and writes it in a later task. */
    private static void batchWriterBetweenTwoTasks(Stage stage) throws Exception {
        ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor();
        stage.shutDownAtTheEnd(writer);
        Connection batch =
                writer.schedule(() -> stage.begin(), 1, TimeUnit.MILLISECONDS).get();
        stage.slow();
        stage.awaitOver();
        writer.schedule(
                        () -> {
                            stage.end(batch);
                            return null;
                        },
                        1,
                        TimeUnit.MILLISECONDS)
                .get();
    }

    /** Rows are fetched on demand, and nobody demands any: only the rows are kept. */
    private static void cursorOfASlowSubscriber(Stage stage) throws Exception {
        ExecutorService worker = stage.executor();
        ResultSet rows = worker.submit(() -> {
                    Connection connection = stage.begin();
                    Statement statement = connection.createStatement();
                    statement.setFetchSize(2);
                    ResultSet begun = statement.executeQuery("SELECT generate_series(1, 7)");
                    Assertions.assertTrue(begun.next());
                    return begun;
                })
                .get();
        stage.slow();
        stage.awaitOver();
        inTask(worker, () -> {
            int read = 1;
            while (rows.next()) {
                read++;
            }
            Assertions.assertEquals(7, read);
            stage.end(rows.getStatement().getConnection());
        });
    }

    /** Its continuation waits in a queue until somebody resumes it, on whichever thread. */
    private static void coroutineThatIsSuspended(Stage stage) throws Exception {
        Executor dispatcher = stage.executor();
        LinkedBlockingQueue<SideBySide.Work> suspended = new LinkedBlockingQueue<>();
        dispatcher.execute(() -> {
            try {
                Connection connection = stage.begin();
                suspended.add(() -> stage.end(connection));
            } catch (Exception e) {
                suspended.add(() -> {
                    throw e;
                });
            }
        });
        SideBySide.Work continuation = suspended.take();
        suspended.add(continuation);
        stage.slow();
        stage.awaitOver();
        inTask(stage.executor(), suspended.take());
    }

    private static void inTask(ExecutorService executor, SideBySide.Work work) throws Exception {
        executor.submit(() -> {
                    work.run();
                    return null;
                })
                .get();
    }
}
