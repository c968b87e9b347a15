package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.Patience;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A JVM for one application, with a class path of its own. The application's {@code main} is the whole trial, and ends the
 * JVM: with 0 where all was as it must be.
 */
final class OwnJvm {
    private final Path files;
    private final List<String> classPath = new ArrayList<>();

    /** @param files a directory for what the JVM needs */
    OwnJvm(Path files) {
        this.files = files;
        classPath.addAll(List.of(System.getProperty("java.class.path").split(File.pathSeparator)));
    }

    /** Leaves jars out, by the beginning of their names. */
    OwnJvm without(String jars) {
        Pattern left = Pattern.compile("^(" + jars + ")");
        assertThat(classPath.removeIf(
                        entry -> left.matcher(new File(entry).getName()).find()))
                .as("something is left out")
                .isTrue();
        return this;
    }

    /** The applications are classes in a directory of this JVM's own, as a developer has them, also where they are a jar. */
    OwnJvm withClassesInADirectory() throws Exception {
        Path applications = Path.of(
                OwnJvm.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path directory = files.resolve("classes");
        if (Files.isDirectory(applications)) {
            copy(applications, directory);
        } else {
            try (FileSystem jar = FileSystems.newFileSystem(applications)) {
                copy(jar.getPath("/"), directory);
            }
        }
        classPath.replaceAll(entry -> Path.of(entry).equals(applications) ? directory.toString() : entry);
        assertThat(classPath).contains(directory.toString());
        return this;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Path copy = to.resolve(from.relativize(each).toString());
                if (Files.isDirectory(each)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(each, copy);
                }
            }
        }
    }

    /** @param lines the rows that the application writes when it has started */
    void runs(Class<?> application, List<String> lines, String... arguments) throws Exception {
        for (String line : lines) {
            Table.Row row = new Table.Row(line);
            row.cell("starts", "**no**");
            if (!Trial.ALONE) {
                row.write();
            }
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:SoftRefLRUPolicyMSPerMB=0", // what is only cached can be collected
                "-Dneighbours.alone=" + Trial.ALONE,
                "-cp",
                String.join(File.pathSeparator, classPath),
                application.getName()));
        command.addAll(Arrays.asList(arguments));
        Path output = files.resolve("output");
        Process jvm = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            boolean ended = jvm.waitFor(Patience.PATIENCE.multipliedBy(6).toSeconds(), TimeUnit.SECONDS);
            assertThat(ended).as("it has ended: %s", Files.readString(output)).isTrue();
            assertThat(jvm.exitValue()).as(Files.readString(output)).isZero();
        } finally {
            jvm.destroyForcibly();
        }
    }

    interface Work {
        void run() throws Exception;
    }

    /** The end of an application's {@code main}; where more is to come, only a failure ends the JVM. */
    @SuppressWarnings("CatchAndPrintStackTrace")
    static void exitAfter(boolean moreIsToCome, Work work) {
        int code = 0;
        try {
            work.run();
        } catch (Throwable e) {
            e.printStackTrace();
            code = 1;
        }
        if (code != 0 || !moreIsToCome) {
            System.exit(code);
        }
    }
}
