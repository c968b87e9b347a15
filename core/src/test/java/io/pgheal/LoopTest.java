package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.track.LeaseRevokedException;
import io.pgheal.track.LeaseView;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The healing loop: starved, struck by an error, taught by its own mistakes. */
class LoopTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private final OddClock clock = new OddClock();
    private GuardedPool pool;

    /** Jumps, as after a pause of the process, and fails in the loop. */
    private static final class OddClock extends Ticker {
        volatile long ahead;
        final AtomicInteger failures = new AtomicInteger();
        final AtomicInteger acted = new AtomicInteger();
        volatile Long stopped;

        @Override
        public long nanos() {
            if (failures.get() > 0 && Thread.currentThread().getName().endsWith("-loop")) {
                failures.decrementAndGet();
                throw new LinkageError("as if"); // no OutOfMemoryError: JUnit gives up where it hears of one
            }
            if (isInActed()) {
                acted.incrementAndGet();
            }
            Long now = stopped;
            return now != null ? now : super.nanos() + ahead;
        }
    }

    private static boolean isInActed() {
        return StackWalker.getInstance()
                .walk(frames -> frames.skip(2).findFirst())
                .filter(frame -> frame.getMethodName().equals("acted"))
                .isPresent();
    }

    private void start(UnaryOperator<HealingConfig.Builder> config) throws Exception {
        pool = GuardedPool.on(SERVER, config, builder -> builder.name("odd").ticker(clock));
    }

    @AfterEach
    void stop() {
        if (pool != null) {
            pool.close();
        }
    }

    /** By a thread that has ended, and for whom the test keeps it. */
    private Connection left(String username) throws Exception {
        AtomicReference<Connection> left = new AtomicReference<>();
        try (SideBySide beside = new SideBySide()) {
            beside.start("leaver", () -> left.set(pool.beginLogin(username))).get();
        }
        return left.get();
    }

    /** By a request that failed, and whose connection somebody else went on with later. */
    private Connection leftByARequest(String username) throws Exception {
        try (var scope = pool.guarded.frameworkScope("POST /login")) {
            scope.failed(new IllegalStateException("409"));
            return pool.beginLogin(username);
        }
    }

    private void awaitQuiet(Duration atLeast, Duration below) {
        await().until(() -> pool.guarded.leases().stream()
                .map(LeaseView::quiet)
                .anyMatch(quiet -> quiet.compareTo(atLeast) >= 0 && quiet.compareTo(below) < 0));
    }

    @Test
    void afterAPauseOfTheProcessEveryClockStartsAnew() throws Exception {
        Duration patience = Duration.ofMinutes(2);
        start(config ->
                config.abandonedGrace(patience).abandonedPatience(patience).abandonedRetained(Retained.HEAL));
        Connection owned = left("alice");
        awaitQuiet(Duration.ofMillis(500), patience);

        clock.ahead = Duration.ofHours(1).toNanos();

        awaitQuiet(Duration.ofSeconds(1), patience);
        owned.commit();
        owned.close();
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
        assertThat(pool.logins("alice")).isOne();
    }

    @Test
    void anErrorInALookIsNotTheLast() throws Exception {
        start(config -> config);
        clock.failures.set(3);
        await().until(() -> clock.failures.get() == 0);
        try (var scope = pool.guarded.scope("leak")) {
            kept.add(pool.beginLogin("alice"));
        }
        pool.awaitIncident(OutcomeKind.HEALED);
    }

    /** However often it was tried in vain before: with the clock stopped, no pause is ever over. */
    @Test
    void whatOnlyAnotherThreadsCallKeptFromBeingGivenBackIsGivenBackWhenItEnds() throws Exception {
        start(config -> config);
        Gate gate = new Gate(SERVER);
        Connection shared = pool.beginLogin("alice");
        PreparedStatement poison = shared.prepareStatement("SELECT ?");
        CompletableFuture<Boolean> work =
                beside.start("call", () -> shared.createStatement().execute(gate.statement()));
        await().until(() -> SERVER.app().sessions("state = 'active' AND query LIKE '%opened WHERE gate%'") == 1);
        clock.stopped = clock.nanos();

        assertThatThrownBy(() -> poison.setObject(1, new Unprintable(), Types.VARCHAR))
                .isInstanceOf(LinkageError.class);
        await().until(() -> clock.acted.get() > 0);
        assertThat(pool.guarded.healer().leases()).as("it is still called").isOne();
        gate.open();

        pool.assertAllSlotsBack();
        assertThat(work.get()).as("it came to its own end").isFalse();
    }

    private static final class Unprintable {
        @Override
        public String toString() {
            throw new LinkageError("as if");
        }
    }

    @Test
    void whereARequestsEndProvedWrongOnceItIsNoProofAgain() throws Exception {
        start(config -> config.refutationsAllowed(1000));
        Connection wronged = leftByARequest("alice");
        assertThat(pool.awaitIncident(OutcomeKind.HEALED).evidence())
                .anyMatch(evidence -> evidence.kind() == EvidenceKind.SCOPE_ENDED);
        assertThatThrownBy(() -> GuardedPool.update(wronged, "alice")).isInstanceOf(LeaseRevokedException.class);
        pool.awaitIncident(OutcomeKind.REFUTED);
        assertThat(pool.guarded.mode()).isEqualTo(HealingMode.HEAL);

        Connection spared = leftByARequest("bob");
        awaitQuiet(Duration.ofSeconds(1), Duration.ofMinutes(2)); // the first one was ended at once
        spared.commit();
        spared.close();
        assertThat(pool.logins("bob")).isOne();
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
    }

    @Test
    void noThreadOfPghealKeepsAnApplicationFromEnding() throws Exception {
        pool = GuardedPool.on(
                SERVER, config -> config, builder -> builder.name("odd").listener(kept::add));
        try (var scope = pool.guarded.scope("leak")) {
            kept.add(pool.beginLogin("alice"));
        }
        pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> thread.getName().startsWith("pgheal-"))
                .hasSizeGreaterThanOrEqualTo(3)
                .allMatch(Thread::isDaemon);
    }
}
