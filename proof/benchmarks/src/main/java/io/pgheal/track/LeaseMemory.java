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
        report.row("without its stack", Long.toString(bytesOfOne(0, false)));
        report.row("without its stack, seen by the healing loop", Long.toString(bytesOfOne(0, true)));
        report.row("with its stack, of some 70 frames", Long.toString(bytesOfOne(8, true)));
        report.end();
    }

    private static long bytesOfOne(int stacks, boolean seen) throws SQLException {
        LeaseRegistry registry = Parts.registry(false, stacks);
        List<BaseConnection> drivers = new ArrayList<>(LEASES);
        for (int i = 0; i < LEASES; i++) {
            BaseConnection driver = StubDriver.connect();
            registry.lend(driver, driver).close(); // what is kept of a physical connection is not the lease's
            drivers.add(driver);
        }
        List<Object> held = new ArrayList<>(LEASES);
        long before = used();
        lendAll(60, registry, drivers, held);
        if (seen) {
            registry.look(System.nanoTime(), null);
        }
        long bytes = (used() - before) / LEASES;
        if (held.size() != registry.openCount()) {
            throw new IllegalStateException("not all are open");
        }
        return bytes;
    }

    private static void lendAll(int frames, LeaseRegistry registry, List<BaseConnection> drivers, List<Object> held)
            throws SQLException {
        if (frames > 0) {
            lendAll(frames - 1, registry, drivers, held);
            return;
        }
        for (BaseConnection driver : drivers) {
            held.add(registry.lend(driver, driver));
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
