package io.pgheal.sameanswers;

import io.pgheal.testserver.PostgresServer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** In {@code verify}. Tens of thousands of calls, which are slow on a slow machine: so it has a limit of its own. */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class SameAnswersOverDriverTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void everyCallIsAnsweredAsWithoutPgheal() throws Exception {
        SameAnswers.over(Way.DRIVER, SERVER);
    }
}
