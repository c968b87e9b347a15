package io.pgheal.innocent;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/** All the ways to lose a connection in the middle of its transaction, with a row locked. Nothing is ever closed here. */
final class Leaks implements AutoCloseable {
    enum Kind {
        THREAD_ENDED,
        WORKER_IDLE,
        OWN_SCOPE_ENDED,
        SCOPE_FAILED,
        SCOPE_ENDED,
        UNREACHABLE,
        ORPHANED,
        CUT
    }

    private final SelfHealingDataSource guarded;
    /** What an application keeps by mistake, where that does not matter: these handles are not collected. */
    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());

    private final List<ExecutorService> executors = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch over = new CountDownLatch(1);

    Leaks(SelfHealingDataSource guarded) {
        this.guarded = guarded;
    }

    /** Leaks once; returns the pid of the session that is left. */
    int leak(Kind kind, String row) throws Exception {
        LinkedBlockingQueue<Object> left = new LinkedBlockingQueue<>();
        SideBySide.Work work = () -> {
            try {
                left.add(leakHere(kind, row, left));
            } catch (Throwable e) {
                left.add(e);
            }
        };
        switch (kind) {
            case WORKER_IDLE -> {
                ExecutorService executor = Executors.newFixedThreadPool(1);
                executors.add(executor);
                executor.submit(() -> {
                    work.run();
                    return null;
                });
            }
            case SCOPE_ENDED, SCOPE_FAILED, OWN_SCOPE_ENDED ->
                Stage.inThread("leak-" + row, () -> {
                    work.run();
                    over.await(); // the thread lives on, with other things to do
                });
            default -> Stage.inThread("leak-" + row, work);
        }
        Object seen = left.take();
        if (seen instanceof Throwable failure) {
            throw new IllegalStateException(kind + " " + row, failure);
        }
        return (Integer) seen;
    }

    private int leakHere(Kind kind, String row, LinkedBlockingQueue<Object> left) throws Exception {
        switch (kind) {
            case OWN_SCOPE_ENDED -> {
                try (var scope = guarded.scope("import")) {
                    kept.add(scope);
                    return keep(begin(row));
                }
            }
            case SCOPE_FAILED, SCOPE_ENDED -> {
                try (var scope = guarded.frameworkScope("GET /orders")) {
                    if (kind == Kind.SCOPE_ENDED) {
                        return Sql.pid(begin(row));
                    }
                    scope.failed(new StackOverflowError());
                    return keep(begin(row));
                }
            }
            case ORPHANED -> {
                Connection connection = begin(row);
                left.add(keep(connection));
                try (Statement statement = connection.createStatement()) {
                    Stage.inThread("abort-" + row, () -> connection.abort(Runnable::run));
                    statement.execute("SELECT pg_sleep(600)");
                } catch (SQLException aborted) {
                    kept.add(aborted);
                }
                return 0;
            }
            case CUT -> {
                Connection connection = begin(row);
                int pid = keep(connection);
                try (PreparedStatement statement = connection.prepareStatement("SELECT ?::bytea")) {
                    statement.setBinaryStream(1, new BrokenStream(), 100_000);
                    statement.execute();
                } catch (StackOverflowError lost) {
                    kept.add(lost);
                }
                return pid;
            }
            default -> {
                return Sql.pid(begin(row)); // a suspicion at most: the collector is asked
            }
        }
    }

    private Connection begin(String row) throws SQLException {
        Connection connection = guarded.getConnection();
        connection.setAutoCommit(false);
        try (PreparedStatement update = connection.prepareStatement("UPDATE account SET waited = -1 WHERE who = ?")) {
            update.setString(1, row);
            update.executeUpdate();
        }
        return connection;
    }

    private int keep(Connection connection) throws SQLException {
        kept.add(connection);
        return Sql.pid(connection);
    }

    /** Fails in the middle of a message to the server. */
    private static final class BrokenStream extends InputStream {
        private int read;

        @Override
        public int read() {
            if (++read > 10_000) {
                throw new StackOverflowError();
            }
            return 'x';
        }
    }

    @Override
    public void close() {
        over.countDown();
        executors.forEach(ExecutorService::shutdownNow);
        kept.clear();
    }
}
