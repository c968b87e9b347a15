package io.pgheal.postgres;

import io.pgheal.Internal;
import java.util.Objects;

/**
 * What the control connection can see and do.
 *
 * @param serverVersion {@code server_version_num}, for example 180006
 * @param inRecovery the server is a standby: pgheal does not judge its blockers
 * @param user the control connection's role
 * @param seesOthers other roles' sessions are visible ({@code pg_read_all_stats}, {@code pg_monitor}, superuser)
 * @param maySignalOthers other roles' sessions may be signalled ({@code pg_signal_backend}, superuser)
 * @param tracksActivities {@code track_activities} is on for the control session
 * @param poolerInBetween the control connection itself goes through a pooler: process ids cannot be trusted
 */
@Internal
public record Capabilities(
        int serverVersion,
        boolean inRecovery,
        String user,
        boolean superuser,
        boolean seesOthers,
        boolean maySignalOthers,
        boolean tracksActivities,
        boolean poolerInBetween) {
    public Capabilities {
        Objects.requireNonNull(user, "user");
    }
}
