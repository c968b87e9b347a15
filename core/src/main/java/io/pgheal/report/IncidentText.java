package io.pgheal.report;

import io.pgheal.detect.Evidence;
import io.pgheal.heal.RungResult;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.track.LeaseView;
import io.pgheal.witness.Testimony;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Collectors;

/** An incident as text: one line for the log, and the whole story as a block. */
final class IncidentText {
    private IncidentText() {}

    static String line(Incident incident) {
        StringBuilder line = new StringBuilder();
        line.append('[').append(incident.dataSource()).append("] ");
        line.append(words(incident.outcome().name()))
                .append(": ")
                .append(words(incident.diagnosis().name()));
        if (incident.culprit() != null) {
            line.append(", backend ").append(incident.culprit().pid());
        }
        if (!incident.tables().isEmpty()) {
            line.append(", table ").append(String.join(", ", incident.tables()));
        }
        if (!incident.evidence().isEmpty()) {
            line.append(", evidence ")
                    .append(incident.evidence().stream()
                            .map(evidence -> evidence.kind().name())
                            .collect(Collectors.joining(", ")));
        }
        line.append(", ").append(incident.waiters().size()).append(" waiting");
        if (incident.blocksItself() != null) {
            line.append(", its own thread waits for it in backend ").append(incident.blocksItself());
        }
        if (!incident.remedies().isEmpty()) {
            line.append(", ")
                    .append(incident.remedies().stream()
                            .map(rung -> rung.rung().name())
                            .collect(Collectors.joining(" then ")));
        }
        if (incident.timeToHeal() != null) {
            line.append(", healed within ").append(millis(incident.timeToHeal()));
        }
        if (incident.transaction() != null) {
            line.append(", transaction ").append(end(incident.transaction()));
        }
        LeaseView lease = incident.lease();
        if (lease != null && lease.borrowedAt() != null) {
            line.append(", borrowed at ").append(lease.borrowedAt());
        }
        if (incident.operator() != null) {
            line.append(", asked for by ").append(incident.operator());
        }
        return oneLine(
                line.append(" (incident ").append(incident.id()).append(')').toString());
    }

    static String block(Incident incident) {
        StringBuilder block =
                new StringBuilder("incident ").append(incident.id()).append('\n');
        block.append("  decision   ")
                .append(words(incident.action()))
                .append(": ")
                .append(oneLine(incident.reason()))
                .append('\n');
        for (Evidence evidence : incident.evidence()) {
            block.append("  evidence   ")
                    .append(evidence.kind())
                    .append(" (")
                    .append(words(evidence.strength().name()))
                    .append(", for ")
                    .append(millis(evidence.age()))
                    .append("): ")
                    .append(evidence.detail())
                    .append('\n');
        }
        Testimony proof = incident.proof();
        if (proof != null) {
            block.append("  proof      ").append(proof(proof)).append('\n');
        }
        Incident.Culprit culprit = incident.culprit();
        if (culprit != null) {
            block.append("  backend    ").append(culprit.pid());
            append(block, ", ", culprit.state());
            append(block, ", user ", culprit.user());
            append(block, ", application ", culprit.applicationName());
            append(block, ", from ", culprit.clientAddress());
            append(block, ", last: ", culprit.lastStatement());
            block.append('\n');
        }
        incident.locks()
                .forEach(lock -> block.append("  holds      ")
                        .append(lock.mode())
                        .append(" on ")
                        .append(lock.table() == null ? lock.type() + " lock" : oneLine(lock.table()))
                        .append('\n'));
        incident.waiters()
                .forEach(waiter -> block.append("  waiter     ")
                        .append(waiter.pid())
                        .append(waiter.ours() ? " (ours) for " : " for ")
                        .append(awaited(waiter))
                        .append(", ")
                        .append(millis(waiter.waited()))
                        .append(waiter.statement() == null ? "" : ": " + oneLine(waiter.statement()))
                        .append('\n'));
        if (incident.blocksItself() != null) {
            block.append("  itself     one thread waits, in backend ")
                    .append(incident.blocksItself())
                    .append(", for its own other connection: neither can go on\n");
        }
        for (RungResult rung : incident.remedies()) {
            block.append("  remedy     ")
                    .append(rung.rung())
                    .append(" (")
                    .append(millis(rung.took()))
                    .append("): ")
                    .append(oneLine(rung.outcome()))
                    .append('\n');
        }
        if (incident.transaction() != null) {
            block.append("  its work   ").append(end(incident.transaction())).append('\n');
        }
        LeaseView lease = incident.lease();
        if (lease != null) {
            block.append("  borrower   ")
                    .append(lease.thread() == null ? "its thread is gone" : lease.thread())
                    .append('\n');
            if (lease.trace() != null) {
                block.append("  trace      ")
                        .append(lease.trace().traceId())
                        .append(", span ")
                        .append(lease.trace().spanId())
                        .append('\n');
            }
            if (lease.borrowStackLikely()) {
                block.append("             probably, as others with the same statement in the same work:\n");
            }
            lease.borrowStack()
                    .forEach(frame ->
                            block.append("             at ").append(frame).append('\n'));
            lease.lastStatements()
                    .forEach(statement -> block.append("  statement  ")
                            .append(oneLine(statement))
                            .append('\n'));
        }
        return block.toString().stripTrailing();
    }

    private static String proof(Testimony proof) {
        String told = proof.asked() == 0
                ? "the collector was not asked"
                : "the collector was asked "
                        + proof.asked() + (proof.asked() == 1 ? " time" : " times")
                        + (proof.answered() == 0
                                ? ", no answer yet"
                                : ", answered " + proof.answered() + ", the last time within " + millis(proof.took())
                                        + ", longest stop " + millis(proof.longestStop()));
        return proof.silent().isEmpty() ? told : told + "; not now: " + proof.silent();
    }

    private static String awaited(Incident.WaiterView waiter) {
        if (waiter.table() != null) {
            return oneLine(waiter.table());
        }
        return switch (waiter.lockType() == null ? "" : waiter.lockType()) {
            case "advisory" -> "an advisory lock";
            case "virtualxid" -> "the end of a transaction, whatever it locked";
            case "object" -> "a database object that is no table";
            default -> "an unknown table";
        };
    }

    private static void append(StringBuilder block, String before, @org.jspecify.annotations.Nullable String what) {
        if (what != null && !what.isEmpty()) {
            block.append(before).append(oneLine(what));
        }
    }

    /** Names of tables, gids and applications may contain line breaks, which must not forge lines of the log. */
    private static String oneLine(String text) {
        return text.chars().anyMatch(Character::isISOControl) ? text.replaceAll("\\p{Cc}", " ") : text;
    }

    private static String end(TransactionEnd transaction) {
        return switch (transaction) {
            case ROLLED_BACK -> "rolled back";
            case COMMITTED -> "committed before it could be ended";
            case UNKNOWN -> "committed or rolled back: unknown";
        };
    }

    private static String words(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String millis(Duration duration) {
        return duration.toMillis() < 10
                ? String.format(Locale.ROOT, "%.1f ms", duration.toNanos() / 1e6)
                : duration.toMillis() + " ms";
    }
}
