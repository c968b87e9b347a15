package io.pgheal.postgres;

import io.pgheal.Internal;
import io.pgheal.thread.Crew;
import io.pgheal.thread.Lane;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the server: asks one question after the other over the one control connection, on a thread of which nobody
 * else has need, so that a server that hangs holds up no other thread. Connects at the start, and again after a loss,
 * waiting 0.25 s to 30 s in between. Thread-safe; {@link #watch} belongs to the healing loop.
 */
@Internal
public final class ControlChannel implements AutoCloseable {
    /** Where channels tell of themselves, unless they were given another log. */
    public static final Logger LOG = LoggerFactory.getLogger(ControlChannel.class);

    private static final String NOT_OPEN = "the control connection is not open yet";
    private static final int QUESTIONS_WAITING = 32;
    private static final long FIRST_RETRY_MILLIS = 250;
    private static final long LAST_RETRY_MILLIS = 30_000;
    /** Of the time that a question has. */
    private static final int PARTS = 8;

    private static final Duration CLOSED_WITHIN = Duration.ofSeconds(2);

    private final String dataSource;
    private final Logger log;
    private final ControlConnection connection;
    private final Lane lane;
    private final AtomicLong asked = new AtomicLong();
    private final AtomicLong connects = new AtomicLong();
    private final AtomicLong losses = new AtomicLong();
    private volatile @Nullable Server server;
    private volatile String trouble = NOT_OPEN;
    private volatile boolean paused;

    private volatile @Nullable Retry retry;

    // Only for the channel's own tasks.
    private long retryMillis = FIRST_RETRY_MILLIS;
    private boolean lossLogged;

    /** The server at the other end, as read when the connection was opened. */
    public record Server(ServerIdentity identity, ServerAddress address, Capabilities capabilities) {

        /** What pgheal cannot see or do there, each with what would help; empty is best. */
        public List<String> shortcomings() {
            List<String> found = new ArrayList<>();
            if (capabilities.poolerInBetween()) {
                found.add(
                        "the control connection goes through a pooler, so nothing is signalled: set pgheal.control.url "
                                + "to the server's own address");
            }
            if (!capabilities.tracksActivities()) {
                found.add("track_activities is off, so nobody can be judged by the server's word: switch it on");
            }
            if (!capabilities.seesOthers()) {
                found.add(
                        "the role " + capabilities.user() + " does not see other roles' sessions, nor that they wait: "
                                + "GRANT pg_read_all_stats TO it if other roles use this database");
            }
            if (capabilities.inRecovery()) {
                found.add("the server is a standby");
            }
            return List.copyOf(found);
        }
    }

    /** One question, asked as a task of the channel's own. */
    @FunctionalInterface
    public interface Question<T> {
        T ask(ControlConnection connection) throws SQLException;
    }

    public ControlChannel(String dataSource, ConnectionOpener opener) {
        this(dataSource, "control", opener, LOG);
    }

    /**
     * A channel that tells of itself in this log.
     *
     * @param purpose distinguishes the name of its thread from those of other channels
     */
    public ControlChannel(String dataSource, String purpose, ConnectionOpener opener, Logger log) {
        this.log = log;
        this.dataSource = dataSource;
        this.connection = new ControlConnection(opener);
        this.lane = new Lane(Crew.QUESTIONS, dataSource, purpose, Integer.MAX_VALUE);
    }

    /** Begins to connect, in the background. */
    public void start() {
        lane.start();
        lane.add(this::connect);
    }

    /**
     * For the healing loop, at each look: connects again when it is time, and finds a thread for questions that have none.
     *
     * @param now by the loop's ticker: like everything else, a loss is dated by the look that sees it first
     */
    public void watch(long now) {
        lane.watch();
        Retry next = retry;
        if (next != null && next.isDue(now)) {
            lane.add(next);
            next.handedOver = true; // not earlier: if an error kept it from the lane, the next look adds it
        }
    }

    /** Connects anew, in the background: the address may lead to another server by now. */
    public void renew() {
        server = null;
        trouble = "the control connection is being moved to another server";
        lane.add(this::connect); // a closed channel stays closed
    }

    /** Closes the connection, and opens none until {@link #resume()}. Waits until it is closed, but not long for a server. */
    public void pause() {
        paused = true;
        server = null;
        FutureTask<?> rest = new FutureTask<>(this::rest, null);
        if (!lane.add(rest)) {
            return; // closed: there is no connection any more
        }
        try {
            get(rest, CLOSED_WITHIN);
        } catch (SQLException hangs) {
            connection.abort();
        }
    }

    private void rest() {
        paused = true;
        server = null; // it may have been opened since
        retry = null;
        trouble = "the control connection is closed until the context starts again, or until reconnectControl()";
        connection.close();
    }

    /** Connects again, in the background. Does nothing unless it was paused. */
    public void resume() {
        if (paused) {
            lane.add(this::wake); // a closed channel stays closed
        }
    }

    /** As a task of the channel's own, so that what was to be connected during the pause is not connected after it, too. */
    private void wake() {
        if (paused) {
            paused = false;
            trouble = NOT_OPEN;
            retryMillis = FIRST_RETRY_MILLIS;
            connect();
        }
    }

    /**
     * Waits for the answer, at most until the deadline; the question itself may then still be under way.
     *
     * @throws SQLTimeoutException when the deadline passed
     * @throws SQLException when there is no connection, or the question failed
     */
    public <T> T ask(Duration deadline, Question<T> question) throws SQLException {
        Answer<T> answer = put(question);
        try {
            return answer.within(deadline);
        } catch (SQLTimeoutException e) {
            lane.remove(answer.task);
            throw e;
        }
    }

    /** Puts a question without waiting for its answer. */
    public <T> Answer<T> put(Question<T> question) throws SQLException {
        if (server == null) {
            throw new SQLException(trouble, SqlState.CONNECTION_DOES_NOT_EXIST);
        }
        return new Answer<>(queue(question));
    }

    /** The answer to a question, as soon as there is one. Thread-safe. */
    public static final class Answer<T> {
        private final FutureTask<T> task;

        Answer(FutureTask<T> task) {
            this.task = task;
        }

        /** The answer if it is here already; empty too when the question failed. */
        public Optional<T> ifHere() {
            if (!task.isDone()) {
                return Optional.empty();
            }
            try {
                return Optional.ofNullable(within(Duration.ZERO));
            } catch (SQLException failed) {
                return Optional.empty();
            }
        }

        /** Waits for the answer, at most so long; the question stays in the queue. */
        public T within(Duration deadline) throws SQLException {
            return get(task, deadline);
        }
    }

    private static <T> T get(Future<T> answer, Duration deadline) throws SQLException {
        try {
            return inParts(answer, deadline.toNanos() / PARTS);
        } catch (TimeoutException e) {
            throw new SQLTimeoutException("the server did not answer within " + deadline.toMillis() + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTimeoutException("interrupted while the server was asked");
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw cause instanceof SQLException sql ? sql : new SQLException("asking the server failed", cause);
        }
    }

    /**
     * A stop of the whole process, by its collector for example, uses up one part at most: the answer that came meanwhile
     * still has to be read.
     */
    private static <T> T inParts(Future<T> answer, long part)
            throws InterruptedException, ExecutionException, TimeoutException {
        for (int i = 1; i < PARTS; i++) {
            try {
                return answer.get(part, TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                // there are more
            }
        }
        return answer.get(part, TimeUnit.NANOSECONDS);
    }

    private <T> FutureTask<T> queue(Question<T> question) throws SQLException {
        if (lane.waiting() >= QUESTIONS_WAITING) { // given-up questions are removed from the queue
            throw new SQLException("the server does not keep up with what it is asked", SqlState.CONNECTION_FAILURE);
        }
        FutureTask<T> task = new FutureTask<>(() -> answer(question));
        if (!lane.add(task)) {
            throw new SQLException("the control connection is closed", SqlState.CONNECTION_DOES_NOT_EXIST);
        }
        return task;
    }

    private <T> T answer(Question<T> question) throws SQLException {
        asked.incrementAndGet();
        try {
            return question.ask(connection);
        } catch (SQLException e) {
            if (server != null && !connection.isOpen()) { // one loss counts once, however many questions fail by it
                lost(e);
            }
            throw e;
        } catch (RuntimeException | Error e) {
            lost(e); // the protocol may be out of step: the next answer could be another question's
            throw e;
        }
    }

    private void connect() {
        if (paused) {
            return;
        }
        try {
            connection.connect();
            Server found = new Server(connection.identity(), connection.address(), connection.capabilities());
            if (!found.capabilities().poolerInBetween()) {
                connection.keepPlans();
            }
            warmUp();
            if (lane.isClosed() || paused) {
                connection.close();
                return;
            }
            server = found;
            connects.incrementAndGet();
            retryMillis = FIRST_RETRY_MILLIS;
            lossLogged = false;
            log.info(
                    "[{}] pgheal's control connection is open: PostgreSQL {} as {}",
                    dataSource,
                    found.capabilities().serverVersion(),
                    found.capabilities().user());
            found.shortcomings().forEach(lack -> log.info("[{}] {}", dataSource, lack));
        } catch (SQLException | RuntimeException | Error e) {
            lost(e);
        }
    }

    /** The first story of a process takes tens of milliseconds, on both sides; later ones a few. */
    private void warmUp() {
        try {
            for (Backend self : connection.backends(List.of(connection.pid()))) {
                TransactionRef transaction = self.transaction();
                if (transaction != null) {
                    Objects.requireNonNull(connection.moment(transaction.backend()));
                    Objects.requireNonNull(connection.story(transaction.backend()));
                    connection.transactionGone(transaction);
                }
            }
        } catch (SQLException e) {
            log.debug(
                    "[{}] the first questions failed: {}", dataSource, SqlState.of(e)); // the first story is slow then
        }
    }

    private void lost(Throwable e) {
        server = null;
        losses.incrementAndGet();
        try {
            warnOfLoss(e);
            connection.close();
        } finally {
            connectAgain(); // whatever logging and closing may throw
        }
    }

    private void warnOfLoss(Throwable e) {
        String state = SqlState.of(e);
        trouble = e instanceof UnknownAddressException
                ? shown(e)
                : "the control connection is lost ("
                        + (state == null ? e.getClass().getSimpleName() : "SQLSTATE " + state) + ")" + advice(state);
        if (lane.isClosed()) {
            return;
        }
        if (!lossLogged) {
            lossLogged = true;
            log.warn(
                    "[{}] pgheal's control connection could not be had or was lost ({}{}): until it is back, abandoned "
                            + "connections are still aborted, but nothing can be asked or signalled",
                    dataSource,
                    shown(e),
                    advice(state));
        }
    }

    private void connectAgain() {
        if (lane.isClosed()) {
            return;
        }
        retry = new Retry(retryMillis); // and no other one, if it was connected in between for another reason
        retryMillis = Math.min(retryMillis * 2, LAST_RETRY_MILLIS);
    }

    /** The next attempt to connect. */
    private final class Retry implements Runnable {
        private final Duration pause;

        // Only for the healing loop.
        private @Nullable Long since;
        private boolean handedOver;

        Retry(long pauseMillis) {
            this.pause = Duration.ofMillis(pauseMillis);
        }

        boolean isDue(long now) {
            if (since == null) {
                since = now;
            }
            return !handedOver && now - since >= pause.toNanos();
        }

        @Override
        public void run() {
            if (retry == this && server == null) { // else it was resumed in between
                connect();
            }
        }
    }

    private static String advice(@Nullable String state) {
        return switch (state == null ? "" : state) {
            case SqlState.PROTOCOL_VIOLATION ->
                ": a pooler refuses its start-up options; set pgheal.control.url to the server's own address";
            case SqlState.INVALID_PASSWORD, SqlState.INVALID_AUTHORIZATION -> ": its credentials are refused";
            case SqlState.TOO_MANY_CONNECTIONS -> ": the server has no connection left for it";
            default -> "";
        };
    }

    /** Shows only messages of our own: a foreign opener may put a whole URL into its message, password included. */
    private static String shown(Throwable e) {
        if (e instanceof UnknownAddressException ours) {
            return String.valueOf(ours.getMessage());
        }
        String state = SqlState.of(e);
        return state == null ? e.getClass().getName() : "SQLSTATE " + state;
    }

    /** The server at the other end; empty while the connection is lost. */
    public Optional<Server> server() {
        return Optional.ofNullable(server);
    }

    /** Why there is no server, in words for the operator. */
    public String trouble() {
        return trouble;
    }

    /** How many questions were put since the start. */
    public long asked() {
        return asked.get();
    }

    /** How often it was connected since the start. */
    public long connects() {
        return connects.get();
    }

    /** How often the connection was lost, or could not be opened. */
    public long losses() {
        return losses.get();
    }

    /** Ends the connection and what is under way, also when a server hangs. */
    @Override
    public void close() {
        server = null;
        trouble = "the control connection is closed";
        lane.close();
        connection.abort();
    }
}
