package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.HealingMeters;
import io.pgheal.report.Incident;
import io.pgheal.report.MeterId;
import io.pgheal.report.Metrics;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.StopMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What may happen to the server and the way to it: the application is as without pgheal, and pgheal comes back by itself. */
@Tag("thorough")
class ServerTroubleTest {
    /** For so long the healer waits for an answer of the server. */
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(2);

    private static final int MAX_CONNECTIONS = 20;

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated()
            .config("max_connections", Integer.toString(MAX_CONNECTIONS))
            .config("superuser_reserved_connections", "3");

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Object> kept = new ArrayList<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private GuardedPool pool;

    private void start(UnaryOperator<SelfHealingDataSource.Builder> builder) throws SQLException {
        pool = GuardedPool.on(
                SERVER,
                config -> config.diagnosisDeadline(HealingConfig.defaults().diagnosisDeadline()),
                it -> builder.apply(it).meterRegistry(meters));
    }

    private void startBehind(FaultProxy proxy) throws SQLException {
        start(builder -> builder.control(ControlSettings.of(proxy.url(SERVER.url()), SERVER.user(), SERVER::password)));
    }

    @AfterEach
    void stop() throws Exception {
        SERVER.thaw();
        if (pool != null) {
            pool.close();
        }
    }

    private void leak(String username) throws SQLException {
        try (var scope = pool.guarded.scope("leak")) {
            kept.add(pool.beginLogin(username));
        }
    }

    private double connectedMeter() {
        return meters.get(MeterId.CONTROL_CONNECTED.meterName()).gauge().value();
    }

    private void awaitConnected(boolean connected) {
        await().atMost(Duration.ofSeconds(40)).until(() -> pool.guarded.healer().connected() == connected);
        assertThat(connectedMeter()).isEqualTo(connected ? 1 : 0);
        assertThat(pool.guarded.healer().trouble().isEmpty()).isEqualTo(connected);
    }

    private void awaitHealed(int count) {
        await().until(() -> pool.incidents(OutcomeKind.HEALED).size() == count);
    }

    /** The end of an idle session is noticed by the next question. */
    private static String troubleOnceAsked(SelfHealingDataSource guarded) {
        try {
            guarded.blockingTree();
        } catch (SQLException lost) {
            // as it is to be
        }
        return guarded.healer().trouble();
    }

