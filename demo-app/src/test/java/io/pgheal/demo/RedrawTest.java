package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class RedrawTest {

    /** A copy: without pgheal the demo has no console to take it from. */
    @Test
    void theDemosPageIsDrawnAnewAsTheConsoleIs() throws IOException {
        assertThat(resource("/static/js/redraw.js")).isEqualTo(resource("/io/pgheal/console/redraw.js"));
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = RedrawTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
