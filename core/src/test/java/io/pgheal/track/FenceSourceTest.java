package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Without the fence at its end, the collector may take a handle for dead while its last call still runs. */
class FenceSourceTest {
    /** Those written by hand, and those that the build writes. */
    private static final List<Path> SOURCES = List.of(
            Path.of("src/main/java/io/pgheal/track"), Path.of("target/generated-sources/handles/io/pgheal/track"));

    private static final Pattern ENDS_FENCED =
            Pattern.compile("finally \\{(\\s*Reference\\.reachabilityFence\\(\\w+\\);)+\\s*}\\s*}\\s*$");

    @Test
    void everyPublicMethodOfEveryHandleEndsWithAFence() throws IOException {
        List<String> unfenced = new ArrayList<>();
        int methods = 0;
        for (Path folder : SOURCES) {
            for (Path file : handles(folder)) {
                String source = Files.readString(file);
                for (String method : source.split("(?=\n    public )")) {
                    if (!method.startsWith("\n    public ")) {
                        continue;
                    }
                    methods++;
                    String body = method.substring(0, method.indexOf("\n    }\n") + 7);
                    if (!ENDS_FENCED.matcher(body).find()) {
                        unfenced.add(file.getFileName() + ": "
                                + body.strip().lines().findFirst().orElse(""));
                    }
                }
            }
        }
        assertThat(unfenced).isEmpty();
        assertThat(methods).isGreaterThan(770);
    }

    private static List<Path> handles(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(it -> it.toString().matches(".*(Handle|(?<!Stream)Calls)\\.java"))
                    .toList();
        }
    }
}