    private static void endControlSessions() throws SQLException {
        SERVER.admin()
                .run(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'pgheal-control'");
    }

    @Test
    void aRestartBeforeTheHealLeavesNothingToHealAndTheNextOneWorks() throws Exception {
        start(builder -> builder);
        Connection lost = pool.beginLogin("alice");
        SERVER.restart(StopMode.IMMEDIATE);
        assertThatThrownBy(lost::commit).isInstanceOf(SQLException.class);
        lost.close();
        await().until(() -> pool.guarded.leases().isEmpty());
        troubleOnceAsked(pool.guarded);
        awaitConnected(true);

        leak("alice");
        pool.loginFromOutside("alice").get();
        awaitHealed(1);
        pool.assertAllSlotsBack();
    }

    /** Frozen, the act asks in vain; then the server it asks is another one. */
    @Test
    void aRestartInTheMiddleOfAHealIsToldAsNotVerified() throws Exception {
        start(builder -> builder);
        try (var scope = pool.guarded.scope("leak")) {
            kept.add(pool.beginLogin("alice"));
            SERVER.freeze();
        }
        await().until(() -> pool.guarded.healer().leases() == 0); // aborted, and about to be verified
        SERVER.thaw();
        SERVER.restart(StopMode.IMMEDIATE);
        await().until(() -> !pool.guarded.incidents().isEmpty());
        assertThat(pool.guarded.incidents().get(0).outcome()).isIn(OutcomeKind.RELEASED_UNVERIFIED, OutcomeKind.HEALED);
        troubleOnceAsked(pool.guarded);
        awaitConnected(true);
        leak("alice");
        await().until(() -> pool.guarded.incidents().stream()
                .filter(incident -> incident.outcome() == OutcomeKind.HEALED)
                .anyMatch(incident -> incident.remedies().get(0).outcome().contains("seen gone")));
        pool.assertAllSlotsBack();
    }

    @Test
    void whileTheServerIsFrozenTheApplicationIsAsWithoutPghealAndAfterwardsAllIsWell() throws Exception {
        start(builder -> builder);
        try (Connection idle = pool.guarded.getConnection()) {
            assertThat(idle.isValid(5)).isTrue();
            CompletableFuture<Void> call;
            try (var scope = pool.guarded.scope("leak")) {
                kept.add(pool.beginLogin("alice"));
                SERVER.freeze();
            }
            Incident incident = pool.awaitIncident(OutcomeKind.RELEASED_UNVERIFIED);
            assertThat(incident.reason()).isNotEmpty();
            call = pool.login("alice"); // the frozen server holds it, not pgheal
            assertThatThrownBy(() -> call.get(1, TimeUnit.SECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            assertThat(threadsOfTheApplicationInPgheal()).isEmpty();
            SERVER.thaw();
            call.get();
        }
        awaitConnected(true);
        leak("bob");
        pool.loginFromOutside("bob").get();
        awaitHealed(1);
        pool.assertAllSlotsBack();
    }

    /** Threads that are not pgheal's own and stand still with pgheal on top of everything but the JDK. */
    private static List<Thread> threadsOfTheApplicationInPgheal() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> !entry.getKey().getName().startsWith("pgheal-"))
                .filter(entry -> List.of(entry.getValue()).stream()
                        .filter(frame -> !frame.getClassName().startsWith("java.")
                                && !frame.getClassName().startsWith("jdk.")
                                && !frame.getClassName().startsWith("sun."))
                        .findFirst()
                        .filter(frame -> frame.getClassName().startsWith("io.pgheal.")
                                && !frame.getClassName().endsWith("Test"))
                        .isPresent())
                .map(java.util.Map.Entry::getKey)
                .toList();
    }

    @Test
    void aSilentNetworkBlindsItAndItComesBackByItself() throws Exception {
        try (FaultProxy proxy = FaultProxy.to(SERVER.url())) {
            startBehind(proxy);
            awaitConnected(true);
            proxy.silence();
            leak("alice");
            pool.loginFromOutside("alice").get();
            pool.awaitIncident(OutcomeKind.RELEASED_UNVERIFIED);
            awaitConnected(false);
            proxy.heal();
            awaitConnected(true);
            leak("bob");
            awaitHealed(1);
            pool.guarded.close();
        }
    }

    /**
     * Without its limit the story would take two seconds to be given up, each time, on any machine. A slow one may need some
     * trials to be quicker than that.
     */
    @Test
    void aStoryThatDoesNotComeDelaysACertainHealByItsDeadlineAtMost() throws Exception {
        Duration took;
        do {
            try (FaultProxy proxy = FaultProxy.to(SERVER.url())) {
                startBehind(proxy);
                awaitConnected(true);
                proxy.silence();
                long begin = System.nanoTime();
                leak("alice");
                await().pollInterval(Duration.ofMillis(10))
                        .until(() -> pool.guarded.healer().leases() == 0);
                took = Duration.ofNanos(System.nanoTime() - begin);
                pool.close();
            }
        } while (took.compareTo(LONGEST_ANSWER) >= 0);
    }

    @Test
    void anIdleControlConnectionThatANatForgotIsReplaced() throws Exception {
        try (FaultProxy proxy = FaultProxy.to(SERVER.url())) {
            startBehind(proxy);
            awaitConnected(true);
            proxy.forget();
            leak("alice"); // finds out
            pool.loginFromOutside("alice").get();
            pool.awaitIncident(OutcomeKind.RELEASED_UNVERIFIED);
            await().until(() -> proxy.accepted() >= 2);
            awaitConnected(true);
            leak("bob");
            awaitHealed(1);
            pool.guarded.close();
        }
    }

    @Test
    void withAllConnectionsTakenItHealsByTheOneItHas() throws Exception {
        start(builder -> builder);
        leak("alice");
        awaitHealed(1);
        List<Connection> all = new ArrayList<>();
        try {
            leakWith(all);
            awaitHealed(2);
            await().until(() -> {
                // Again: the control connection may have been quicker to the place of one that ended late.
                endControlSessionsAndTakeTheirPlaces(all);
                return troubleOnceAsked(pool.guarded).contains("no connection left");
            });
            assertThat(connectedMeter()).isZero();
        } finally {
            for (Connection connection : all) {
                connection.close();
            }
        }
        awaitConnected(true);
    }

    private void leakWith(List<Connection> all) throws SQLException {
        try (var scope = pool.guarded.scope("leak")) {
            kept.add(pool.beginLogin("bob"));
            takeTheRest(all);
        }
    }

    private static void takeTheRest(List<Connection> all) {
        try {
            while (all.size() < MAX_CONNECTIONS) {
                all.add(SERVER.connection());
            }
        } catch (SQLException full) {
            assertThat(full.getSQLState()).isEqualTo("53300");
        }
    }

    private static void endControlSessionsAndTakeTheirPlaces(List<Connection> all) throws SQLException {
        endControlSessions();
        takeTheRest(all); // the superuser's place, too
    }

    @Test
    void aRotatedPasswordIsPickedUpAtTheNextConnect() throws Exception {
        Path hba = Path.of(SERVER.admin().text("SHOW hba_file"));
        String before = Files.readString(hba);
        SERVER.admin().run("CREATE ROLE rotating LOGIN PASSWORD 'first'");
        try {
            Files.writeString(hba, "host all rotating all scram-sha-256\n" + before);
            SERVER.admin().run("SELECT pg_reload_conf()");
            await().until(() -> refuses("wrong"));
            try (HikariDataSource hikari = SERVER.app().as("rotating", "first").pool("rotating", 2);
                    SelfHealingDataSource guarded =
                            SelfHealingDataSource.builder(hikari).build()) {
                await().until(() -> guarded.healer().connected());
                SERVER.admin().run("ALTER ROLE rotating PASSWORD 'second'");
                endControlSessions();
                await().until(() -> troubleOnceAsked(guarded).contains("credentials are refused"));
                assertThat(guarded.healer().trouble()).doesNotContain("first").doesNotContain("second");
                hikari.getHikariConfigMXBean().setPassword("second");
                await().until(() -> guarded.healer().connected());
            }
        } finally {
            Files.writeString(hba, before);
            SERVER.admin().run("SELECT pg_reload_conf()");
            SERVER.admin().run("DROP ROLE rotating");
        }
    }

    private static boolean refuses(String password) {
        try {
            SERVER.app().as("rotating", password).connect().close();
            return false;
        } catch (SQLException e) {
            return "28P01".equals(e.getSQLState());
        }
    }

    @Test
    void withoutActivityTrackingItStillAbortsAndSignalsNobody() throws Exception {
        SERVER.admin().run("ALTER ROLE " + SERVER.user() + " SET track_activities = off");
        try {
            start(builder -> builder);
            assertThat(pool.guarded.healer().shortcomings()).anyMatch(lack -> lack.contains("track_activities"));
            leak("alice");
            pool.loginFromOutside("alice").get();
            await().until(() -> !pool.guarded.incidents().isEmpty());
            assertThat(pool.guarded.incidents().get(0).remedies())
                    .allMatch(rung -> !rung.outcome().startsWith("SENT"));
            pool.assertAllSlotsBack();
        } finally {
            SERVER.admin().run("ALTER ROLE " + SERVER.user() + " RESET track_activities");
        }
    }

    @Test
    void interruptsEndNoneOfItsThreads() throws Exception {
        start(builder -> builder.name("interrupted"));
        for (int i = 0; i < 5; i++) {
            Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("pgheal-"))
                    .forEach(Thread::interrupt);
            leak("alice");
            pool.loginFromOutside("alice").get();
            int incidents = i + 1;
            await().until(() -> pool.guarded.incidents().size() >= incidents);
        }
        leak("bob");
        await().until(() -> !pool.incidents(OutcomeKind.HEALED).isEmpty());
        pool.assertAllSlotsBack();
    }

