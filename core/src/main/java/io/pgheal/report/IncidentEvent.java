package io.pgheal.report;

import io.pgheal.track.TraceContext;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The incident as an event of JDK Flight Recorder; costs nothing while no recording runs. */
@Name("pgheal.Incident")
@Label("pgheal incident")
@Category({"pgheal"})
@Description("A stuck or abandoned transaction, and what was done about it")
@StackTrace(false)
final class IncidentEvent extends Event {
    @Label("Id")
    String id = "";

    @Label("Data source")
    String dataSource = "";

    @Label("Diagnosis")
    String diagnosis = "";

    @Label("Evidence")
    String evidence = "";

    @Label("Tables")
    String tables = "";

    @Label("Backend pid")
    int pid;

    @Label("Trace id")
    @Nullable
    String traceId;

    @Label("Span id")
    @Nullable
    String spanId;

    @Label("Outcome")
    String outcome = "";

    @Label("Time to heal in milliseconds")
    long timeToHealMillis;

    static void emit(Incident incident) {
        IncidentEvent event = new IncidentEvent();
        if (!event.isEnabled()) {
            return;
        }
        event.id = incident.id();
        event.dataSource = incident.dataSource();
        event.diagnosis = incident.diagnosis().name();
        event.evidence =
                incident.evidence().stream().map(e -> e.kind().name()).toList().toString();
        event.tables = incident.tables().toString();
        event.pid = incident.culprit() == null ? 0 : incident.culprit().pid();
        TraceContext trace = incident.trace();
        if (trace != null) {
            event.traceId = trace.traceId();
            event.spanId = trace.spanId();
        }
        event.outcome = incident.outcome().name();
        event.timeToHealMillis =
                incident.timeToHeal() == null ? -1 : incident.timeToHeal().toMillis();
        event.commit();
    }
}
