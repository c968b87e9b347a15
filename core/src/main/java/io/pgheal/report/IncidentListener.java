package io.pgheal.report;

/**
 * Hears of each incident, and again when there is a later word on it. Called on a thread of its own, one incident after
 * the other: what it throws is logged, and while it blocks nothing but later notices waits.
 */
@FunctionalInterface
public interface IncidentListener {
    void onIncident(Incident incident);
}
