package io.pgheal.scenario;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** A statement that waits, on a thread of its own; its connection is given back when the statement is over. */
final class Stuck {
    private final int pid;
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    Stuck(Connection connection, int pid, String sql) {
        this.pid = pid;
        Thread thread = new Thread(
                () -> {
                    try (connection;
                            Statement statement = connection.createStatement()) {
                        statement.execute(sql);
                        end.complete(null);
                    } catch (Throwable e) {
                        end.completeExceptionally(e);
                    }
                },
                "waits: " + sql);
        thread.setDaemon(true);
        thread.start();
    }

    int pid() {
        return pid;
    }

    boolean isOver() {
        return end.isDone();
    }

    /** It got what it waited for. */
    void goesOn() throws Exception {
        end.get();
    }

    /** The SQLSTATE with which it ends. */
    String failsWith() throws Exception {
        try {
            end.get();
        } catch (ExecutionException | CompletionException e) {
            return e.getCause() instanceof SQLException sql ? String.valueOf(sql.getSQLState()) : "no SQLSTATE";
        }
        return "no error";
    }
}
