package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Each climb ends, and says what it did not see. */
class ClimbTest {
    @Test
    void endsOnceItsThreadCanReadAndWriteNoMore() throws Exception {
        NullPointerException hole = new NullPointerException("as the JDK throws it");
        hole.setStackTrace(
                new StackTraceElement[] {new StackTraceElement("sun.nio.ch.Util$BufferCache", "get", "Util.java", 1)});
        Throwable seen = new IllegalStateException(hole);
        // Where there is no stack to throw it, the attempt overflows before: it is thrown once all the same.
        int[] times = new int[1];
        Climb.run(
                1,
                3,
                () -> {
                    throw (Exception) seen;
                },
                thrown -> times[0] += thrown == seen ? 1 : 0);
        assertThat(times[0]).isEqualTo(1);
    }

    @Test
    void saysThatItCameToTheTopInVain() {
        IllegalStateException always = new IllegalStateException("always");
        assertThatThrownBy(() -> Climb.run(
                        50,
                        3,
                        () -> {
                            throw always;
                        },
                        thrown -> {}))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("0 times, not 3")
                .hasCause(always);
    }

    @Test
    void saysWhatItDidNotSee() {
        assertThatThrownBy(() -> Climb.until(1, 3, "a cut", () -> false, step -> 2))
                .isInstanceOf(AssertionError.class)
                .hasMessage("not seen in 50 climbs: 1 attempts that failed, and a cut; 100 failed");
    }
}
