package io.pgheal.track;

import io.pgheal.bench.Report;
import io.pgheal.bench.StubDriver;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.core.BaseConnection;

/** How much heap an open lease takes, by the heap that is in use after a collection. */
public final class LeaseMemory {
    private static final int LEASES = 100_000;

    private LeaseMemory() {}

    public static void main(String[] arguments) throws Exception {
        Report report = new Report("lease-memory", LEASES + " leases, by the heap in use after a collection");
        report.table("an open lease", "bytes");
        report.row("without its stack", Long.toString(bytesOfOne(false)));
        report.row("without its stack, seen by the healing loop", Long.toString(bytesOfOne(true)));
        report.row("its stack, of some 70 frames, where it has one", Long.toString(bytesOfItsStack()));
        report.end();
    }

    private static long bytesOfOne(boolean seen) throws SQLException {
        LeaseRegistry registry = Parts.registry(false, 0);
        List<BaseConnection> drivers = new ArrayList<>(LEASES);
        for (int i = 0; i < LEASES; i++) {
            BaseConnection driver = StubDriver.connect();
            registry.lend(driver, driver).close(); // what is kept of a physical connection is not the lease's
            drivers.add(driver);
        }
        List<Object> held = new ArrayList<>(LEASES);
        long before = used();
        for (BaseConnection driver : drivers) {
            held.add(registry.lend(driver, driver));
        }
        if (seen) {
            registry.look(System.nanoTime(), null);
        }
        long bytes = (used() - before) / LEASES;
        if (held.size() != registry.openCount()) {
            throw new IllegalStateException("not all are open");
        }
        return bytes;
    }

    private static long bytesOfItsStack() {
        List<Object> held = new ArrayList<>(LEASES);
        long before = used();
        captureAll(60, held);
        long bytes = (used() - before) / LEASES;
        if (held.size() != LEASES) {
            throw new IllegalStateException("not all were kept");
        }
        return bytes;
    }

    private static void captureAll(int frames, List<Object> held) {
        if (frames > 0) {
            captureAll(frames - 1, held);
            return;
        }
        for (int i = 0; i < LEASES; i++) {
            held.add(BorrowStack.capture(8));
        }
    }

    private static long used() {
        Runtime runtime = Runtime.getRuntime();
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
