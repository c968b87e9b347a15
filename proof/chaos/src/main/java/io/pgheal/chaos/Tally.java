package io.pgheal.chaos;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What was counted, and the journal of the soak: one line per act of the adversary and per violation, in a file.
 * Thread-safe.
 */
final class Tally implements AutoCloseable {
    private static final int TRACES_KEPT = 100;

    private final long began = System.nanoTime();
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final Map<Invariant, LongAdder> violations = new EnumMap<>(Invariant.class);
    private final PrintWriter journal;
    private volatile String last = "";
    private int traces;

    Tally(Path reports) {
        for (Invariant each : Invariant.values()) {
            violations.put(each, new LongAdder());
        }
        try {
            journal = new PrintWriter(Files.newBufferedWriter(reports.resolve("journal.log")), true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    void count(String what) {
        counts.computeIfAbsent(what, key -> new LongAdder()).increment();
    }

    long of(String what) {
        LongAdder found = counts.get(what);
        return found == null ? 0 : found.sum();
    }

    /** Those whose names begin so, without that beginning, sorted. */
    Map<String, Long> all(String prefix) {
        Map<String, Long> found = new TreeMap<>();
        counts.forEach((name, count) -> {
            if (name.startsWith(prefix)) {
                found.put(name.substring(prefix.length()), count.sum());
            }
        });
        return found;
    }

    long of(Invariant invariant) {
        return adder(invariant).sum();
    }

    private LongAdder adder(Invariant invariant) {
        return Objects.requireNonNull(violations.get(invariant));
    }

    boolean isClean() {
        return violations.values().stream().allMatch(each -> each.sum() == 0);
    }

    void violated(Invariant invariant, String what) {
        violated(invariant, what, null);
    }

    void violated(Invariant invariant, String what, @Nullable Throwable why) {
        adder(invariant).increment();
        write("VIOLATION " + invariant + ": " + what, why);
    }

    void note(String what) {
        write(what, null);
    }

    /** As {@link #note}, and shown in the progress line. */
    void headline(String what) {
        last = what;
        write(what, null);
    }

    String last() {
        return last;
    }

    private synchronized void write(String what, @Nullable Throwable why) {
        journal.printf(
                "%9.3f [%s] %s%n",
                elapsed().toMillis() / 1000.0, Thread.currentThread().getName(), what);
        if (why != null && traces++ < TRACES_KEPT) {
            why.printStackTrace(journal);
        }
    }

    @Override
    public void close() {
        journal.close();
    }
}