    @Test
    void anErrorInsideTheLoopIsSurvived() throws Exception {
        start(builder -> builder);
        AtomicInteger looks = new AtomicInteger();
        pool.guarded.metrics((name, healer) -> new Metrics() {
            @Override
            public void cycle(Duration took) {
                looks.incrementAndGet();
                throw new OutOfMemoryError("made up");
            }
        });
        await().until(() -> looks.get() > 3);
        leak("alice");
        pool.loginFromOutside("alice").get();
        awaitHealed(1);
    }

    @Test
    void aRegistryThatTakesNoMeterIsDoneWithout() throws Exception {
        start(builder -> builder);
        SimpleMeterRegistry broken = new SimpleMeterRegistry();
        broken.config().onMeterAdded(meter -> {
            throw new IllegalStateException("made up");
        });
        pool.guarded.metrics(HealingMeters.in(broken));
        leak("alice");
        pool.loginFromOutside("alice").get();
        awaitHealed(1);
    }

    /** The pool lives on, and nobody else would give it back. */
    @Test
    void whatWaitsToBeGivenBackIsGivenBackWhenTheHealerIsClosed() throws Exception {
        try (FaultProxy proxy = FaultProxy.to(SERVER.url())) {
            startBehind(proxy);
            awaitConnected(true);
            proxy.silence();
            CompletableFuture<?> hanging = beside.start(
                    "operator",
                    () -> pool.guarded.release(
                            ReleaseTarget.rootBlockersOf("user_login_info"), Release.TERMINATE, "night-watch"));
            await().until(() -> actsAreWaiting());
            Connection left = pool.guarded.getConnection();
            kept.add(left);
            PreparedStatement statement = left.prepareStatement("SELECT ?");
            assertThatThrownBy(() -> statement.setObject(1, new Unspeakable(), Types.VARCHAR))
                    .isInstanceOf(OutOfMemoryError.class);
            pool.guarded.close();
            NothingLeft.everySlotIsBack(pool.hikari);
            hanging.cancel(true);
        }
    }

