package io.pgheal.testserver;

import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server's processes, by its data directory. Needs a system with signals. */
final class Postmaster {
    /** Where the server's own collector writes; it lives through a restart. */
    static final String LOG_DIRECTORY = "log";

    static final String LOG_FILE = "server.log";

    private static final long LONGEST_COMMAND_SECONDS = 60;

    private final Path data;
    private final Path pgCtl;

    private Postmaster(Path data, Path pgCtl) {
        this.data = data;
        this.pgCtl = pgCtl;
    }

    /** That of a server that runs, by what it wrote down when it started. */
    static Postmaster of(Path data) throws IOException {
        String commandLine = Files.readString(data.resolve("postmaster.opts"));
        Path binary = Path.of(commandLine.substring(0, commandLine.indexOf(" \"")));
        return new Postmaster(data, binary.resolveSibling("pg_ctl"));
    }

    Path data() {
        return data;
    }

    Path log() {
        return data.resolve(LOG_DIRECTORY).resolve(LOG_FILE);
    }

    void stop(StopMode mode) throws IOException {
        control("stop", "-m", mode.option(), "-w");
    }

    /** With the command line that it had before. */
    void start() throws IOException {
        control("restart", "-w", "-l", data.resolve("start.log").toString());
    }

    /** The postmaster first, so that it starts no more. */
    void freeze() throws IOException {
        ProcessHandle postmaster = handle();
        signal("STOP", Stream.of(postmaster));
        signal("STOP", postmaster.descendants());
    }

    /** Does nothing when it is stopped. */
    void thaw() throws IOException {
        if (Files.exists(pidFile())) {
            ProcessHandle postmaster = handle();
            signal("CONT", Stream.concat(postmaster.descendants(), Stream.of(postmaster)));
        }
    }

    private Path pidFile() {
        return data.resolve("postmaster.pid");
    }

    private ProcessHandle handle() throws IOException {
        String pid = Files.readAllLines(pidFile()).get(0).trim();
        return ProcessHandle.of(Long.parseLong(pid)).orElseThrow(() -> new IOException("no process " + pid));
    }

    private static void signal(String name, Stream<ProcessHandle> processes) throws IOException {
        for (ProcessHandle process : processes.toList()) {
            // One that ended meanwhile needs no signal.
            run(List.of("kill", "-" + name, Long.toString(process.pid())), false);
        }
    }

    private void control(String act, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        if (LinuxUtils.isUnshareAvailable()) {
            command.addAll(List.of("unshare", "-U")); // PostgreSQL does not run as root
        }
        command.addAll(List.of(pgCtl.toString(), act, "-D", data.toString()));
        command.addAll(List.of(options));
        run(command, true);
    }

    private static void run(List<String> command, boolean mustSucceed) throws IOException {
        // To a file, not to a pipe: the server inherits it, and the pipe would not end before the server does.
        Path output = Files.createTempFile("pgheal-test-server", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(LONGEST_COMMAND_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(command + " did not end within " + LONGEST_COMMAND_SECONDS + " s");
            }
            if (mustSucceed && process.exitValue() != 0) {
                throw new IOException(command + " failed: " + Files.readString(output));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + command + " ran", e);
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
