package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.util.Map;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;

/** What a caller of an endpoint did wrong, in words that say what to write; Spring Boot makes a 400 of it. */
final class BadRequest {
    private BadRequest() {}

    static InvalidEndpointRequestException because(String message) {
        return new InvalidEndpointRequestException(message, message);
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
