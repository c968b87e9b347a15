package io.pgheal.postgres;

import java.util.Objects;

/**
 * Which server this is, and since which start of it. Two connections with the same identity see the same process ids; a
 * standby shares the system identifier with its primary but not the start time.
 *
 * @param systemIdentifier made by initdb
 * @param postmasterStart start of the postmaster as UTC text
 */
public record ServerIdentity(String systemIdentifier, String postmasterStart) {
    public ServerIdentity {
        Objects.requireNonNull(systemIdentifier, "systemIdentifier");
        Objects.requireNonNull(postmasterStart, "postmasterStart");
    }
}
