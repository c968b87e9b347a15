package io.pgheal.bench;

import io.pgheal.bench.LoginJvm.Turn;
import io.pgheal.bench.Samples.Interval;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The same login transaction through each contender on one real server. Each contender has a JVM of its own, so that none
 * sees code that was compiled for another. All JVMs are warmed up first; then they work in turns, one at a time and each
 * time in another order, so that what slows the machine down for a while slows all of them down. A turn is a load that
 * lasts: it begins with some transactions that are not measured, so that neither cold caches nor what a contender has
 * saved up while it was idle count. HikariCP runs twice: how it compares with itself is the noise of the run.
 */
public final class LoginCost {
    private static final int ROUNDS = 24;
    private static final int TURNS_OF_A_ROUND = 10;
    private static final int LEAD_IN = 2000;
    private static final int TRANSACTIONS_OF_A_TURN = 2000;
    private static final int WARM_UP = 60_000;
    /** New JVMs after half of the rounds: the JIT compiler does not make the same code of the same program each time. */
    private static final int GENERATIONS = 2;

    /** The others differ from one of these only in what they do with a leak. */
    private static final List<Contender> ALL = List.of(
            Contender.PGHEAL_NO_STACKS,
            Contender.PGHEAL,
            Contender.PGHEAL_REQUESTS,
            Contender.PGJDBC,
            Contender.HIKARI_LEAK_DETECTION,
            Contender.DATASOURCE_PROXY,
            Contender.P6SPY,
            Contender.DATASOURCE_MICROMETER,
            Contender.AWS_WRAPPER,
            Contender.AWS_WRAPPER_DEFAULT,
            Contender.TOMCAT,
            Contender.DBCP2,
            Contender.C3P0,
            Contender.DRUID,
            Contender.AGROAL,
            Contender.VIBUR);

    private LoginCost() {}

    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ROUNDS;
        List<Contender> named =
                Arrays.stream(arguments).skip(1).map(Contender::valueOf).toList();
        List<Player> players = new ArrayList<>();
        players.add(new Player(Contender.HIKARI, Contender.HIKARI.title));
        players.add(new Player(Contender.HIKARI, "HikariCP, again: noise"));
        for (Contender contender : named.isEmpty() ? ALL : named) {
            players.add(new Player(contender, contender.title));
        }
        Report report = new Report(
                "login",
                "%d rounds of %d turns each, %d transactions a turn after %d that are not measured, %d threads, each after a warm-up of %d; the JVMs are new after half of the rounds; a borrow lies some 80 frames deep; CPU is that of the whole client process, counted %s"
                        .formatted(
                                rounds,
                                TURNS_OF_A_ROUND,
                                TRANSACTIONS_OF_A_TURN,
                                LEAD_IN,
                                LoginJvm.THREADS,
                                WARM_UP,
                                CpuClock.described()));
        try (Server server = Server.start(Map.of("synchronous_commit", "off"))) {
            report.on(server);
            int first = (rounds + GENERATIONS - 1) / GENERATIONS;
            measure(players, server, 0, first, rounds);
            measure(players, server, first, rounds, rounds);
        }
        tell(report, players);
        report.end();
    }

    /** Some of the rounds, in new JVMs. */
    private static void measure(List<Player> players, Server server, int from, int until, int rounds)
            throws IOException {
        if (from == until) {
            return;
        }
        try {
            players.removeIf(player -> !player.starts(server));
            for (Player player : players) {
                Report.progress("warms up " + player.title);
                for (int done = 0; done < WARM_UP; done += TRANSACTIONS_OF_A_TURN) {
                    player.play(TRANSACTIONS_OF_A_TURN);
                }
            }
            List<Player> order = new ArrayList<>(players);
            Random random = new Random(from);
            for (int round = from; round < until; round++) {
                Report.progress("round " + (round + 1) + " of " + rounds);
                players.forEach(Player::beginRound);
                for (int turn = 0; turn < TURNS_OF_A_ROUND; turn++) {
                    Collections.shuffle(order, random);
                    for (Player player : order) {
                        player.turn();
                    }
                }
            }
        } finally {
            players.forEach(Player::end);
        }
    }

    private static void tell(Report report, List<Player> players) {
        Player base = players.get(0);
        Interval noise = players.get(1).cpu().ratioTo(base.cpu());
        report.table("", "client CPU, x HikariCP", "", "client CPU, us", "latency, median, x HikariCP", "B allocated");
        report.chart("Client CPU of a login transaction; diamonds: the 95 % interval", "x HikariCP");
        for (Player player : players.subList(1, players.size())) {
            Interval cpu = player.cpu().ratioTo(base.cpu());
            String verdict = player == players.get(1) ? "" : cpu.verdict(noise);
            report.row(
                    player.title,
                    cpu.toString(),
                    verdict,
                    String.format(Locale.ROOT, "%.1f", player.cpu().median() / 1000),
                    player.latency().ratioTo(base.latency()).toString(),
                    String.format(Locale.ROOT, "%.0f", player.bytes().median()));
            report.bar(player.title, cpu.value(), cpu.low(), cpu.high());
            if (player == players.get(1) || player.contender.name().startsWith("PGHEAL")) {
                report.headline(
                        "client CPU of a login transaction, x HikariCP: " + player.title, cpu + verdict(verdict));
            }
        }
        report.note(String.format(
                Locale.ROOT,
                "HikariCP itself: %.1f us of client CPU, a median latency of %.0f us, %.0f B.",
                base.cpu().median() / 1000,
                base.latency().median() / 1000,
                base.bytes().median()));
    }

    private static String verdict(String words) {
        return words.isEmpty() ? "" : ", " + words;
    }

    /** A contender, with its JVM of now and what all its JVMs showed. */
    private static final class Player {
        final Contender contender;
        final String title;
        private final List<List<Turn>> rounds = new ArrayList<>();
        private @Nullable LoginJvm jvm;

        Player(Contender contender, String title) {
            this.contender = contender;
            this.title = title;
        }

        boolean starts(Server server) {
            try {
                jvm = new LoginJvm(contender, server.url());
                return true;
            } catch (IOException e) {
                System.err.println(contender + " does not start and is left out: " + e.getMessage());
                return false;
            }
        }

        Turn play(int transactions) throws IOException {
            return Objects.requireNonNull(jvm).turn(transactions);
        }

        void beginRound() {
            rounds.add(new ArrayList<>());
        }

        void turn() throws IOException {
            play(LEAD_IN);
            rounds.get(rounds.size() - 1).add(play(TRANSACTIONS_OF_A_TURN));
        }

        void end() {
            if (jvm != null) {
                jvm.close();
            }
        }

        /** A mean for each round: a collection in one of its turns belongs to all of them. */
        Samples cpu() {
            return of(Turn::cpu);
        }

        Samples bytes() {
            return of(Turn::bytes);
        }

        Samples latency() {
            return of(Turn::latency);
        }

        private Samples of(ToDoubleFunction<Turn> value) {
            return Samples.of(rounds.stream()
                    .map(turns -> turns.stream().mapToDouble(value).average().orElseThrow())
                    .toList());
        }
    }
}
