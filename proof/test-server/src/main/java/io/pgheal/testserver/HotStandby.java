package io.pgheal.testserver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** A standby of a dedicated server: a copy that follows it over streaming replication, answers reads, and can be promoted. */
public final class HotStandby implements AutoCloseable {
    private static final List<String> NOT_COPIED = List.of("postmaster.pid", Postmaster.LOG_DIRECTORY);

    private final PostgresServer primary;
    private final Postmaster postmaster;
    private final int port;
    private final Thread atTheEnd = new Thread(this::stopQuietly, "pgheal-test-standby-stop");

    /** By a base backup, as pg_basebackup makes it: the copy is taken while the primary works. */
    HotStandby(PostgresServer primary, Postmaster original) throws IOException, SQLException {
        this.primary = primary;
        this.port = freePort();
        Path data = original.data().resolveSibling(original.data().getFileName() + "-standby");
        String label;
        try (Connection connection = primary.adminConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_backup_start('standby', true)");
            copy(original.data(), data);
            try (ResultSet stopped = statement.executeQuery("SELECT labelfile FROM pg_backup_stop(false)")) {
                stopped.next();
                label = stopped.getString(1);
            }
        }
        Files.writeString(data.resolve("backup_label"), label);
        Files.createFile(data.resolve("standby.signal"));
        Files.writeString(
                data.resolve("postgresql.auto.conf"),
                "\nprimary_conninfo = 'host=localhost port=%d user=%s'\n"
                        .formatted(primary.port(), primary.superuser()),
                StandardOpenOption.APPEND);
        Path commandLine = data.resolve("postmaster.opts");
        Files.writeString(
                commandLine,
                Files.readString(commandLine)
                        .replace('"' + original.data().toString() + '"', '"' + data.toString() + '"')
                        .replace('"' + Integer.toString(primary.port()) + '"', '"' + Integer.toString(port) + '"'));
        this.postmaster = Postmaster.of(data);
        Runtime.getRuntime().addShutdownHook(atTheEnd);
        postmaster.start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                if (NOT_COPIED.contains(from.relativize(directory).toString())) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.copy(directory, to.resolve(from.relativize(directory)), StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (!NOT_COPIED.contains(from.relativize(file).toString())) {
                    try {
                        Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
                    } catch (NoSuchFileException removedMeanwhile) {
                        // the write-ahead log knows
                    }
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException removedMeanwhile) {
                return FileVisitResult.CONTINUE;
            }
        });
    }

    public int port() {
        return port;
    }

    /** The JDBC URL of the primary's database here. */
    public String url() {
        return primary.url().replace(":" + primary.port() + "/", ":" + port + "/");
    }

    /** Makes it a primary, and waits until it is. */
    public void promote() throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection(url(), primary.superuser(), primary.superuserPassword());
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_promote()");
        }
    }

    public void restart(StopMode mode) throws IOException {
        postmaster.stop(mode);
        postmaster.start();
    }

    private void stopQuietly() {
        try {
            postmaster.stop(StopMode.IMMEDIATE);
        } catch (IOException stoppedAlready) {
            // as wanted
        }
    }

    /** Stops it and removes its data. */
    @Override
    public void close() throws IOException {
        Runtime.getRuntime().removeShutdownHook(atTheEnd);
        stopQuietly();
        try (var files = Files.walk(postmaster.data())) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(HotStandby::delete);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
