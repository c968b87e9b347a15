package io.pgheal.track;

import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The holder of the lock for which a statement waited, as far as pgheal knew during the wait. Contains no statement
 * text.
 *
 * @param ours whether the holder is a connection of this data source, or was left behind by one
 * @param backendPid null for a prepared transaction
 * @param table for whose lock the statement waited; null when PostgreSQL does not tell, or was not asked yet
 * @param applicationName as set by the session
 * @param leaseId null when the holder is not ours
 * @param thread that borrowed the connection; null when the thread is gone, or the holder is not ours
 * @param borrowedAt the place in the code; null when the holder is not ours, or no borrow stacks are kept
 * @param fate what pgheal does about the holder
 * @param dueIn for {@link Fate#DUE}: the time until the heal, counted from when the holder was found; for
 *     {@link Fate#ASKED}, the usual time until the collector's answer
 * @param incidentId null while no incident is reported for the holder
 */
public record LockHolder(
        boolean ours,
        @Nullable Integer backendPid,
        @Nullable String table,
        @Nullable String applicationName,
        @Nullable Long leaseId,
        @Nullable String thread,
        @Nullable String borrowedAt,
        Fate fate,
        Duration dueIn,
        @Nullable String incidentId)
        implements Serializable {

    /** What pgheal does about the holder. */
    public enum Fate {
        /** The holder's transaction was seen to be gone. */
        HEALED("it has been healed"),
        /** A remedy is under way. */
        BEING_HEALED("it is being healed"),
        /** The holder will be healed, unless its owner goes on before that. */
        DUE("it will be healed if its owner stays silent"),
        /** The holder's owner looks gone, or has been silent for long while others wait. */
        ASKED("the collector is asked whether anything still refers to it, and it will be healed if nothing does"),
        /** Reported only. */
        LEFT_ALONE("it is not touched");

        private final String words;

        Fate(String words) {
            this.words = words;
        }
    }

    /** Whether the lock will soon be free: the holder is ours, and healed or about to be. */
    public boolean givesWay() {
        return ours && fate != Fate.LEFT_ALONE;
    }

    String message() {
        StringBuilder text = new StringBuilder("waited for ")
                .append(table == null ? "a lock" : table)
                .append(", held by ")
                .append(backendPid == null ? "a prepared transaction" : "backend " + backendPid);
        if (leaseId != null) {
            text.append(", our lease ")
                    .append(leaseId)
                    .append(" of ")
                    .append(thread == null ? "a thread that is gone" : thread);
        } else if (!ours) {
            text.append(", not ours");
        }
        append(text, ", application ", ours ? null : applicationName);
        append(text, ", borrowed at ", borrowedAt);
        text.append(": ").append(fate.words);
        append(text, " (incident ", incidentId);
        return incidentId == null ? text.toString() : text.append(')').toString();
    }

    private static void append(StringBuilder text, String before, @Nullable String what) {
        if (what != null && !what.isEmpty()) {
            text.append(before).append(what);
        }
    }
}
