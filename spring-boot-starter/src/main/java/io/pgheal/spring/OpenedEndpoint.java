package io.pgheal.spring;

import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether the application speaks of this very endpoint: what it says of all of them is not meant for acts. */
final class OpenedEndpoint {
    private OpenedEndpoint() {}

    /** How far it is open is for Spring Boot to say. */
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
