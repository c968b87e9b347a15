package io.pgheal.spring;

import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.SecurityContext;

/** The caller of an endpoint. */
final class Caller {
    private Caller() {}

    /**
     * The name of the user who is logged in; null where nobody is, and no name was given.
     *
     * @param given used only where nobody is logged in
     */
    static @Nullable String name(SecurityContext context, @Nullable String given) {
        Principal principal = context.getPrincipal();
        return principal == null ? given : principal.getName();
    }
}