    /** Whether the act thread waits for the server's answer. */
    private static boolean actsAreWaiting() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().startsWith("pgheal-")
                        && entry.getKey().getName().endsWith("-act")
                        && !entry.getKey().getName().contains("rehearsal"))
                .anyMatch(entry -> List.of(entry.getValue()).stream()
                        .anyMatch(frame -> frame.getClassName().endsWith("ControlChannel")));
    }

    /** Cuts the driver's call. */
    private static final class Unspeakable {
        @Override
        public String toString() {
            throw new OutOfMemoryError("made up");
        }
    }

    /** Frozen, the server keeps the heal under way for two seconds: tried until it is caught there. */
    @Test
    void closedInTheMiddleOfAHealItLeavesNoThreadAndAllSlotsComeBack() throws Exception {
        boolean inTheMiddle;
        do {
            start(builder -> builder.name("closing"));
            try (var scope = pool.guarded.scope("leak")) {
                kept.add(pool.beginLogin("alice"));
                SERVER.freeze();
            }
            await().until(() -> pool.guarded.healer().leases() == 0);
            inTheMiddle = actsAreWaiting() && pool.guarded.incidents().isEmpty();
            pool.guarded.close();
            SERVER.thaw();
            await().until(() -> Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("pgheal-")));
            pool.assertAllSlotsBack();
            pool.close();
        } while (!inTheMiddle);
    }
}
