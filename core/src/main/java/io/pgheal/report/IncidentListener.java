package io.pgheal.report;

/**
 * Receives each incident, and again when more is known of it. pgheal calls listeners on a thread of their own, one incident
 * after the other. It logs what a listener throws; while a listener blocks, only later notices wait.
 */
@FunctionalInterface
public interface IncidentListener {
    void onIncident(Incident incident);
}
