package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * What a caller of an endpoint did wrong, in words that say what to write. They are the answer itself: Spring Boot keeps the
 * message of an exception to itself, unless the application says otherwise.
 */
final class BadRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private BadRequest(String message) {
        super(message, null, false, false);
    }

    static BadRequest because(String message) {
        return new BadRequest(message);
    }

    /** What an endpoint answers. */
    @FunctionalInterface
    interface Body {
        Map<String, @Nullable Object> get() throws SQLException;
    }

    /** The body, or 400 and why. */
    static WebEndpointResponse<Map<String, @Nullable Object>> unless(Body body) {
        try {
            return new WebEndpointResponse<>(body.get());
        } catch (BadRequest | IllegalArgumentException | SQLException bad) {
            return new WebEndpointResponse<>(
                    Map.of("message", String.valueOf(bad.getMessage())), WebEndpointResponse.STATUS_BAD_REQUEST);
        }
    }

    /** The guarded data source of this bean name. */
    static SelfHealingDataSource unlessNamed(String name, Map<String, SelfHealingDataSource> guarded) {
        SelfHealingDataSource found = guarded.get(name);
        if (found == null) {
            throw because("no guarded data source is named '" + name + "'; write one of "
                    + String.join(", ", guarded.keySet()));
        }
        return found;
    }
}
