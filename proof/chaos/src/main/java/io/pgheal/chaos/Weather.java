package io.pgheal.chaos;

import io.pgheal.chaos.Disturbances.Disturbance;
import io.pgheal.chaos.Disturbances.Kind;
import io.pgheal.decide.HealingMode;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.StopMode;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The adversary from outside: sessions killed, servers restarted and frozen, the network cut, the process paused. */
final class Weather {
    /** More than the server has. */
    private static final int CROWDED = 200;

    private static final Duration LONG = Duration.ofMinutes(2);

    private final Ground ground;
    private final PostgresServer server;
    private final FaultProxy proxy;

    Weather(Ground ground, PostgresServer server, FaultProxy proxy) {
        this.ground = ground;
        this.server = server;
        this.proxy = proxy;
    }

    void run() throws Exception {
        Dice dice = ground.dice("weather");
        Deck<Kind> deck = new Deck<>(pack(), dice.split());
        boolean brief = ground.options.duration().compareTo(LONG) < 0;
        while (!ground.isClosing()) {
            ground.idle(brief ? dice.millis(300, 2_000) : dice.millis(2_000, 10_000));
            Dice act = dice.split();
            Kind kind = deck.draw();
            if (!ground.isClosing()) {
                ground.tally.count("weather." + kind);
                perform(kind, act);
            }
        }
    }

    private static List<Kind> pack() {
        List<Kind> pack = new ArrayList<>();
        for (Kind each : Kind.values()) {
            pack.addAll(Collections.nCopies(cards(each), each));
        }
        return pack;
    }

    private static int cards(Kind kind) {
        return switch (kind) {
            case TERMINATE, CANCEL, INTERRUPT, GARBAGE, HEALER_INTERRUPTED -> 3;
            case FROZEN_BACKEND, PAUSE, NETWORK_RESET -> 2;
            case FAST_RESTART, CRASH, FREEZE, SILENCE, DELAY, FORGOTTEN_CONNECTIONS, OBSERVE, CROWD -> 1;
            case STARVED -> 0;
        };
    }

    private void perform(Kind kind, Dice dice) throws Exception {
        switch (kind) {
            case TERMINATE -> signal(kind, "pg_terminate_backend", dice);
            case CANCEL -> signal(kind, "pg_cancel_backend", dice);
            case INTERRUPT -> interrupt(dice);
            case GARBAGE -> litter(dice);
            case FROZEN_BACKEND -> freezeOne(dice);
            case PAUSE -> pauseProcess(dice.millis(200, 3_000));
            case FAST_RESTART, CRASH -> restart(kind, dice.millis(0, 1_500));
            case FREEZE -> freeze(dice.millis(300, 4_000));
            case NETWORK_RESET -> reset();
            case SILENCE -> silence(dice.millis(300, 4_000));
            case DELAY -> delay(dice.millis(5, 60), dice.millis(1_000, 5_000));
            case FORGOTTEN_CONNECTIONS -> forget(dice.millis(300, 4_000));
            case OBSERVE -> observe(dice.millis(500, 3_000));
            case CROWD -> crowd(dice.millis(500, 3_000));
            case HEALER_INTERRUPTED -> interruptHealer(dice);
            case STARVED -> throw new IllegalArgumentException("nobody draws this");
        }
    }

    private void announce(Kind kind, String detail) {
        ground.tally.headline(kind + (detail.isEmpty() ? "" : " " + detail));
    }

    private void signal(Kind kind, String function, Dice dice) throws SQLException {
        try (Connection admin = server.adminConnection()) {
            List<Integer> pids = new ArrayList<>();
            List<String> names = new ArrayList<>();
            try (Statement statement = admin.createStatement();
                    ResultSet found = statement.executeQuery("SELECT pid, application_name FROM pg_stat_activity"
                            + " WHERE datname = current_database() AND usename = '" + server.user()
                            + "' AND backend_type = 'client backend' ORDER BY pid")) {
                while (found.next()) {
                    pids.add(found.getInt(1));
                    names.add(found.getString(2));
                }
            }
            if (pids.isEmpty()) {
                return;
            }
            int chosen = dice.below(pids.size());
            int pid = pids.get(chosen);
            boolean healersOwn = !names.get(chosen).equals(SoakRun.APPLICATION);
            announce(kind, pid + (healersOwn ? " (pgheal's own)" : ""));
            try (Disturbance begun = ground.disturbances.begin(kind, pid, healersOwn);
                    PreparedStatement signal = admin.prepareStatement("SELECT " + function + "(?)")) {
                signal.setInt(1, pid);
                signal.execute();
            }
        }
    }

    private void interrupt(Dice dice) {
        Optional<Thread> teller = ground.threads.one("teller", dice);
        if (teller.isPresent()) {
            announce(Kind.INTERRUPT, teller.get().getName());
            try (Disturbance begun =
                    ground.disturbances.begin(Kind.INTERRUPT, teller.get().getId(), false)) {
                teller.get().interrupt();
            }
        }
    }

