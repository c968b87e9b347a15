package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.ServerIdentity;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one physical connection, asked once when it is first seen. It holds no connection.
 *
 * @param driverPid as the driver says; a pooler in between makes it a lie
 * @param identity the server's own word, or null when it could not be had: then nothing but ABORT is ever done
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
