package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * A caller's mistake, with a message that says what to write. The message is the response body itself, because Spring
 * Boot omits the message of an exception unless the application enables it.
 */
final class BadRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private BadRequest(String message) {
        super(message, null, false, false);
    }

    static BadRequest because(String message) {
        return new BadRequest(message);
    }

    /** The response body of an endpoint. */
    @FunctionalInterface
    interface Body {
        Map<String, @Nullable Object> get() throws SQLException;
    }

    /** The body, or 400 with the message. */
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
