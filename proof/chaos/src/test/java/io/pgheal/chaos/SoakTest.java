package io.pgheal.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A short soak of several seeds: less than half a minute of everything that the long one does, and once in calm weather,
 * where nothing is healed by the weather and every bound is tight.
 */
@Tag("thorough")
@Timeout(900)
class SoakTest {

    @ParameterizedTest
    @CsvSource({"3, true", "4, true", "5, false"})
    void nothingThatMustBeZeroIsMore(long seed, boolean weather) throws Exception {
        Path reports = Path.of("target", "soak", "test-" + seed);
        SoakOptions options = new SoakOptions(seed, Duration.ofSeconds(20), 150, weather, true, false, reports);
        Report report = new SoakRun(options, System.out).run();
        report.write(options);
        assertThat(report.passed()).as(report.text()).isTrue();
        assertThat((long) report.content().get("transactions")).isGreaterThan(100);
    }
}
