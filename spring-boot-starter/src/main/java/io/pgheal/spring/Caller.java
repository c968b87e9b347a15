package io.pgheal.spring;

import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.SecurityContext;

/** Who calls an endpoint. */
final class Caller {
    private Caller() {}

    /**
     * The name of whoever is logged in; null where nobody is, and nobody gave a name.
     *
     * @param given counts only where nobody is logged in
     */
    static @Nullable String name(SecurityContext context, @Nullable String given) {
        Principal principal = context.getPrincipal();
        return principal == null ? given : principal.getName();
    }
}
