package io.pgheal.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.witness.Testimony;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How long it takes from the loss of an owner until somebody who waits has the row, where the garbage collector has to be
 * asked; and for how long the application stood still meanwhile. For each collector of each JDK, with so much that is alive
 * in the heap, at rest and while other threads allocate. A JVM of its own for each, one after the other.
 */
public final class TimeToProof {
    /** These, or those that {@code JAVA_OPTIONS=-Dcollectors=} names. */
    private static final List<String> COLLECTORS = List.of(
            System.getProperty("collectors", "G1,Z,Shenandoah,Serial,Parallel").split(","));

    private static final List<Integer> LIVE_MEGABYTES = List.of(200, 1000, 3000);

    private TimeToProof() {}

    /** The number of trials, and the JDKs: those that run where this one does not. */
    public static void main(String[] arguments) throws Exception {
        int trials = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10;
        List<String> homes = arguments.length > 1
                ? List.of(arguments).subList(1, arguments.length)
                : List.of(System.getProperty("java.home"));
        Report report = new Report("time-to-proof", trials + " trials each; a session from outside waits for the row");
        try (Server server = Server.start(Map.of())) {
            report.on(server);
            report.table(
                    "JDK",
                    "collector",
                    "alive, MB",
                    "meanwhile",
                    "row free, s: median",
                    "longest",
                    "longest stop, ms",
                    "in the same time before, ms");
            for (String home : homes) {
                for (String collector : COLLECTORS) {
                    for (int megabytes : LIVE_MEGABYTES) {
                        for (boolean allocates : new boolean[] {false, true}) {
                            run(report, home, collector, megabytes, allocates, trials, server.url());
                        }
                    }
                }
            }
        }
        report.end();
    }

