package io.pgheal.report;

import io.pgheal.detect.Evidence;
import io.pgheal.heal.RungResult;
import io.pgheal.track.LeaseView;
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
        if (!incident.remedies().isEmpty()) {
            line.append(", ")
                    .append(incident.remedies().stream()
                            .map(rung -> rung.rung().name())
                            .collect(Collectors.joining(" then ")));
        }
        if (incident.timeToHeal() != null) {
            line.append(", healed within ").append(millis(incident.timeToHeal()));
        }
        LeaseView lease = incident.lease();
        if (lease != null && !lease.borrowStack().isEmpty()) {
            line.append(", borrowed at ").append(lease.borrowStack().get(0));
        }
        return line.append(" (incident ").append(incident.id()).append(')').toString();
    }

    static String block(Incident incident) {
        StringBuilder block =
                new StringBuilder("incident ").append(incident.id()).append('\n');
        block.append("  decision   ")
                .append(words(incident.action()))
                .append(": ")
                .append(incident.reason())
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
                        .append(lock.table() == null ? lock.type() : lock.table())
                        .append('\n'));
        incident.waiters()
                .forEach(waiter -> block.append("  waiter     ")
                        .append(waiter.pid())
                        .append(" for ")
                        .append(waiter.table() == null ? "an unknown table" : waiter.table())
                        .append(", ")
                        .append(millis(waiter.waited()))
                        .append(waiter.statement() == null ? "" : ": " + waiter.statement())
                        .append('\n'));
        for (RungResult rung : incident.remedies()) {
            block.append("  remedy     ")
                    .append(rung.rung())
                    .append(" (")
                    .append(millis(rung.took()))
                    .append("): ")
                    .append(rung.outcome())
                    .append('\n');
        }
        LeaseView lease = incident.lease();
        if (lease != null) {
            block.append("  borrower   ")
                    .append(lease.thread() == null ? "its thread is gone" : lease.thread())
                    .append('\n');
            lease.borrowStack()
                    .forEach(frame ->
                            block.append("             at ").append(frame).append('\n'));
            lease.lastStatements()
                    .forEach(statement ->
                            block.append("  statement  ").append(statement).append('\n'));
        }
        return block.toString().stripTrailing();
    }

    private static void append(StringBuilder block, String before, @org.jspecify.annotations.Nullable String what) {
        if (what != null && !what.isEmpty()) {
            block.append(before).append(what);
        }
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
