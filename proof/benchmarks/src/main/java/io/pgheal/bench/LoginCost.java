package io.pgheal.bench;

import io.pgheal.bench.Contender.Opened;
import io.pgheal.bench.Contender.Target;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The same login transaction through each contender on one real server. Each contender has a JVM of its own, so that none
 * sees code that was compiled for another; they take turns, round by round in a new order, and all but one are idle.
 */
public final class LoginCost {
    private static final int THREADS = 2;
    private static final int POOL = 4;
    private static final int WARM_UP_ROUNDS = 6;

    private LoginCost() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 1 && arguments[0].equals("child")) {
            new Child(Contender.valueOf(arguments[1]), arguments[2]).serve();
            return;
        }
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 24;
        int millis = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1000;
        System.out.println("machine: " + Machine.described());
        System.out.printf(
                "%d rounds of %d ms each, %d threads, a JVM for each contender, in turns; ratios to HikariCP with 95 %%"
                        + " intervals%n%n",
                rounds, millis, THREADS);
        List<Player> players = new ArrayList<>();
        try (Server server = Server.start(Map.of("synchronous_commit", "off"))) {
            for (Contender contender : Contender.values()) {
                players.add(new Player(contender, server.url()));
            }
            players.removeIf(player -> !player.starts());
            List<Player> order = new ArrayList<>(players);
            Random random = new Random(42);
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                Collections.shuffle(order, random);
                for (Player player : order) {
                    Round taken = player.play(millis);
                    if (round >= 0) {
                        player.rounds.add(taken);
                    }
                }
            }
            table(players);
        } finally {
            players.forEach(Player::end);
        }
    }

    private static void table(List<Player> players) throws IOException {
        Player base = players.stream()
                .filter(player -> player.contender == Contender.HIKARI)
                .findFirst()
                .orElseThrow();
        System.out.println(
                "| | client CPU | throughput | latency, median | latency, 99 % | client CPU, us | B allocated |");
        System.out.println("|---|---|---|---|---|---|---|");
        Plot plot = new Plot("Client CPU of a login transaction", "ratio to HikariCP");
        for (Player player : players) {
            Samples.Interval cpu = player.cpu().ratioTo(base.cpu());
            plot.bar(player.contender.name(), cpu.value(), (cpu.high() - cpu.low()) / 2);
            System.out.printf(
                    "| %s | %s | %s | %s | %s | %.1f | %.0f |%n",
                    player.contender.title,
                    cpu,
                    player.perSecond().ratioTo(base.perSecond()),
                    player.median().ratioTo(base.median()),
                    player.p99().ratioTo(base.p99()),
                    player.cpu().median() / 1000,
                    player.bytes().median());
        }
        plot.save("benchmark-login");
        System.out.printf(
                "%nHikariCP: %.0f transactions a second, median %.0f us, 99 %% %.0f us%n",
                base.perSecond().median(),
                base.median().median() / 1000,
                base.p99().median() / 1000);
    }

    /** What one round showed: CPU and bytes per transaction, transactions per second, latencies in nanoseconds. */
    private record Round(double cpu, double perSecond, double median, double p99, double bytes) {
        static Round parse(String line) {
            double[] values = Arrays.stream(line.split(" ", -1))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            return new Round(values[0], values[1], values[2], values[3], values[4]);
        }

        String line() {
            return cpu + " " + perSecond + " " + median + " " + p99 + " " + bytes;
        }
    }

    /** A contender's JVM, as seen by the one that leads. */
    private static final class Player {
        final Contender contender;
        final List<Round> rounds = new ArrayList<>();
        private final Process process;
        private final BufferedWriter to;
        private final BufferedReader from;

        Player(Contender contender, String url) throws IOException {
            this.contender = contender;
            this.process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            LoginCost.class.getName(),
                            "child",
                            contender.name(),
                            url)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            this.to = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
            this.from = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        boolean starts() {
            try {
                String line = answer();
                if (line.equals("ready")) {
                    return true;
                }
            } catch (IOException e) {
                System.err.println(e.getMessage());
            }
            System.err.println(contender + " does not start and is left out");
            end();
            return false;
        }

        Round play(int millis) throws IOException {
            to.write(millis + "\n");
            to.flush();
            return Round.parse(answer());
        }

        /** Others write to the standard output, too. */
        private String answer() throws IOException {
            String line = from.readLine();
            while (line != null && !line.startsWith("> ")) {
                line = from.readLine();
            }
            if (line == null) {
                throw new IOException(contender + " ended");
            }
            return line.substring(2);
        }

        void end() {
            process.destroy();
        }

        Samples cpu() {
            return Samples.of(rounds.stream().map(Round::cpu).toList());
        }

        Samples perSecond() {
            return Samples.of(rounds.stream().map(Round::perSecond).toList());
        }

        Samples median() {
            return Samples.of(rounds.stream().map(Round::median).toList());
        }

        Samples p99() {
            return Samples.of(rounds.stream().map(Round::p99).toList());
        }

        Samples bytes() {
            return Samples.of(rounds.stream().map(Round::bytes).toList());
        }
    }

    /** The JVM of one contender. */
    private static final class Child {
        private final Contender contender;
        private final Opened opened;
        private final ExecutorService workers = Executors.newFixedThreadPool(THREADS);
        private final @Nullable Connection[] own = new Connection[THREADS];

        Child(Contender contender, String url) throws Exception {
            this.contender = contender;
            this.opened = contender.open(new Target(url, Server.USER, Server.USER, POOL));
            Contender.fill(opened, POOL);
        }

        void serve() throws Exception {
            System.out.println("> ready");
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                System.out.println("> " + round(Integer.parseInt(line)).line());
            }
            System.exit(0);
        }

        private Round round(int millis) throws Exception {
            var process = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            long cpu = process.getProcessCpuTime();
            long begun = System.nanoTime();
            long end = begun + millis * 1_000_000L;
            List<Future<Work>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int number = i;
                all.add(workers.submit(() -> work(number, end)));
            }
            List<Double> latencies = new ArrayList<>();
            long bytes = 0;
            for (Future<Work> each : all) {
                latencies.addAll(each.get().latencies());
                bytes += each.get().bytes();
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            double used = process.getProcessCpuTime() - cpu;
            Samples samples = Samples.of(latencies);
            return new Round(
                    used / samples.count(),
                    samples.count() / seconds,
                    samples.median(),
                    samples.p99(),
                    (double) bytes / samples.count());
        }

        private record Work(List<Double> latencies, long bytes) {}

        private Work work(int number, long end) throws Exception {
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            Random random = new Random(number);
            List<Double> latencies = new ArrayList<>(20_000);
            long bytes = threads.getCurrentThreadAllocatedBytes();
            for (long now = System.nanoTime(); now < end; ) {
                // Each thread has users of its own: nobody waits for a row.
                login("user" + (random.nextInt(Server.USERS / THREADS) * THREADS + number), number);
                long then = System.nanoTime();
                latencies.add((double) (then - now));
                now = then;
            }
            return new Work(latencies, threads.getCurrentThreadAllocatedBytes() - bytes);
        }

        private void login(String username, int number) throws Exception {
            if (contender == Contender.PGJDBC) {
                if (own[number] == null) {
                    own[number] = opened.dataSource().getConnection();
                }
                login(username, Objects.requireNonNull(own[number]));
                return;
            }
            contender.request(opened, () -> {
                try (Connection connection = opened.dataSource().getConnection()) {
                    login(username, connection);
                }
                return username;
            });
        }

        private static void login(String username, Connection connection) throws SQLException {
            connection.setAutoCommit(false);
            try (PreparedStatement select =
                    connection.prepareStatement("SELECT password_hash FROM users WHERE username = ?")) {
                select.setString(1, username);
                try (ResultSet row = select.executeQuery()) {
                    if (!row.next() || row.getString(1).length() != 32) {
                        throw new SQLException("no such user: " + username);
                    }
                }
            }
            try (PreparedStatement update = connection.prepareStatement(
                    "UPDATE user_login_info SET logins = logins + 1, last_login = now() WHERE username = ?")) {
                update.setString(1, username);
                update.executeUpdate();
            }
            connection.commit();
        }
    }
}