    private static void run(
            Report report, String home, String collector, int megabytes, boolean allocates, int trials, String url)
            throws IOException, InterruptedException {
        Path log = Files.createTempFile("pgheal-safepoints", ".log");
        Process child = new ProcessBuilder(
                        Path.of(home, "bin", "java").toString(),
                        "-XX:+Use" + collector + "GC",
                        "-Xms" + heap(megabytes) + "m",
                        "-Xmx" + heap(megabytes) + "m",
                        "-Xmn500m",
                        "-XX:MaxTenuringThreshold=2", // what is lost is old: young collections do not find it
                        "-Xlog:safepoint:file=" + log + ":uptime:filecount=0",
                        "-cp",
                        System.getProperty("java.class.path"),
                        InOneJvm.class.getName(),
                        Integer.toString(megabytes),
                        Boolean.toString(allocates),
                        Integer.toString(trials),
                        url,
                        log.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        int code = child.waitFor();
        Files.delete(log);
        List<String> row = new ArrayList<>(List.of(
                Path.of(home).getFileName().toString(),
                collector,
                Integer.toString(megabytes),
                allocates ? "others allocate" : "at rest"));
        List<String> figures = said.lines()
                .filter(line -> line.startsWith("> "))
                .map(line -> List.of(line.substring(2).split("; ", -1)))
                .findFirst()
                .orElse(List.of(code == 0 ? "said nothing" : "not there: " + lastLine(said)));
        row.addAll(figures);
        while (row.size() < 8) {
            row.add("");
        }
        report.row(row.toArray(String[]::new));
    }

    private static String lastLine(String said) {
        return said.lines().reduce("", (before, line) -> line);
    }

    /** So large that G1 has no reason of its own to mark: it has one from 45 % on, and then the answer waits for that marking. */
    private static int heap(int megabytes) {
        return megabytes * 5 / 2 + 600;
    }

    /** The trials of one row. */
    static final class InOneJvm {
        private static final Pattern STOP = Pattern.compile("\\[([0-9.]+)s\\].* Total: +([0-9]+) ns");
        private static final int BYTES_OF_A_NODE = 144;
        private static final long GIVEN_UP_AFTER_S = 30;
        /** Else Serial and Parallel would not be asked: the default is 250 ms. */
        private static final Duration AS_LONG_AS_IT_TAKES = Duration.ofMinutes(1);

        private final SelfHealingDataSource guarded;
        private final Connection outside;
        private final Connection observer;
        private final Path log;
        private final ExecutorService waiter = Executors.newSingleThreadExecutor();

        /** Something that the collector has to follow. */
        private record Node(@Nullable Node left, @Nullable Node right, Object bytes) {}

        private static @Nullable Object alive;

        @SuppressWarnings("UnusedVariable") // it keeps the compiler from seeing that nothing reads what is made
        private static volatile @Nullable Object garbage;

        private InOneJvm(HikariDataSource pool, String url, Path log) throws Exception {
            this.log = log;
            outside = DriverManager.getConnection(url + "?ApplicationName=outside", Server.USER, Server.USER);
            outside.setAutoCommit(false);
            observer = DriverManager.getConnection(url + "?ApplicationName=observer", Server.USER, Server.USER);
            guarded = SelfHealingDataSource.builder(pool)
                    .config(HealingConfig.builder()
                            .certainPerMinute(100_000)
                            .proofLongestStop(AS_LONG_AS_IT_TAKES)
                            .build())
                    .build();
            while (!guarded.healer().connected()) {
                Thread.sleep(5);
            }
        }

        public static void main(String[] arguments) throws Exception {
            long nodes = Integer.parseInt(arguments[0]) * 1_000_000L / BYTES_OF_A_NODE;
            alive = tree(nodes);
            // ZGC and Shenandoah begin with some collections of their own, and the answer would wait for them.
            for (int i = 0; i < 6; i++) {
                System.gc();
            }
            if (Boolean.parseBoolean(arguments[1])) {
                Thread allocates = new Thread(InOneJvm::allocate);
                allocates.setDaemon(true);
                allocates.start();
            }
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(arguments[3]);
            config.setUsername(Server.USER);
            config.setPassword(Server.USER);
            config.setMaximumPoolSize(2);
            try (HikariDataSource pool = new HikariDataSource(config)) {
                new InOneJvm(pool, arguments[3], Path.of(arguments[4])).trials(Integer.parseInt(arguments[2]));
            }
            System.exit(alive == null ? 1 : 0);
        }

        private static @Nullable Node tree(long nodes) {
            return nodes == 0 ? null : new Node(tree((nodes - 1) / 2), tree(nodes - 1 - (nodes - 1) / 2), new byte[96]);
        }

        /** Some 200 MB a second, of which some live for a while. */
        private static void allocate() {
            byte[][] some = new byte[500][];
            for (int i = 0; ; i++) {
                some[i % some.length] = new byte[100_000];
                garbage = some;
                if (i % 20 == 0) {
                    java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
                }
            }
        }

        private void trials(int number) throws Exception {
            List<Double> seconds = new ArrayList<>();
            double stopped = 0;
            double stoppedBefore = 0;
            for (int i = -1; i < number; i++) { // the first one loads classes
                Lease lease = lend();
                becomeOld();
                Future<Long> waits = waiter.submit(this::getRow);
                Server.awaitWaiting(observer, 1);
                lease.lost.countDown();
                lease.thread.join();
                long lost = System.nanoTime();
                double lostAt = uptime();
                lease = null;
                long free;
                try {
                    free = waits.get(GIVEN_UP_AFTER_S, TimeUnit.SECONDS);
                } catch (TimeoutException never) {
                    Testimony proof = guarded.healer().proof();
                    System.out.println("> not asked: " + proof.silent());
                    return;
                }
                double took = (free - lost) / 1e9;
                if (i >= 0) {
                    seconds.add(took);
                    stopped = Math.max(stopped, longestStop(lostAt, lostAt + took));
                    stoppedBefore = Math.max(stoppedBefore, longestStop(lostAt - took, lostAt));
                }
                awaitTheNextMayBeAsked();
            }
            Samples free = Samples.of(seconds);
            System.out.printf(
                    "> %.2f; %.2f; %.0f; %.0f%n", free.median(), free.max(), stopped * 1000, stoppedBefore * 1000);
        }

        private record Lease(Thread thread, CountDownLatch lost) {}

        /** By a thread that alone refers to it. */
        private Lease lend() throws InterruptedException {
            CountDownLatch locked = new CountDownLatch(1);
            CountDownLatch lost = new CountDownLatch(1);
            Thread owner = new Thread(() -> {
                try {
                    Connection kept = Row.lock(guarded.getConnection(), "user1");
                    locked.countDown();
                    lost.await();
                    kept.isClosed();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            owner.start();
            locked.await();
            return new Lease(owner, lost);
        }

        /** Of those that have young collections: three of them. A moment is enough for the others. */
        private static void becomeOld() {
            long before = collections();
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            while (collections() < before + 3 && System.nanoTime() < until) {
                garbage = new byte[500_000];
            }
        }

        private static long collections() {
            return ManagementFactory.getGarbageCollectorMXBeans().stream()
                    .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                    .sum();
        }

        private long getRow() throws Exception {
            Row.update(outside, "user1");
            long now = System.nanoTime();
            outside.rollback();
            return now;
        }

        /** An answer that proved something costs a pause of five times as long; a stop of everybody one of ten seconds. */
        private void awaitTheNextMayBeAsked() throws InterruptedException {
            while (guarded.healer().leases() > 0) {
                Thread.sleep(10);
            }
            boolean stops = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                    .anyMatch(option -> option.contains("Serial") || option.contains("Parallel"));
            Duration took = guarded.healer().proof().took().multipliedBy(6).plusSeconds(1);
            Thread.sleep(stops ? 11_000 : took.toMillis());
        }

        private static double uptime() {
            return ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0;
        }

        private double longestStop(double from, double until) throws IOException {
            double longest = 0;
            for (String line : Files.readAllLines(log)) {
                Matcher stop = STOP.matcher(line);
                if (stop.find()) {
                    double ended = Double.parseDouble(stop.group(1));
                    if (ended >= from && ended <= until) {
                        longest = Math.max(longest, Long.parseLong(stop.group(2)) / 1e9);
                    }
                }
            }
            return longest;
        }
    }
}