    private void litter(Dice dice) {
        List<byte[]> heap = new ArrayList<>();
        for (int i = dice.between(50, 120); i > 0; i--) {
            heap.add(new byte[1 << 20]);
        }
        System.gc();
        announce(Kind.GARBAGE, heap.size() + " MB");
    }

    private void freezeOne(Dice dice) throws SQLException, IOException, InterruptedException {
        int pid = 0;
        try (Connection admin = server.adminConnection();
                Statement statement = admin.createStatement();
                ResultSet found = statement.executeQuery("SELECT pid FROM pg_stat_activity WHERE datname ="
                        + " current_database() AND application_name = '" + SoakRun.APPLICATION
                        + "' AND state <> 'idle' ORDER BY pid")) {
            for (int skip = dice.below(8); skip >= 0 && found.next(); skip--) {
                pid = found.getInt(1);
            }
        }
        if (pid != 0) {
            Duration time = dice.millis(300, 3_000);
            announce(Kind.FROZEN_BACKEND, pid + " for " + time.toMillis() + " ms");
            try (Disturbance begun = ground.disturbances.begin(Kind.FROZEN_BACKEND, pid, false)) {
                kill("STOP", pid);
                Threads.pause(time);
                kill("CONT", pid);
            }
        }
    }

    private static void kill(String signal, long pid) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(pid))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    /** Nobody can pause himself and go on: a child does both. */
    private void pauseProcess(Duration time) throws IOException, InterruptedException {
        long self = ProcessHandle.current().pid();
        announce(Kind.PAUSE, time.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(Kind.PAUSE)) {
            new ProcessBuilder(
                            "sh",
                            "-c",
                            "kill -STOP %1$d; sleep %2$s; kill -CONT %1$d".formatted(self, time.toMillis() / 1000.0))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }

    private void restart(Kind kind, Duration away) throws IOException {
        announce(kind, "away for " + away.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(kind)) {
            server.stop(kind == Kind.CRASH ? StopMode.IMMEDIATE : StopMode.FAST);
            Threads.pause(away);
            server.start();
        }
    }

    private void freeze(Duration time) throws IOException {
        announce(Kind.FREEZE, time.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(Kind.FREEZE)) {
            server.freeze();
            Threads.pause(time);
            server.thaw();
        }
    }

    private void reset() {
        announce(Kind.NETWORK_RESET, "");
        try (Disturbance begun = ground.disturbances.begin(Kind.NETWORK_RESET)) {
            proxy.reset();
        }
    }

    private void silence(Duration time) {
        announce(Kind.SILENCE, time.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(Kind.SILENCE)) {
            proxy.silence();
            Threads.pause(time);
            proxy.heal();
        }
    }

    private void delay(Duration by, Duration time) {
        announce(Kind.DELAY, by.toMillis() + " ms a packet for " + time.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(Kind.DELAY)) {
            proxy.delay(by);
            Threads.pause(time);
            proxy.heal();
        }
    }

    /** As a NAT does: the connections of now are silent, also about their end, until somebody resets them. */
    private void forget(Duration time) {
        announce(Kind.FORGOTTEN_CONNECTIONS, "for " + time.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(Kind.FORGOTTEN_CONNECTIONS)) {
            proxy.forget();
            Threads.pause(time);
            proxy.reset();
        }
    }

    private void observe(Duration time) {
        if (ground.guarded.mode() != HealingMode.HEAL) {
            return; // by its own decision: the report will complain
        }
        announce(Kind.OBSERVE, time.toMillis() + " ms");
        try (Disturbance begun = ground.disturbances.begin(Kind.OBSERVE)) {
            ground.guarded.mode(HealingMode.OBSERVE);
            Threads.pause(time);
            ground.guarded.mode(HealingMode.HEAL);
        }
    }

    private void crowd(Duration time) {
        List<Connection> crowd = new ArrayList<>();
        try (Disturbance begun = ground.disturbances.begin(Kind.CROWD)) {
            String refused = "";
            while (refused.isEmpty() && crowd.size() < CROWDED) {
                try {
                    crowd.add(server.connection());
                } catch (SQLException e) {
                    refused = String.valueOf(e.getSQLState());
                }
            }
            announce(Kind.CROWD, crowd.size() + " connections, then " + refused + ", for " + time.toMillis() + " ms");
            Threads.pause(time);
            crowd.forEach(Work::close);
        }
    }

    private void interruptHealer(Dice dice) {
        List<Thread> own = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pgheal-" + SoakRun.APPLICATION)
                        || thread.getName().equals("pgheal-free"))
                .sorted(Comparator.comparing(Thread::getName))
                .toList();
        if (!own.isEmpty()) {
            Thread thread = own.get(dice.below(own.size()));
            announce(Kind.HEALER_INTERRUPTED, thread.getName());
            try (Disturbance begun = ground.disturbances.begin(Kind.HEALER_INTERRUPTED)) {
                thread.interrupt();
            }
        }
    }
}
