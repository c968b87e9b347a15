package io.pgheal.demo.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadOptionsTest {

    @Test
    void whatIsNotSaidHasADefault() {
        assertThat(LoadOptions.parse("--clients=2", "--fault-rate=0.5"))
                .isEqualTo(new LoadOptions(URI.create("http://localhost:8080"), 2, Duration.ofSeconds(30), 0.5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--client=2",
                "--clients=many",
                "--clients=0",
                "--seconds=0",
                "--fault-rate=-1",
                "--url=demo",
                "8"
            })
    void whatIsWrongIsAnsweredByWhatToWrite(String argument) {
        assertThatThrownBy(() -> LoadOptions.parse(argument))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("options: --url=");
    }
}
