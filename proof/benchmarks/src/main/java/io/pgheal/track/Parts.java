package io.pgheal.track;

import io.pgheal.bench.StubDriver;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the hot path is made of, and the healing loop's look at all leases. In the package of what it measures. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class Parts {
    static LeaseRegistry registry(boolean preflight, int stacks) {
        return new LeaseRegistry("parts", new Endless(), preflight, stacks, Ticker.system(), () -> false);
    }

    /** A pool that always has a connection. */
    private static final class Endless implements Pool {
        @Override
        public Optional<String> name() {
            return Optional.empty();
        }

        @Override
        public Optional<Integer> size() {
            return Optional.empty();
        }

        @Override
        public boolean isExhausted() {
            return false;
        }

        @Override
        public void discard(java.sql.Connection lent) {}
    }

    /** Leases on stubs, each still held. */
    static List<ConnectionHandle> lend(LeaseRegistry registry, int leases) throws SQLException {
        List<ConnectionHandle> held = new ArrayList<>(leases);
        for (int i = 0; i < leases; i++) {
            var driver = StubDriver.connect();
            held.add(registry.lend(driver, driver));
        }
        return held;
    }

    /** One lease, called again and again. */
    @State(Scope.Thread)
    public static class OneLease {
        final Lease guarded;
        final Lease bare;
        long seed;

        public OneLease() {
            guarded = lease(true);
            bare = lease(false);
        }

        private static Lease lease(boolean preflight) {
            try {
                return lend(registry(preflight, 0), 1).get(0).lease;
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Benchmark
    public void preflight(OneLease one) {
        StackPreflight.touch(one.seed++);
    }

    @Benchmark
    public void enterAndExit(OneLease one) throws SQLException {
        one.guarded.enter(Call.FETCH);
        one.guarded.exit();
    }

    @Benchmark
    public void enterAndExitWithoutPreflight(OneLease one) throws SQLException {
        one.bare.enter(Call.FETCH);
        one.bare.exit();
    }

    @Benchmark
    public void touch(OneLease one) throws SQLException {
        one.guarded.touch();
    }

    @Benchmark
    public void nextRowInMemory(OneLease one) throws SQLException {
        one.guarded.advance();
    }

    /** One connection, borrowed and given back. */
    @State(Scope.Thread)
    public static class OneConnection {
        final LeaseRegistry registry = registry(false, 0);
        final org.postgresql.core.BaseConnection driver = StubDriver.connect();
    }

    @Benchmark
    public void lendAndClose(OneConnection one) throws SQLException {
        one.registry.lend(one.driver, one.driver).close();
    }

    /** The capture of a borrow stack, some frames above the borrower. */
    @State(Scope.Benchmark)
    public static class Stack {
        /** The borrower's own frames below the borrow, and the frames of a framework below those. */
        @Param({"8+0", "2+20", "2+60", "60+0"})
        public String frames = "8+0";
    }

    @Benchmark
    public Object borrowStack(Stack stack) {
        int plus = stack.frames.indexOf('+');
        int own = Integer.parseInt(stack.frames.substring(0, plus));
        int framework = Integer.parseInt(stack.frames.substring(plus + 1));
        return framework(framework, () -> io.pgheal.bench.Depth.own(own, () -> BorrowStack.capture(8)));
    }

    /** This package counts as infrastructure. */
    private static Object framework(int frames, Supplier<Object> above) {
        return frames <= 1 ? above.get() : framework(frames - 1, above);
    }

    /** Ten thousand leases, each with a call behind it. */
    @State(Scope.Benchmark)
    public static class ManyLeases {
        final LeaseRegistry registry = registry(false, 8);
        final List<ConnectionHandle> held;

        public ManyLeases() {
            try {
                held = lend(registry, 10_000);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Benchmark
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    public Object scanOfTenThousand(ManyLeases many) {
        return many.registry.look(System.nanoTime(), null);
    }
}
