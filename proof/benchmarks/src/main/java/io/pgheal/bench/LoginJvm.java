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
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** The JVM of one contender, as seen by the one that leads: it logs users in when it is told to, and else is idle. */
public final class LoginJvm implements AutoCloseable {
    static final int THREADS = 2;
    private static final int POOL = 4;

    /** What one turn showed: CPU in nanoseconds and bytes allocated per transaction, and the median latency in nanoseconds. */
    record Turn(double cpu, double bytes, double latency) {
        static Turn parse(String line) {
            double[] values = Arrays.stream(line.split(" ", -1))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            return new Turn(values[0], values[1], values[2]);
        }

        String line() {
            return cpu + " " + bytes + " " + latency;
        }
    }

    private final Contender contender;
    private final Process process;
    private final BufferedWriter to;
    private final BufferedReader from;

    LoginJvm(Contender contender, String url) throws IOException {
        this.contender = contender;
        this.process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx192m",
                        "-Xmn8m", // so small that each round has its collections
                        "-XX:+UseSerialGC",
                        "-XX:-UseDynamicNumberOfCompilerThreads", // a thread that ended would take its CPU time with it
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoginJvm.class.getName(),
                        contender.name(),
                        url)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        this.to = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        this.from = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        answer();
    }

    Turn turn(int transactions) throws IOException {
        to.write(transactions + "\n");
        to.flush();
        return Turn.parse(answer());
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

    @Override
    public void close() {
        process.destroy();
    }

    /** The contender that is named first, on the server whose address follows: turns as they are told. */
    public static void main(String[] arguments) throws Exception {
        Child child = new Child(Contender.valueOf(arguments[0]), arguments[1]);
        System.out.println("> ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                System.out.println("> " + child.turn(Integer.parseInt(line)).line());
            }
            System.exit(0); // some of their threads are no daemons
        } catch (Throwable e) { // also an error: otherwise those threads would live on, and nobody would be told
            e.printStackTrace();
            System.exit(1);
        }
    }

    /** What runs in it. */
    static final class Child implements AutoCloseable {
        private final Contender contender;
        private final Opened opened;
        private final ExecutorService workers = Executors.newFixedThreadPool(THREADS);
        private final @Nullable Connection[] own = new Connection[THREADS];

        Child(Contender contender, String url) throws Exception {
            this.contender = contender;
            this.opened = contender.open(new Target(url, Server.USER, Server.USER, POOL));
            Contender.fill(opened, POOL);
        }

        @Override
        public void close() throws Exception {
            workers.shutdown();
            for (Connection each : own) {
                if (each != null) {
                    each.close();
                }
            }
            opened.close();
        }

        Turn turn(int transactions) throws Exception {
            double[] latencies = new double[transactions];
            double cpu = CpuClock.nanos();
            List<Future<Long>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int number = i;
                all.add(workers.submit(() -> work(number, latencies)));
            }
            double bytes = 0;
            for (Future<Long> each : all) {
                bytes += each.get();
            }
            cpu = CpuClock.nanos() - cpu;
            return new Turn(
                    cpu / transactions,
                    bytes / transactions,
                    Samples.of(latencies).median());
        }

        /** Every other transaction; gives the bytes that it allocated. */
        private long work(int number, double[] latencies) throws Exception {
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            Random random = new Random(number);
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long now = System.nanoTime();
            for (int i = number; i < latencies.length; i += THREADS) {
                // Each thread has users of its own: nobody waits for a row.
                login("user" + (random.nextInt(Server.USERS / THREADS) * THREADS + number), number);
                long then = System.nanoTime();
                latencies[i] = then - now;
                now = then;
            }
            return threads.getCurrentThreadAllocatedBytes() - bytes;
        }

        private void login(String username, int number) throws Exception {
            if (contender == Contender.PGJDBC) {
                if (own[number] == null) {
                    own[number] = opened.dataSource().getConnection();
                }
                login(username, Objects.requireNonNull(own[number]));
                return;
            }
            FilterChain.through(() -> contender.request(opened, () -> {
                try (Connection connection = opened.dataSource().getConnection()) {
                    login(username, connection);
                }
                return username;
            }));
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
