package io.pgheal.testserver;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** A real PgBouncer in front of a server, from the system's own package. Without that, the test is skipped. */
public final class PgBouncer implements AutoCloseable {
    private static final long LONGEST_START_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final PostgresServer server;
    private final Path directory;
    private final int port;
    private final Process process;

    /** When a client's server connection goes back. */
    public enum PoolMode {
        SESSION,
        TRANSACTION
    }

    private PgBouncer(PostgresServer server, Path directory, int port, Process process) {
        this.server = server;
        this.directory = directory;
        this.port = port;
        this.process = process;
    }

    public static PgBouncer inFrontOf(PostgresServer server, PoolMode mode) throws IOException {
        Path program = Stream.of("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new TestAbortedException(
                        "skipped: PgBouncer is not installed; on Debian and Ubuntu: apt-get install pgbouncer"));
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path directory = Files.createTempDirectory("pgheal-pgbouncer");
        boolean root = Files.getOwner(directory).getName().equals("root");
        Path users = directory.resolve("users.txt");
        Files.writeString(
                users,
                "\"%s\" \"%s\"\n\"%s\" \"%s\"\n"
                        .formatted(server.user(), server.password(), server.superuser(), server.superuserPassword()));
        Path settings = directory.resolve("pgbouncer.ini");
        Files.writeString(
                settings, """
                [databases]
                * = host=localhost port=%d
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = trust
                auth_file = %s
                pool_mode = %s
                default_pool_size = 10
                ignore_startup_parameters = extra_float_digits
                """.formatted(server.port(), port, users, mode.name().toLowerCase(Locale.ROOT)));
        if (root) { // it does not run as root, and reads its files as the other user
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        List<String> command = new ArrayList<>(List.of(program.toString()));
        if (root) {
            command.addAll(List.of("-u", "nobody"));
        }
        command.add(settings.toString());
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("pgbouncer.log").toFile())
                .start();
        PgBouncer started = new PgBouncer(server, directory, port, process);
        started.awaitStart();
        return started;
    }

    private void awaitStart() throws IOException {
        long begin = System.nanoTime();
        while (true) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return;
            } catch (IOException notYet) {
                if (!process.isAlive() || System.nanoTime() - begin > LONGEST_START_NANOS) {
                    String log = Files.readString(directory.resolve("pgbouncer.log"));
                    close();
                    throw new IOException("PgBouncer did not start: " + log);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    /** The server's database, by the way of this pooler. */
    public String url() {
        return server.url().replaceFirst("//[^/]*/", "//127.0.0.1:" + port + "/");
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(directory);
    }
}
