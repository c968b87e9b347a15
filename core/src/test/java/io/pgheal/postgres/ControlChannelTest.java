package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.Patience;
import io.pgheal.testserver.PostgresServer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ControlChannelTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private volatile boolean closeFails;
    private final AtomicInteger opened = new AtomicInteger();
    private final ControlChannel channel = new ControlChannel("test", this::open);

    private Connection open() throws SQLException {
        opened.incrementAndGet();
        Connection connection = ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password)
                .open();
        return closeFails ? whoseCloseFails(connection) : connection;
    }

    @BeforeEach
    void connect() {
        channel.start();
        await().until(() -> channel.server().isPresent());
    }

    @AfterEach
    void close() {
        channel.close();
    }

    @Test
    void questionsThatWereGivenUpWhileTheyWaitedTakeNoPlace() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        channel.put(control -> {
            began.countDown();
            return hang(goOn);
        });
        assertThat(began.await(60, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> channel.ask(Duration.ofMillis(1), ControlConnection::identity))
                    .isInstanceOf(SQLTimeoutException.class);
        }
        goOn.countDown();

        assertThat(channel.ask(Duration.ofSeconds(5), ControlConnection::identity))
                .isNotNull();
    }

    /** Its first wait is over at once, as if the process had stood still for so long; meanwhile the answer has come. */
    private static final class Waits extends FutureTask<String> {
        private final boolean answered;
        private final List<Duration> waits = new ArrayList<>();

        Waits(boolean answered) {
            super(() -> "never run");
            this.answered = answered;
        }

        @Override
        public String get(long time, TimeUnit unit) throws TimeoutException {
            waits.add(Duration.of(time, unit.toChronoUnit()));
            if (answered && waits.size() > 1) {
                return "the answer";
            }
            throw new TimeoutException();
        }
    }

    /** A collector may stop everything for longer than a question has. */
    @Test
    void aStopOfTheProcessIsNotTakenForSilenceOfTheServer() throws Exception {
        assertThat(new ControlChannel.Answer<>(new Waits(true)).within(Duration.ofSeconds(2)))
                .isEqualTo("the answer");
    }

    @Test
    void allWaitsTogetherTakeNoLongerThanTheDeadline() {
        Waits never = new Waits(false);
        assertThatThrownBy(() -> new ControlChannel.Answer<>(never).within(Duration.ofSeconds(2)))
                .isInstanceOf(SQLTimeoutException.class)
                .hasMessageContaining("2000 ms");
        assertThat(never.waits.stream().reduce(Duration.ZERO, Duration::plus)).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void noMoreThanSomeQuestionsWait() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        channel.put(control -> hang(goOn));
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        channel.put(ControlConnection::identity);
                    }
                })
                .hasMessageContaining("does not keep up");
        goOn.countDown();

        await().ignoreExceptions().until(() -> channel.ask(Duration.ofSeconds(5), ControlConnection::identity) != null);
    }

    @Test
    void oneLossIsFollowedByOneNewConnection() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        channel.put(control -> {
            began.countDown();
            hang(goOn);
            control.abort();
            return control.identity();
        });
        assertThat(began.await(60, TimeUnit.SECONDS)).isTrue();
        Thread[] asking = new Thread[4];
        for (int i = 0; i < asking.length; i++) {
            asking[i] = new Thread(() -> {
                try {
                    channel.ask(Patience.PATIENCE, ControlConnection::identity);
                } catch (SQLException lost) {
                    // as it must be
                }
            });
            asking[i].start();
        }
        for (Thread each : asking) {
            await().until(() -> each.getState() == Thread.State.TIMED_WAITING);
        }
        goOn.countDown();
        for (Thread each : asking) {
            each.join();
        }
        awaitWatched(channel, () -> channel.server().isPresent());

        assertThat(channel.losses()).as("each is followed by a new connection").isOne();
        assertThat(opened).hasValue(2);
    }

    @Test
    void aConnectionInWhichAnErrorStruckIsNotAskedAgain() throws Exception {
        assertThatThrownBy(() -> channel.ask(Duration.ofSeconds(5), control -> {
                    throw new OutOfMemoryError("made up");
                }))
                .isInstanceOf(SQLException.class);

        awaitWatched(channel, () -> opened.get() == 2 && channel.server().isPresent());
        assertThat(channel.ask(Duration.ofSeconds(5), ControlConnection::identity))
                .isNotNull();
    }

    @Test
    void itWaitsLongerAfterEachFailure() {
        List<Long> attempts = Collections.synchronizedList(new ArrayList<>());
        try (ControlChannel vain = new ControlChannel("vain", () -> {
            attempts.add(System.nanoTime());
            throw new SQLException("no way", "08001");
        })) {
            vain.start();
            awaitWatched(vain, () -> attempts.size() == 4);
        }
        for (int i = 1; i < 4; i++) {
            assertThat(Duration.ofNanos(attempts.get(i) - attempts.get(i - 1)))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(125L << i));
        }
    }

    @Test
    void aConnectionThatCannotEvenBeClosedIsReplaced() throws Exception {
        closeFails = true;
        channel.renew();
        await().until(() -> opened.get() == 2 && channel.server().isPresent());
        assertThatThrownBy(() -> channel.ask(Duration.ofSeconds(5), control -> {
                    throw new OutOfMemoryError("made up");
                }))
                .isInstanceOf(SQLException.class);

        awaitWatched(channel, () -> opened.get() == 3 && channel.server().isPresent());
        closeFails = false;
    }

    @Test
    void whileItIsPausedItHasNoConnection() throws Exception {
        int pid = channel.ask(Duration.ofSeconds(5), ControlConnection::pid);
        channel.pause();
        await().until(() -> !isThere(pid));

        assertThat(channel.server()).isEmpty();
        assertThatThrownBy(() -> channel.ask(Duration.ofSeconds(5), ControlConnection::pid))
                .hasMessageContaining("closed until the context starts again");
        channel.renew();
        channel.resume();
        await().until(() -> channel.server().isPresent());
        assertThat(channel.ask(Duration.ofSeconds(5), ControlConnection::pid)).isNotEqualTo(pid);
        assertThat(opened).as("none while it was paused").hasValue(2);
    }

    @Test
    void toPauseWaitsForNoAnswer() throws Exception {
        int pid = channel.ask(Duration.ofSeconds(5), ControlConnection::pid);
        CountDownLatch goOn = new CountDownLatch(1);
        channel.put(control -> hang(goOn));
        channel.pause();
        await().until(() -> !isThere(pid));

        goOn.countDown();
        channel.resume();
        await().until(() -> channel.server().isPresent());
    }

    @Test
    void whoPausesWhileAnotherResumesLeavesNoChannelThatCannotBeResumed() throws Exception {
        for (int i = 0; i < 30; i++) {
            Thread pausing = new Thread(channel::pause);
            pausing.start();
            while (pausing.isAlive()) {
                channel.resume();
            }
            channel.resume();
            await().until(() -> channel.server().isPresent());
        }
    }

    /** Else the attempts are the more frequent the more often it was resumed. */
    @Test
    void aFailureIsRetriedOnceHoweverOftenItWasResumed() {
        List<Long> attempts = Collections.synchronizedList(new ArrayList<>());
        try (ControlChannel vain = new ControlChannel("vain", () -> {
            attempts.add(System.nanoTime());
            throw new SQLException("no way", "08001");
        })) {
            vain.start();
            int last = 0;
            for (int i = 0; i < 5; i++) {
                int before = last;
                awaitWatched(vain, () -> attempts.size() > before);
                vain.pause();
                last = attempts.size();
                vain.resume();
            }
            int first = last;
            awaitWatched(vain, () -> attempts.size() >= first + 3);
            for (int i = 1; i < 3; i++) {
                assertThat(Duration.ofNanos(attempts.get(first + i) - attempts.get(first + i - 1)))
                        .isGreaterThanOrEqualTo(Duration.ofMillis(125L << i));
            }
        }
    }

    @Test
    void aClosedOneThatIsResumedStillSaysThatItIsClosed() {
        channel.close();
        channel.pause();
        channel.resume();

        assertThat(channel.trouble()).isEqualTo("the control connection is closed");
    }

    /** As by the healing loop. */
    private static void awaitWatched(ControlChannel watched, Callable<Boolean> condition) {
        await().until(() -> {
            watched.watch(System.nanoTime());
            return condition.call();
        });
    }

    private static boolean isThere(int pid) throws SQLException {
        return SERVER.app().sessions("pid = ?", pid) == 1;
    }

    private static Connection whoseCloseFails(Connection connection) {
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    try {
                        Object answer = method.invoke(connection, arguments);
                        if (method.getName().equals("close")) {
                            throw new IllegalStateException("made up");
                        }
                        return answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static int hang(CountDownLatch goOn) {
        try {
            goOn.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return 0;
    }
}
