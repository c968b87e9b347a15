package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.HealingMeters;
import io.pgheal.report.MeterId;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One of the healer's own threads hangs, or is struck where it hurts: the others go on, and health tells of it. */
class HealerTroubleTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    private static final Duration PAST_THE_DEADLINE = Duration.ofMinutes(5);

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final Clock clock = new Clock();
    private GuardedPool pool;

    /** Jumps, and blocks whoever is to be blocked. */
    private final class Clock extends Ticker {
        volatile long ahead;
        volatile Duration wall = Duration.ZERO;
        volatile boolean blocksTheLoop;
        final AtomicInteger blocksActs = new AtomicInteger();

        @Override
        public long nanos() {
            if (blocksTheLoop && Thread.currentThread().getName().endsWith("-loop")) {
                block();
            }
            return super.nanos() + ahead;
        }

        @Override
        public Instant instant() {
            if (Thread.currentThread().getName().endsWith("-act")
                    && blocksActs.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                block();
            }
            return super.instant().plus(wall);
        }
    }

    /** For good, whatever interrupts it. */
    private void block() {
        boolean over = false;
        while (!over) {
            try {
                goOn.await();
                over = true;
            } catch (InterruptedException ignored) {
                // that is the point
            }
        }
    }

    private void start() throws SQLException {
        pool = GuardedPool.on(
                SERVER, config -> config, builder -> builder.ticker(clock).meterRegistry(meters));
    }

    @AfterEach
    void stop() {
        goOn.countDown();
        if (pool != null) {
            pool.close();
        }
    }

    private void leak(SelfHealingDataSource guarded, String username) throws SQLException {
        try (var scope = guarded.scope("leak")) {
            Connection connection = guarded.getConnection();
            kept.add(connection);
            connection.setAutoCommit(false);
            GuardedPool.update(connection, username);
        }
    }

    private double counted(MeterId meter) {
        return meters.get(meter.meterName()).functionCounter().count();
    }

    /** Of an act that has begun. */
    private void awaitGivenUp(SelfHealingDataSource guarded) {
        clock.ahead += PAST_THE_DEADLINE.toNanos();
        await().until(() -> guarded.healer().trouble().contains("hang and were given up"));
    }

    @Test
    void aPoolThatHangsWhenASlotIsGivenBackStopsNothingElse() throws Exception {
        start();
        AtomicInteger hangs = new AtomicInteger(1);
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(whoseCloseHangs(hangs))
                .name("hanging")
                .control(io.pgheal.postgres.ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password))
                .ticker(clock)
                .build()) {
            await().until(() -> guarded.healer().connected());
            leak(guarded, "alice");
            await().until(() -> hangs.get() == 0);
            awaitGivenUp(guarded);
            assertThat(guarded.healer().mishaps().actsGivenUp()).isOne();

            leak(guarded, "bob");
            pool.loginFromOutside("bob").get();
            await().until(() -> guarded.incidents().stream().anyMatch(it -> it.outcome() == OutcomeKind.HEALED));

            goOn.countDown();
            await().until(() ->
                    guarded.healer().trouble().isEmpty() && guarded.healer().leases() == 0);
        }
    }

    private DataSource whoseCloseHangs(AtomicInteger hangs) {
        InvocationHandler lends = (proxy, method, arguments) -> {
            try {
                Object answer = method.invoke(pool.hikari, arguments);
                return answer instanceof Connection connection ? whoseCloseHangs(connection, hangs) : answer;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (DataSource)
                Proxy.newProxyInstance(DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, lends);
    }

    private Connection whoseCloseHangs(Connection connection, AtomicInteger hangs) {
        InvocationHandler closes = (proxy, method, arguments) -> {
            if (method.getName().equals("close") && hangs.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                block();
            }
            try {
                return method.invoke(connection, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (Connection)
                Proxy.newProxyInstance(Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, closes);
    }

    /** What was under way when a question about slow statements was given up must not be waited for. */
    @Test
    void afterALookAtSlowStatementsThatHangsTheNextOneIsDiagnosed() throws Exception {
        start();
        clock.blocksActs.set(1);
        try (Connection first = pool.outside("first");
                Connection second = pool.outside("second")) {
            first.setAutoCommit(false);
            GuardedPool.update(first, "alice");
            var alice = pool.login("alice");
            await().until(() -> clock.blocksActs.get() == 0); // telling of it hangs
            awaitGivenUp(pool.guarded);
            assertThat(counted(MeterId.ACTS_GIVEN_UP)).isOne();
            assertThat(counted(MeterId.PAUSES)).isPositive();

            second.setAutoCommit(false);
            GuardedPool.update(second, "bob");
            var bob = pool.login("bob");
            await().until(() -> pool.guarded.incidents().stream()
                    .anyMatch(it -> it.diagnosis() == DiagnosisKind.FOREIGN_BLOCKER
                            && it.culprit() != null
                            && "second".equals(it.culprit().applicationName())));
            second.rollback();
            bob.get();
            first.rollback();
            alice.get();
        }
    }

    @Test
    void aLoopThatHangsIsTold() throws Exception {
        start();
        clock.blocksTheLoop = true;
        await().pollDelay(Duration.ZERO).until(() -> {
            clock.ahead += Duration.ofSeconds(1).toNanos();
            return pool.guarded.healer().trouble().contains("it has not looked for");
        });
        clock.blocksTheLoop = false;
        goOn.countDown();
        await().until(() -> pool.guarded.healer().trouble().isEmpty());
        leak(pool.guarded, "alice");
        pool.awaitIncident(OutcomeKind.HEALED);
    }

    @Test
    void aMeterRegistryThatHangsIsTold() throws Exception {
        start();
        SimpleMeterRegistry hanging = new SimpleMeterRegistry();
        CountDownLatch asked = new CountDownLatch(1);
        hanging.config().onMeterAdded(meter -> {
            if (meter.getId().getName().equals(MeterId.LEAKS.meterName())) {
                asked.countDown();
                block();
            }
        });
        pool.guarded.metrics(HealingMeters.in(hanging));
        leak(pool.guarded, "alice");
        assertThat(asked.await(60, SECONDS)).isTrue();
        awaitGivenUp(pool.guarded);
        leak(pool.guarded, "bob");
        pool.loginFromOutside("bob").get();
        goOn.countDown();
        await().until(() -> pool.guarded.healer().trouble().isEmpty());
    }

    /** Only what is told has the time of day; what is judged has the ticker's nanoseconds. */
    @Test
    void aClockThatIsSetForwardOrBackJudgesNothingWrongly() throws Exception {
        start();
        for (int hours : new int[] {1, -1}) {
            Connection owned = pool.beginLogin("alice");
            clock.wall = Duration.ofHours(hours);
            leak(pool.guarded, "bob");
            pool.loginFromOutside("bob").get();
            await().until(() -> !pool.incidents(OutcomeKind.HEALED).isEmpty());
            assertThat(pool.incidents(OutcomeKind.HEALED)).allSatisfy(healed -> {
                assertThat(healed.timeToHeal()).isNotNull().isLessThan(Duration.ofMinutes(1));
                assertThat(healed.timeToHeal().isNegative()).isFalse();
            });
            owned.commit();
            owned.close();
        }
        await().until(() -> pool.incidents(OutcomeKind.HEALED).size() == 2);
        assertThat(pool.guarded.incidents()).hasSize(2);
        assertThat(pool.logins("alice")).isEqualTo(2);
        pool.assertAllSlotsBack();
    }
}
