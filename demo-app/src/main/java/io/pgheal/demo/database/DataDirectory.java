package io.pgheal.demo.database;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * The data directory of the embedded server. Its name is fixed, so that the next run finds and removes what a killed
 * run left behind.
 */
final class DataDirectory {

    private static final Logger log = LoggerFactory.getLogger(DataDirectory.class);
    private static final String LOCK_FILE = "epg-lock";
    private static final String PID_FILE = "postmaster.pid";

    private DataDirectory() {}

    static void makeFree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        refuseWhenInUse(directory);
        stopOrphanedServer(directory);
        if (looksLikeOurs(directory)) {
            FileSystemUtils.deleteRecursively(directory);
        }
    }

    private static void refuseWhenInUse(Path directory) throws IOException {
        Path lockFile = directory.resolve(LOCK_FILE);
        if (!Files.exists(lockFile)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                throw new IllegalStateException(
                        "Another demo is running on " + directory
                                + ". Stop it, or start this one with --server.port=<another> or --demo.data-directory=<another>.");
            }
        }
    }

    private static void stopOrphanedServer(Path directory) throws IOException {
        Optional<ProcessHandle> orphan = orphanedServer(directory);
        if (orphan.isPresent()) {
            log.info(
                    "Stopping the PostgreSQL server that a killed run left behind (pid {})",
                    orphan.get().pid());
            orphan.get().destroyForcibly();
            orphan.get().onExit().completeOnTimeout(null, 5, TimeUnit.SECONDS).join();
        }
    }

    private static Optional<ProcessHandle> orphanedServer(Path directory) throws IOException {
        Path pidFile = directory.resolve(PID_FILE);
        if (!Files.exists(pidFile)) {
            return Optional.empty();
        }
        List<String> lines = Files.readAllLines(pidFile);
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        // The process id may have been reused by another program: only a postgres process is stopped.
        return ProcessHandle.of(Long.parseLong(lines.get(0).trim()))
                .filter(process -> process.info().command().orElse("").contains("postgres"));
    }

    private static boolean looksLikeOurs(Path directory) {
        return Files.exists(directory.resolve("PG_VERSION")) || Files.exists(directory.resolve(LOCK_FILE));
    }
}
