package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.MeterId;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseRevokedException;
import io.pgheal.track.LeaseScope;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A judgement that is refuted before its story is told, or when it is forgotten. */
class EarlyRefutationTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final CountDownLatch givingBack = new CountDownLatch(1);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final CountDownLatch goOn = new CountDownLatch(1);

    @Test
    void anOwnerThatGoesOnWhileItIsBeingHealedRefutesTheJudgement() throws Exception {
        HealingConfig config = HealingConfig.builder()
                .abandonedGrace(Duration.ofMillis(50))
                .abandonedPatience(Duration.ofMillis(100))
                .abandonedRetained(Retained.HEAL)
                .build();
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(slowPool())
                .config(config)
                .controlDataSource(SERVER.app().dataSource())
                .meterRegistry(meters)
                .build()) {
            await().until(() -> guarded.healer().connected());
            Connection connection = borrowedByAThreadThatEnded(guarded);
            givingBack.await();

            assertThatThrownBy(connection::createStatement).isInstanceOf(LeaseRevokedException.class);
            long looks = looks();
            await().until(() -> looks() >= looks + 2); // the loop has heard of it, before the heal is at its end
            assertThat(guarded.movingWork())
                    .as("the next judgement knows of it")
                    .containsExactly("GET /");
            goOn.countDown();

            await().untilAsserted(() -> {
                assertThat(guarded.mode()).isEqualTo(HealingMode.OBSERVE);
                assertThat(guarded.incidents())
                        .singleElement()
                        .satisfies(incident -> assertThat(incident.outcome()).isEqualTo(OutcomeKind.REFUTED));
            });
        }
    }

    @Test
    void anOwnerThatGoesOnLongAfterwardsRefutesAJudgementThatIsNotKeptAnyMore() throws Exception {
        goOn.countDown();
        HealingConfig config = HealingConfig.builder()
                .abandonedGrace(Duration.ofMillis(50))
                .abandonedPatience(Duration.ofMillis(100))
                .abandonedRetained(Retained.HEAL)
                .incidentsKept(1)
                .build();
        try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(slowPool())
                .config(config)
                .controlDataSource(SERVER.app().dataSource())
                .meterRegistry(meters)
                .build()) {
            await().until(() -> guarded.healer().connected());
            Connection late = borrowedByAThreadThatEnded(guarded);
            await().until(() -> guarded.incidents().size() == 1);
            String first = guarded.incidents().get(0).id();
            Connection other = borrowedByAThreadThatEnded(guarded);
            await().until(() -> !guarded.incidents().get(0).id().equals(first));

            assertThatThrownBy(late::createStatement).isInstanceOf(LeaseRevokedException.class);
            await().until(() -> guarded.mode() == HealingMode.OBSERVE);
            assertThat(guarded.movingWork()).containsExactly("GET /");

            guarded.mode(HealingMode.HEAL); // an operator knows why
            assertThatThrownBy(late::createStatement).isInstanceOf(LeaseRevokedException.class);
            long looks = looks();
            await().until(() -> looks() >= looks + 4); // heard, and handed on
            assertThat(guarded.mode()).as("it comes again and again").isEqualTo(HealingMode.HEAL);
            assertThatThrownBy(other::createStatement).isInstanceOf(LeaseRevokedException.class);
            await().until(() -> guarded.incidents().get(0).outcome() == OutcomeKind.REFUTED);
        }
    }

    private long looks() {
        Timer cycle = meters.find(MeterId.CYCLE.meterName()).timer();
        return cycle == null ? 0 : cycle.count();
    }

    private static Connection borrowedByAThreadThatEnded(SelfHealingDataSource dataSource) throws InterruptedException {
        AtomicReference<Connection> borrowed = new AtomicReference<>();
        Thread borrower = new Thread(() -> {
            try (LeaseScope scope = dataSource.frameworkScope("GET /")) {
                Connection connection = dataSource.getConnection();
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement()) {
                    statement.execute("SELECT 1");
                }
                borrowed.set(connection);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        borrower.start();
        borrower.join();
        return borrowed.get();
    }

    /** A pool of an unknown kind that takes its time to take a connection back. */
    private DataSource slowPool() {
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        return slow(SERVER.connection());
                    }
                    return method.getReturnType() == boolean.class ? false : null;
                });
    }

    private Connection slow(Connection below) {
        return (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        givingBack.countDown();
                        goOn.await();
                    }
                    try {
                        return method.invoke(below, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
