package io.pgheal.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.HealerState;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseScope;
import io.pgheal.witness.Testimony;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Each line of the report that looks at what is left can become red, by as small a cause as there is. */
class RemainsTest {
    private static final Duration BRIEFLY = Duration.ofMillis(100);
    private static final Duration LONG = Duration.ofSeconds(30);

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    Path reports;

    private final Disturbances disturbances = new Disturbances();
    private Tally tally;
    private Remains remains;
    private HikariDataSource pool;
    private SelfHealingDataSource guarded;

    @BeforeEach
    void open() {
        tally = new Tally(reports);
        remains = new Remains(tally);
        pool = SERVER.app().pool(SoakRun.APPLICATION, 2, config -> config.setMinimumIdle(2));
        guarded = guarded(HealingMode.HEAL);
    }

    @AfterEach
    void close() {
        guarded.close();
        pool.close();
        // What still ends would be found by the next test.
        Threads.await(
                () -> Remains.sessions(SERVER, SoakRun.APPLICATION) == 0
                        && Remains.sessions(SERVER, ControlSettings.APPLICATION_NAME) == 0,
                LONG);
        tally.close();
    }

    private SelfHealingDataSource guarded(HealingMode mode) {
        return SelfHealingDataSource.builder(pool)
                .name("remains")
                .config(HealingConfig.builder().mode(mode).build())
                .listener(new Hearing(tally, new Times()))
                .build();
    }

    @Test
    void whatIsInOrderIsClean() throws SQLException {
        try (Connection connection = guarded.getConnection()) {
            Bank.ask(connection, 1);
        }
        remains.threads(List.of());
        remains.leases(guarded);
        remains.connections(pool, SERVER, LONG);
        remains.healer(guarded, LONG);
        guarded.close();
        remains.healersThreads("pgheal-", LONG);
        remains.healersSessions(SERVER, LONG);
        assertThat(tally.isClean()).isTrue();
    }

