package io.pgheal.spring;

import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Whether the application names this very endpoint in a property: a property for all endpoints must not open one that
 * acts.
 */
final class OpenedEndpoint {
    private OpenedEndpoint() {}

    /** Only whether it is named; how far the endpoint is open is decided by Spring Boot. */
    static boolean isSpokenOf(String id, PropertyResolver properties) {
        return properties.containsProperty("management.endpoint." + id + ".access")
                || properties.containsProperty("management.endpoint." + id + ".enabled");
    }

    static final class Release implements Condition {
        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return isSpokenOf("pghealrelease", context.getEnvironment());
        }
    }
}
