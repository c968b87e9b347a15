package io.pgheal.sameanswers;

import io.pgheal.testserver.PostgresServer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Thorough, because a new connection in the pool takes far longer than one of the driver's. Has a limit of its own, like
 * {@link SameAnswersOverDriverTest}.
 */
@Tag("thorough")
@Timeout(value = 1, unit = TimeUnit.HOURS)
class SameAnswersOverHikariTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void everyCallIsAnsweredAsWithoutPgheal() throws Exception {
        SameAnswers.over(Way.HIKARI, SERVER);
    }
}
