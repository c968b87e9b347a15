package io.pgheal.track;

import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Who held the lock that a statement waited for, as far as the watch knew while it waited. No text of any statement.
 *
 * @param ours whether it is a connection of this data source, or was left behind by one
 * @param backendPid null for a prepared transaction
 * @param table that was waited for; null when PostgreSQL does not tell, or was not asked yet
 * @param applicationName the session's own word
 * @param leaseId null when it is not ours
 * @param thread that borrowed it; null when it is gone, or not ours
 * @param borrowedAt the place in the code; null when it is not ours, or no borrow stacks are kept
 * @param fate what becomes of it
 * @param dueIn for {@link Fate#DUE}: in how long it will be healed, counted from when this was found out; for
 *     {@link Fate#ASKED}, as long as an answer usually takes
 * @param incidentId null while no incident is told of it
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

    /** What pgheal does about it. */
    public enum Fate {
        /** Its transaction was seen to be gone. */
        HEALED("it has been healed"),
        /** A remedy is under way. */
        BEING_HEALED("it is being healed"),
        /** It will be healed, unless its owner goes on before that. */
        DUE("it will be healed if its owner stays silent"),
        /** Its owner looks gone, or has been silent for long while others wait. */
        ASKED("the collector is asked whether anything still refers to it, and it will be healed if nothing does"),
        /** Reported only. */
        LEFT_ALONE("it is not touched");

        private final String words;

        Fate(String words) {
            this.words = words;
        }
    }

    /** Whether there will be another one soon who may have the lock: it is ours, and healed or about to be. */
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
