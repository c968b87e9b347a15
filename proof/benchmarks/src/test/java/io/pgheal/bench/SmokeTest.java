package io.pgheal.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.bench.HotPath.Layer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** That the benchmarks do what they measure. Nothing is measured here. */
class SmokeTest {
    @ParameterizedTest
    @EnumSource
    void everyLayerReadsTheRowOfTheStub(Layer layer) throws Exception {
        HotPath path = new HotPath();
        path.layer = layer;
        path.open();
        try {
            assertThat(path.transaction()).isEqualTo(1);
            assertThat(path.transaction()).isEqualTo(1);
        } finally {
            path.close();
        }
    }

    @Test
    void theStubIsInATransactionWhenAStatementRan() throws Exception {
        var connection = StubDriver.connect();
        connection.setAutoCommit(false);
        connection.prepareStatement("SELECT 1").executeQuery();
        assertThat(connection.getTransactionState()).isEqualTo(org.postgresql.core.TransactionState.OPEN);
        connection.commit();
        assertThat(connection.getTransactionState()).isEqualTo(org.postgresql.core.TransactionState.IDLE);
    }

    @Test
    void ratiosAreTakenRoundByRound() {
        Samples base = Samples.of(1, 2, 4, 8);
        Samples twice = Samples.of(2, 4, 8, 16);
        assertThat(twice.ratioTo(base).value()).isEqualTo(2);
        assertThat(twice.ratioTo(base).low()).isEqualTo(2);
        assertThat(twice.ratioTo(base).high()).isEqualTo(2);
        assertThat(base.median()).isEqualTo(3);
        assertThat(base.quantile(1)).isEqualTo(8);
    }

    @Test
    void theIntervalHoldsTheValueAndWidensWithTheNoise() {
        Samples base = Samples.of(10, 10, 10, 10, 10, 10, 10, 10);
        Samples.Interval calm = Samples.of(10, 11, 10, 11, 10, 11, 10, 11).ratioTo(base);
        Samples.Interval wild = Samples.of(5, 16, 5, 16, 5, 16, 5, 16).ratioTo(base);
        assertThat(calm.value()).isBetween(calm.low(), calm.high());
        assertThat(wild.high() - wild.low()).isGreaterThan(calm.high() - calm.low());
    }

    @Test
    void aVerdictNeedsADifferenceThatIsWiderThanTheNoise() {
        Samples.Interval noise = new Samples.Interval(1, 0.98, 1.02, 24);
        assertThat(new Samples.Interval(1.04, 1.03, 1.05, 24).verdict(noise)).isEqualTo("dearer");
        assertThat(new Samples.Interval(0.96, 0.95, 0.97, 24).verdict(noise)).isEqualTo("cheaper");
        assertThat(new Samples.Interval(1.04, 1.01, 1.05, 24).verdict(noise)).isEqualTo(Samples.Interval.NO_VERDICT);
        assertThat(new Samples.Interval(1.0, 0.9, 1.1, 24).verdict(noise)).isEqualTo(Samples.Interval.NO_VERDICT);
        assertThat(new Samples.Interval(2, 2, 2, 5).verdict(noise)).isEqualTo(Samples.Interval.TOO_FEW);
    }

    @Test
    void aLoginBorrowsAsDeepAsAWebRequest() throws Exception {
        int below = new Throwable().getStackTrace().length;
        int deep = FilterChain.through(() -> new Throwable().getStackTrace().length);
        assertThat(deep - below).isBetween(70, 90);
    }

    @Test
    void theCpuClockCountsWork() throws Exception {
        double before = CpuClock.nanos();
        double now = before;
        long worked = 0;
        while (now <= before) {
            for (int i = 0; i < 1_000_000; i++) {
                worked += i % 7;
            }
            now = CpuClock.nanos();
        }
        assertThat(worked).isPositive();
    }

    @Test
    void everyTurnLogsUsersIn() throws Exception {
        try (Server server = Server.start(Map.of())) {
            for (Contender contender : List.of(
                    Contender.PGJDBC,
                    Contender.HIKARI,
                    Contender.PGHEAL,
                    Contender.PGHEAL_REQUESTS,
                    Contender.TOMCAT)) {
                server.execute("UPDATE user_login_info SET logins = 0");
                try (LoginJvm.Child child = new LoginJvm.Child(contender, server.url())) {
                    assertThat(child.turn(10).bytes()).isPositive();
                }
                assertThat(logins(server)).as(contender.title).isEqualTo(10);
            }
            try (LoginJvm jvm = new LoginJvm(Contender.PGHEAL, server.url())) {
                assertThat(jvm.turn(6).latency()).isPositive();
            }
            assertThat(logins(server)).isEqualTo(16);
        }
    }

    private static long logins(Server server) throws SQLException {
        try (Connection connection = server.connect("observer");
                Statement statement = connection.createStatement();
                ResultSet sum = statement.executeQuery("SELECT sum(logins) FROM user_login_info")) {
            sum.next();
            return sum.getLong(1);
        }
    }

    @Test
    @Tag("thorough")
    void everyKindOfLeakIsHealedForTheWaiter(@TempDir Path root) throws Exception {
        Results results = new Results(root);
        Files.createDirectories(root.resolve("proof/benchmarks"));
        Report report = new Report(results, "time-to-heal", "One trial each");
        TimeToHeal.run(report, 1);
        report.end();
        assertThat(results.read().get("time-to-heal").headlines()).hasSize(6);
    }

    @Test
    @Tag("thorough")
    void everybodyInThePileUpGoesOn(@TempDir Path root) throws Exception {
        Results results = new Results(root);
        Files.createDirectories(root.resolve("proof/benchmarks"));
        Report report = new Report(results, "pile-up", "One trial each");
        PileUp.run(report, 5, 1);
        report.end();
        var section = results.read().get("pile-up");
        assertThat(section.tables().get(0).rows()).hasSize(4);
        // A login is three statements of the application, BEGIN among them: so the server's log is read as meant.
        assertThat(section.headlines().get(0).figure())
                .endsWith(" for " + 3 * PileUp.HEALTHY_LOGINS + " of the application");
    }
}
