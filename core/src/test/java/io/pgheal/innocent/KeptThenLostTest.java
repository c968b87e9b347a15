package io.pgheal.innocent;

import io.pgheal.innocent.KeptWork.Kind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same code as that of the innocents that keep their connection, up to the fault that loses it: a field is cleared, a
 * queue, a chain of stages, a subscriber dropped. Then the collector proves it, and whoever waits gets what it held.
 */
class KeptThenLostTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final Stages STAGES = new Stages();

    static Stream<Kind> kinds() {
        return Stream.of(Kept.kinds(), Reactive.kinds(), Libraries.kinds()).flatMap(List::stream);
    }

    @BeforeAll
    static void keep() throws Exception {
        STAGES.open(SERVER, Ticker.system(), kinds().map(Kind::lost).toList());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void isProvenAndFreed(Kind kind) throws Exception {
        STAGES.of(kind.name()).loseAndAwaitHeal();
    }

    @AfterAll
    static void close() throws Exception {
        STAGES.close();
    }
}
