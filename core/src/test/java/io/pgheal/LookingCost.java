package io.pgheal;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ControlConnection;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What each question of pgheal costs on a server with so many sessions and locks: medians, round trip included, with five
 * sessions that wait in a row for one that holds.
 *
 * @param inTheWay whether anybody waits for a suspect: several times a second, while there is one
 * @param transactionGone whether a remedy has helped
 * @param cheapTree who waits for whom
 * @param fullTree the same with tables; reads {@code pg_locks}
 * @param story what one session holds and who waits; reads {@code pg_locks}
 */
record LookingCost(
        int sessions,
        int locks,
        Duration inTheWay,
        Duration transactionGone,
        Duration cheapTree,
        Duration fullTree,
        Duration story) {
    private static final int WAITERS = 5;
    private static final int TIMES = 31;

    private interface Question {
        Object ask() throws SQLException;
    }

    static LookingCost on(PostgresServer server, int sessions, int locks) throws Exception {
        try (ManySessions crowd = new ManySessions(server, sessions, locks);
                Connection holder = server.connection();
                ControlConnection control = new ControlConnection(
                        withTimeToMeasure(ControlSettings.of(server.url(), server.user(), server::password)))) {
            List<Connection> waiting = new ArrayList<>();
            control.connect();
            try {
                int pid = Sql.pid(holder);
                server.app()
                        .run(
                                "CREATE TABLE IF NOT EXISTS looked_at (id int PRIMARY KEY)",
                                "INSERT INTO looked_at VALUES (1) ON CONFLICT DO NOTHING");
                holder.setAutoCommit(false);
                Sql.run(holder, "UPDATE looked_at SET id = 1");
                List<Integer> pids = new ArrayList<>();
                for (int i = 0; i < WAITERS; i++) {
                    Connection waiter = server.connection();
                    waiting.add(waiter);
                    pids.add(Sql.pid(waiter));
                    new SideBySide().start("waits", () -> Sql.run(waiter, "UPDATE looked_at SET id = 1"));
                }
                org.awaitility.Awaitility.await()
                        .until(() -> control.blockingTree(pids).waitersOf(pid).size() == WAITERS);
                var judged = control.backend(pid).orElseThrow().judged().orElseThrow();
                BackendId backend = judged.backend();
                return new LookingCost(
                        sessions,
                        locks,
                        median(() -> control.inTheWay(List.of(pid))),
                        median(() -> control.transactionGone(judged, pids)),
                        median(() -> control.blockingTree(pids)),
                        median(() -> control.fullBlockingTree(pids)),
                        median(() -> control.story(backend)));
            } finally {
                for (Connection each : waiting) {
                    each.abort(Runnable::run);
                }
                holder.rollback();
            }
        }
    }

    /** What is too expensive for pgheal is to be measured, too. */
    private static ControlSettings withTimeToMeasure(ControlSettings usual) {
        return new ControlSettings(
                usual.url(),
                usual.credentials(),
                usual.connectTimeout(),
                Duration.ofSeconds(60),
                Duration.ofSeconds(90));
    }

    private static Duration median(Question question) throws SQLException {
        long[] took = new long[TIMES];
        for (int i = 0; i < TIMES; i++) {
            long began = System.nanoTime();
            question.ask();
            took[i] = System.nanoTime() - began;
        }
        Arrays.sort(took);
        return Duration.ofNanos(took[TIMES / 2]);
    }
}
