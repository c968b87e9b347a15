package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.innocent.KeptWork.Kind;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Those whose owner looks gone: its thread has ended or rests, its request is over. Something still refers to the connection,
 * and comes back to it: a field, a queue, a session, a continuation.
 */
final class Kept {
    private Kept() {}

    static List<Kind> kinds() {
        return List.of(
                new Kind("broker-whose-starter-ended", Told.RETAINED, Kept::brokerWhoseStarterEnded),
                new Kind("web-console", Told.RETAINED, Kept::webConsole),
                new Kind("request-that-handed-over-and-failed", Told.RETAINED, Kept::requestThatHandedOverAndFailed),
                new Kind("batch-writer-between-two-tasks", Told.RETAINED, Kept::batchWriterBetweenTwoTasks),
                new Kind("cursor-of-a-slow-subscriber", Told.RETAINED, Kept::cursorOfASlowSubscriber),
                new Kind("coroutine-that-is-suspended", Told.RETAINED, Kept::coroutineThatIsSuspended),
                new Kind("stages-of-a-future", Told.RETAINED, Kept::stagesOfAFuture),
                new Kind("leader-whose-thread-ended", Told.RETAINED_LEADER, Kept::leaderWhoseThreadEnded),
                new Kind("session-of-a-worker", Told.RETAINED, Kept::sessionOfAWorker));
    }

    static List<Innocent> all() {
        return kinds().stream().map(Kind::innocent).toList();
    }

    /** The master of two brokers: it holds a row for as long as it lives, and lost the thread that locked it long ago. */
    private static KeptWork brokerWhoseStarterEnded() {
        return KeptWork.keeping(stage -> inAThreadThatEnds("starter", stage::begin), Stage::end);
    }

    /** BEGIN in one request, COMMIT in a later one; each ends in order. */
    private static KeptWork webConsole() {
        return KeptWork.keeping(
                stage -> inRequest(stage, stage.executor(), null, stage::begin),
                (stage, session) -> inRequest(stage, stage.executor(), null, () -> {
                    stage.end(session);
                    return session;
                }));
    }

    /** It answers with an error at once, and a worker of its own has the connection: as this place is known to do. */
    private static KeptWork requestThatHandedOverAndFailed() {
        record HandedOver(ExecutorService worker, Connection connection) {
            void end(Stage stage) throws Exception {
                inTask(worker, () -> stage.end(connection));
            }
        }
        return KeptWork.keeping(
                stage -> {
                    ExecutorService worker = stage.executor();
                    for (int round = 1; true; round++) {
                        Exception conflict = round == 1 ? null : new IllegalStateException("409");
                        HandedOver handedOver = inRequest(
                                stage, stage.executor(), conflict, () -> new HandedOver(worker, stage.begin()));
                        if (conflict != null) {
                            return handedOver;
                        }
                        handedOver.end(stage);
                    }
                },
                (stage, handedOver) -> {
                    handedOver.end(stage);
                    stage.lines(4);
                });
    }

    private static <T> T inRequest(Stage stage, ExecutorService thread, @Nullable Exception thrown, Callable<T> work)
            throws Exception {
        return thread.submit(() -> {
                    try (LeaseScope scope = stage.guarded.frameworkScope("POST /import")) {
                        T answer = work.call();
                        if (thrown != null) {
                            scope.failed(thrown);
                        }
                        return answer;
                    }
                })
                .get();
    }

    /** One thread that collects what comes, and writes it in a later task. */
    private static KeptWork batchWriterBetweenTwoTasks() {
        record Batch(ScheduledExecutorService writer, Connection connection) {}
        return KeptWork.keeping(
                stage -> {
                    ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor();
                    stage.shutDownAtTheEnd(writer);
                    return new Batch(
                            writer,
                            writer.schedule(() -> stage.begin(), 1, TimeUnit.MILLISECONDS)
                                    .get());
                },
                (stage, batch) -> batch.writer()
                        .schedule(
                                () -> {
                                    stage.end(batch.connection());
                                    return null;
                                },
                                1,
                                TimeUnit.MILLISECONDS)
                        .get());
    }

