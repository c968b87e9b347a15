package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.innocent.KeptWork.Kind;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** Those that Reactor runs, on whichever worker is free: between two signals only their own chain refers to the connection. */
final class Reactive {
    private Reactive() {}

    static List<Kind> kinds() {
        return List.of(
                new Kind("flux-of-rows-on-demand", Told.RETAINED, Reactive::fluxOfRowsOnDemand),
                new Kind("mono-that-waits-for-an-answer", Told.RETAINED, Reactive::monoThatWaitsForAnAnswer));
    }

    static List<Innocent> all() {
        return kinds().stream().map(Kind::innocent).toList();
    }

    /** Its subscriber has asked for two rows of seven, and takes its time with them. */
    private static KeptWork fluxOfRowsOnDemand() {
        return KeptWork.keeping(
                stage -> {
                    SlowSubscriber subscriber = new SlowSubscriber();
                    Flux.usingWhen(
                                    Mono.fromCallable(() -> openRows(stage)),
                                    Reactive::onDemand,
                                    rows -> Mono.fromCallable(() -> {
                                        stage.end(rows.getStatement().getConnection());
                                        return rows;
                                    }))
                            .subscribeOn(Schedulers.boundedElastic())
                            .subscribe(subscriber);
                    subscriber.firstRows.await();
                    return subscriber;
                },
                (stage, subscriber) -> {
                    subscriber.requestUnbounded();
                    assertThat(subscriber.all.get()).isEqualTo(7);
                });
    }

    private static ResultSet openRows(Stage stage) throws SQLException {
        var statement = stage.begin().createStatement();
        statement.setFetchSize(2);
        return statement.executeQuery("SELECT generate_series(1, 7)");
    }

    private static Flux<Integer> onDemand(ResultSet rows) {
        return Flux.generate(sink -> {
            try {
                if (rows.next()) {
                    sink.next(rows.getInt(1));
                } else {
                    sink.complete();
                }
            } catch (SQLException e) {
                sink.error(e);
            }
        });
    }

    private static final class SlowSubscriber extends BaseSubscriber<Integer> {
        private static final int AT_FIRST = 2;

        private final CountDownLatch firstRows = new CountDownLatch(AT_FIRST);
        private final CompletableFuture<Integer> all = new CompletableFuture<>();
        private int rows;

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            request(AT_FIRST);
        }

        @Override
        protected void hookOnNext(Integer row) {
            rows++;
            firstRows.countDown();
        }

        @Override
        protected void hookOnComplete() {
            all.complete(rows);
        }

        @Override
        protected void hookOnError(Throwable failure) {
            all.completeExceptionally(failure);
            firstRows.countDown();
            firstRows.countDown();
        }
    }

    /** A transaction around a call of another service. */
    private static KeptWork monoThatWaitsForAnAnswer() {
        record Called(Sinks.One<String> answer, CompletableFuture<String> whole) {}
        return KeptWork.keeping(
                stage -> {
                    Sinks.One<String> answer = Sinks.one();
                    CountDownLatch asked = new CountDownLatch(1);
                    CompletableFuture<String> whole = Mono.usingWhen(
                                    Mono.fromCallable(stage::begin),
                                    connection -> answer.asMono()
                                            .doOnSubscribe(nothing -> asked.countDown())
                                            .publishOn(Schedulers.boundedElastic())
                                            .flatMap(text -> book(stage, connection, text)),
                                    connection -> Mono.fromCallable(() -> {
                                        stage.end(connection);
                                        return connection;
                                    }))
                            .subscribeOn(Schedulers.boundedElastic())
                            .toFuture();
                    CompletableFuture.anyOf(whole, CompletableFuture.runAsync(() -> await(asked)))
                            .get();
                    return new Called(answer, whole);
                },
                (stage, called) -> {
                    stage.lines(3);
                    called.answer().tryEmitValue("paid").orThrow();
                    assertThat(called.whole().get()).isEqualTo("paid");
                });
    }

    private static Mono<String> book(Stage stage, Connection connection, String text) {
        return Mono.fromCallable(() -> {
            stage.write(connection, text);
            return text;
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }
}
