package io.pgheal.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.bench.HotPath.Layer;
import org.junit.jupiter.api.Test;
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
}
