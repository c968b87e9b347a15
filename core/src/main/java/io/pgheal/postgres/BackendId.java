package io.pgheal.postgres;

import java.util.Objects;

/**
 * Identifies one server process for good: a pid alone is used again, a pid with its start time is not.
 *
 * @param pid the process id, positive
 * @param backendStart {@code backend_start} to the microsecond, in UTC, as ISO 8601 text. Always the server's own words (never
 *     parsed, never rounded), and the same whatever the time zone of the session that asked, so that two of them can be compared
 */
public record BackendId(int pid, String backendStart) {
    public BackendId {
        if (pid <= 0) {
            throw new IllegalArgumentException("a backend's pid is positive, but was " + pid);
        }
        Objects.requireNonNull(backendStart, "backendStart");
    }

    @Override
    public String toString() {
        return pid + " (since " + backendStart + ")";
    }
}
