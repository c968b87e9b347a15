package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.TransactionState;

/** What a lease remembers of a transaction's statements. */
class LastStatementsTest {
    private final Raw driver = new Raw();
    private final Lease lease = Leases.lease(new Raw(), driver, new Leases.TestPool());

    private void execute(int from, int count) throws Exception {
        for (int i = from; i < from + count; i++) {
            lease.enter(Call.EXECUTE, "statement " + i);
            lease.exit();
        }
    }

    private static List<String> texts(int from, int count) {
        return IntStream.range(from, from + count)
                .mapToObj(i -> "statement " + i)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 8})
    void allOfAShortTransaction(int count) throws Exception {
        execute(0, count);
        assertThat(lease.statements()).isEqualTo(texts(0, count));
    }

    @Test
    void theLastEightOfALongOne() throws Exception {
        execute(0, 21);
        assertThat(lease.statements()).isEqualTo(texts(13, 8));
    }

    @Test
    void aNewTransactionForgetsTheOneBefore() throws Exception {
        execute(0, 5);
        driver.transaction = TransactionState.IDLE;
        execute(5, 1);
        driver.transaction = TransactionState.OPEN;
        execute(6, 2);
        assertThat(lease.statements()).isEqualTo(texts(5, 3));
    }
}
