package io.pgheal.innocent;

import io.pgheal.testserver.SideBySide;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assertions;

/** Those whose lease is not tied to the thread that borrowed it: that one is idle meanwhile. */
final class HandedOver {
    private HandedOver() {}

    static List<Innocent> all() {
        return List.of(
                Innocent.of("handed-to-another-thread", HandedOver::toAnotherThread),
                Innocent.of("field-across-requests", HandedOver::fieldAcrossRequests),
                Innocent.of("field-at-a-known-place", HandedOver::fieldAtAKnownPlace),
                Innocent.of("asynchronous-servlet", HandedOver::asynchronousServlet));
    }

    private static void toAnotherThread(Stage stage) throws Exception {
        ExecutorService worker = stage.executor();
        CompletableFuture<Void> other = worker.submit(() -> {
                    Connection connection = stage.begin();
                    return Stage.inThread("other", () -> {
                        stage.write(connection, "handed over");
                        stage.slow();
                        stage.awaitOver();
                        stage.end(connection);
                    });
                })
                .get();
        stage.lines(3);
        other.get();
    }

    private static void fieldAcrossRequests(Stage stage) throws Exception {
        AtomicReference<Connection> field = new AtomicReference<>();
        ExecutorService one = stage.executor();
        ExecutorService two = stage.executor();
        inTask(one, () -> field.set(stage.begin()));
        inTask(two, () -> stage.write(field.get(), "second request"));
        stage.lines(3);
        stage.slow();
        stage.awaitOver();
        inTask(one, () -> stage.end(field.get()));
    }

    /** The second lease of a place in the code whose first one was seen to move: spared before it moves itself. */
    private static void fieldAtAKnownPlace(Stage stage) throws Exception {
        AtomicReference<Connection> field = new AtomicReference<>();
        ExecutorService one = stage.executor();
        ExecutorService two = stage.executor();
        for (int round = 1; round <= 2; round++) {
            inTask(one, () -> field.set(stage.begin()));
            if (round == 2) {
                stage.slow();
                stage.awaitOver();
            }
            inTask(two, () -> stage.end(field.get()));
        }
        stage.lines(4);
    }

    /** The request's thread is back in its pool, and nobody has used the connection elsewhere yet. */
    private static void asynchronousServlet(Stage stage) throws Exception {
        ExecutorService request = stage.executor();
        ExecutorService elsewhere = stage.executor();
        AtomicReference<Connection> connection = new AtomicReference<>();
        AtomicReference<LeaseScope> open = new AtomicReference<>();
        inTask(request, () -> {
            try (LeaseScope scope = stage.guarded.frameworkScope("GET /export")) {
                connection.set(stage.begin());
                scope.continuesElsewhere();
                open.set(scope);
            }
        });
        stage.slow();
        inTask(elsewhere, () -> {
            stage.awaitOver();
            stage.end(connection.get());
        });
        open.get().completed();
        Assertions.assertTrue(connection.get().isClosed());
    }

    private static void inTask(ExecutorService executor, SideBySide.Work work) throws Exception {
        executor.submit(() -> {
                    work.run();
                    return null;
                })
                .get();
    }
}