    /** Rows are fetched on demand, and nobody demands any: only the rows are kept. */
    private static KeptWork cursorOfASlowSubscriber() {
        record Cursor(ExecutorService worker, ResultSet rows) {}
        return KeptWork.keeping(
                stage -> {
                    ExecutorService worker = stage.executor();
                    return new Cursor(
                            worker, worker.submit(() -> openCursor(stage)).get());
                },
                (stage, cursor) -> inTask(cursor.worker(), () -> {
                    ResultSet rows = cursor.rows();
                    int read = 1;
                    while (rows.next()) {
                        read++;
                    }
                    assertThat(read).isEqualTo(7);
                    stage.end(rows.getStatement().getConnection());
                }));
    }

    private static ResultSet openCursor(Stage stage) throws Exception {
        Statement statement = stage.begin().createStatement();
        statement.setFetchSize(2);
        ResultSet begun = statement.executeQuery("SELECT generate_series(1, 7)");
        assertThat(begun.next()).isTrue();
        return begun;
    }

    /** Its continuation waits in a queue until somebody resumes it, on whichever thread. */
    private static KeptWork coroutineThatIsSuspended() {
        return KeptWork.keeping(
                stage -> {
                    LinkedBlockingQueue<SideBySide.Work> suspended = new LinkedBlockingQueue<>();
                    inTask(stage.executor(), () -> {
                        Connection connection = stage.begin();
                        suspended.add(() -> stage.end(connection));
                    });
                    return suspended;
                },
                (stage, suspended) -> inTask(stage.executor(), suspended.take()));
    }

    /** The next stage begins when somebody answers. */
    private static KeptWork stagesOfAFuture() {
        record Stages(CompletableFuture<String> answer, CompletableFuture<Void> last) {}
        return KeptWork.keeping(
                stage -> {
                    ExecutorService one = stage.executor();
                    ExecutorService two = stage.executor();
                    CompletableFuture<String> answer = new CompletableFuture<>();
                    CountDownLatch twoStages = new CountDownLatch(1);
                    CompletableFuture<Void> last = CompletableFuture.supplyAsync(() -> unchecked(stage::begin), one)
                            .thenApplyAsync(
                                    connection -> unchecked(() -> {
                                        stage.write(connection, "second stage");
                                        return connection;
                                    }),
                                    two)
                            .whenComplete((connection, failure) -> twoStages.countDown())
                            .thenCombine(answer, (connection, text) -> connection)
                            .thenAcceptAsync(
                                    connection -> unchecked(() -> {
                                        stage.end(connection);
                                        return null;
                                    }),
                                    one);
                    twoStages.await();
                    return new Stages(answer, last);
                },
                (stage, stages) -> {
                    stage.lines(3);
                    stages.answer().complete("paid");
                    stages.last().get();
                });
    }

    /** It leads by a lock of its transaction, which a row tells the others, too. */
    private static KeptWork leaderWhoseThreadEnded() {
        return KeptWork.keeping(
                stage -> inAThreadThatEnds("election", () -> {
                    Connection connection = stage.begin();
                    Sql.run(connection, "SELECT pg_advisory_xact_lock(" + stage.name.hashCode() + ")");
                    return connection;
                }),
                Stage::end);
    }

    /** No transaction is open, but its session holds what the next task needs. */
    private static KeptWork sessionOfAWorker() {
        record Session(ExecutorService worker, Connection connection) {}
        return KeptWork.keeping(
                stage -> {
                    stage.nobodyWaitsForALock();
                    Connection opened = inAThreadThatEnds("opener", () -> {
                        Connection connection = stage.guarded.getConnection();
                        stage.write(connection, "opened");
                        Sql.run(connection, "CREATE TEMP TABLE so_far AS SELECT 42 AS answer");
                        return connection;
                    });
                    return new Session(stage.executor(), opened);
                },
                (stage, session) -> inTask(session.worker(), () -> {
                    assertThat(Sql.number(session.connection(), "SELECT answer FROM so_far"))
                            .isEqualTo(42);
                    stage.write(session.connection(), "closed");
                    session.connection().close();
                }));
    }

    private static <T> T inAThreadThatEnds(String name, Callable<T> work) throws Exception {
        try (SideBySide ends = new SideBySide()) {
            return ends.start(name, work).get();
        }
    }

    private static void inTask(ExecutorService executor, SideBySide.Work work) throws Exception {
        executor.submit(() -> {
                    work.run();
                    return null;
                })
                .get();
    }

    private static <T> T unchecked(Callable<T> answer) {
        try {
            return answer.call();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