    @Test
    void aThreadOfTheBanksIsLeft() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Threads threads = new Threads(tally);
        Thread stays = threads.start("stays", end::await);
        remains.threads(threads.alive());
        end.countDown();
        stays.join();
        assertThat(tally.of(Invariant.THREAD_LEFT)).isOne();
    }

    @Test
    void aThreadOfPghealsIsLeft() {
        remains.healersThreads("pgheal-remains-loop", BRIEFLY); // it was not closed
        assertThat(tally.of(Invariant.THREAD_LEFT)).isOne();
    }

    @Test
    void aLeaseIsLeft() throws SQLException {
        try (Connection kept = guarded.getConnection()) {
            remains.leases(guarded);
            assertThat(kept.isClosed()).isFalse();
        }
        assertThat(tally.of(Invariant.LEASE_LEFT)).isOne();
    }

    @Test
    void aSlotOfThePoolIsLeft() throws SQLException {
        Threads.await(() -> pool.getHikariPoolMXBean().getTotalConnections() == 2, LONG);
        try (Connection kept = pool.getConnection()) {
            remains.connections(pool, SERVER, BRIEFLY);
            assertThat(kept.isClosed()).isFalse();
        }
        assertThat(tally.of(Invariant.CONNECTION_LEFT)).isOne();
    }

    @Test
    void aSessionInNoSlotIsLeft() throws SQLException {
        try (Connection first = session(SoakRun.APPLICATION);
                Connection second = session(SoakRun.APPLICATION);
                Connection third = session(SoakRun.APPLICATION)) {
            remains.connections(pool, SERVER, BRIEFLY);
            assertThat(List.of(first, second, third)).hasSize(3);
        }
        assertThat(tally.of(Invariant.CONNECTION_LEFT)).isOne();
    }

    @Test
    void aSessionOfPghealsIsLeft() throws SQLException {
        guarded.close();
        try (Connection left = session(ControlSettings.APPLICATION_NAME)) {
            remains.healersSessions(SERVER, BRIEFLY);
            assertThat(left.isClosed()).isFalse();
        }
        assertThat(tally.of(Invariant.CONNECTION_LEFT)).isOne();
    }

    @Test
    void twoSessionsOfPghealsForLongAreOneTooMany() throws Exception {
        HealersSessions watch = new HealersSessions(SERVER, disturbances, tally, BRIEFLY);
        Thread watching = new Threads(tally).start("watch", watch::run);
        try (Connection one = session(ControlSettings.APPLICATION_NAME);
                Connection other = session(ControlSettings.APPLICATION_NAME)) {
            Threads.await(() -> !tally.isClean(), LONG);
            assertThat(List.of(one, other)).hasSize(2);
        }
        watch.stop();
        watching.join();
        assertThat(tally.of(Invariant.CONNECTION_LEFT)).isOne();
    }

    @Test
    void aHealerThatOnlyObservesIsNotWell() {
        guarded.mode(HealingMode.OBSERVE);
        remains.healer(guarded, BRIEFLY);
        assertThat(tally.of(Invariant.HEALER_LOST)).isOne();
    }

    @Test
    void aHealerWithoutItsConnectionIsNotWell() {
        guarded.close();
        remains.healer(guarded, BRIEFLY);
        assertThat(tally.of(Invariant.HEALER_LOST)).isOne();
    }

    @Test
    void eachThingThatAHealerCanLackIsTold() {
        assertThat(Remains.complaints(state("", false, 0))).isEmpty();
        assertThat(Remains.complaints(state("its acts hang", false, 0))).hasSize(1);
        assertThat(Remains.complaints(state("", true, 0))).hasSize(1);
        assertThat(Remains.complaints(state("", false, 1))).hasSize(1);
    }

    private static HealerState state(String trouble, boolean breakerOpen, long lostEvents) {
        return new HealerState(
                HealingMode.HEAL,
                true,
                trouble,
                List.of(),
                0,
                lostEvents,
                new HealerState.Budget(breakerOpen, 1, 1),
                new HealerState.Lent(0, 0, 0, Duration.ZERO, 0, Duration.ZERO, 0),
                new HealerState.Mishaps(0, 0, 0, 0, 0, 0, 0),
                new Testimony(0, 0, false, Duration.ZERO, Duration.ZERO, ""));
    }

    /** In observe mode, so that nobody is hurt: the scope is over, and its lease goes on. */
    @Test
    void aWrongJudgementIsHeard() throws SQLException {
        guarded.close();
        guarded = guarded(HealingMode.OBSERVE);
        Connection connection;
        try (LeaseScope scope = guarded.scope("over too early")) {
            connection = guarded.getConnection();
            connection.setAutoCommit(false);
            Bank.ask(connection, 1);
        }
        Threads.await(() -> tally.of("incident.WOULD_HEAL") > 0, LONG);
        Bank.ask(connection, 2);
        connection.rollback();
        connection.close();
        Threads.await(() -> !tally.isClean(), LONG);
        assertThat(tally.of(Invariant.JUDGEMENT_REFUTED)).isOne();
    }

    @Test
    void aLeakThatNobodyHealsIsOverdue() throws Exception {
        LeakWatch watch = new LeakWatch(SERVER, disturbances, tally, new Times(), session -> "", BRIEFLY);
        Thread watching = new Threads(tally).start("watch", watch::run);
        try (Connection nobodyGuards = SERVER.connection()) {
            nobodyGuards.setAutoCommit(false);
            begin(nobodyGuards);
            watch.add(new Leak(LeakKind.THREAD_DIED, LeakWatch.session(nobodyGuards), true, BRIEFLY, () -> {}));
            Threads.await(() -> !tally.isClean(), LONG);
            assertThat(tally.of(Invariant.LEAK_NOT_HEALED)).isOne();
            watch.finish();
            assertThat(tally.of(Invariant.LEAK_NOT_HEALED)).isEqualTo(2);
            nobodyGuards.rollback();
        }
        Threads.await(() -> watch.open() == 0, LONG);
        watch.stop();
        watching.join();
        assertThat(watch.open()).isZero();
    }

    @Test
    void aKeptConnectionOfWhichNothingIsToldIsMissed() throws Exception {
        RetainedWatch told = new RetainedWatch(List::of, session -> true, disturbances, tally, () -> 0, BRIEFLY);
        try (Connection kept = SERVER.connection()) {
            kept.setAutoCommit(false);
            begin(kept);
            assertThat(told.await("kept", LeakWatch.session(kept), BRIEFLY)).isFalse();
        }
        assertThat(tally.of(Invariant.RETAINED_NOT_TOLD)).isOne();
    }

    @Test
    void ofAKeptConnectionThatWasEndedFromOutsideNothingNeedBeTold() throws Exception {
        RetainedWatch told = new RetainedWatch(
                List::of, session -> LeakWatch.isSeenGone(SERVER, session), disturbances, tally, () -> 0, LONG);
        Leak.Session ended;
        try (Connection kept = SERVER.connection()) {
            kept.setAutoCommit(false);
            begin(kept);
            ended = LeakWatch.session(kept);
            assertThat(LeakWatch.isSeenGone(SERVER, ended)).isFalse();
        }
        disturbances.begin(Disturbances.Kind.CRASH).close();
        assertThat(told.await("kept", ended, BRIEFLY)).isFalse();
        assertThat(tally.isClean()).isTrue();
    }

    private static void begin(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
        }
    }

    private static Connection session(String application) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", SERVER.user());
        properties.setProperty("password", SERVER.password());
        properties.setProperty("ApplicationName", application);
        return DriverManager.getConnection(SERVER.url(), properties);
    }
}
