package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.ServerIdentity;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one physical connection; the server is asked once, when the connection is first seen. Does not refer
 * to the connection.
 *
 * @param driverPid as the driver reports it; wrong behind a pooler
 * @param identity as the server reports it, or null when it could not be asked: then ABORT is the only remedy
 */
@Internal
public record PhysicalConnection(int driverPid, @Nullable PhysicalIdentity identity) {

    /** The backend, if the server itself confirmed the driver's pid. Only such a backend may be signalled. */
    public @Nullable BackendId backend() {
        return identity == null || identity.poolerInBetween() ? null : identity.backend();
    }

    public @Nullable ServerIdentity server() {
        return identity == null ? null : identity.server();
    }

    public boolean poolerInBetween() {
        return identity != null && identity.poolerInBetween();
    }
}
