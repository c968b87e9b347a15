package io.pgheal.spring;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.util.MimeType;

/**
 * {@code /actuator/pghealconsole}: a page over the other endpoints, secured like them. Contains no data: the browser
 * asks the other endpoints for what it shows and does. Serves only the files listed here.
 */
@Endpoint(id = "pghealconsole", defaultAccess = Access.READ_ONLY)
final class ConsoleEndpoint {
    private static final MimeType HTML = MimeType.valueOf("text/html;charset=UTF-8");
    private static final MimeType SCRIPT = MimeType.valueOf("text/javascript;charset=UTF-8");
    static final Map<String, MimeType> FILES = Map.ofEntries(
            Map.entry("console.css", MimeType.valueOf("text/css;charset=UTF-8")),
            Map.entry("icon.svg", MimeType.valueOf("image/svg+xml")),
            Map.entry("acts.js", SCRIPT),
            Map.entry("console.js", SCRIPT),
            Map.entry("elements.js", SCRIPT),
            Map.entry("endpoints.js", SCRIPT),
            Map.entry("incidents.js", SCRIPT),
            Map.entry("leases.js", SCRIPT),
            Map.entry("locks.js", SCRIPT),
            Map.entry("redraw.js", SCRIPT),
            Map.entry("sources.js", SCRIPT),
            Map.entry("tree.js", SCRIPT));

    @ReadOperation(produces = {"text/html", "*/*"})
    WebEndpointResponse<Resource> page() {
        return answer("console.html", HTML);
    }

    /** Null, and so 404, for any other file. */
    @ReadOperation(produces = "*/*")
    @Nullable
    WebEndpointResponse<Resource> file(@Selector String name) {
        MimeType type = FILES.get(name);
        return type == null ? null : answer(name, type);
    }

    private static WebEndpointResponse<Resource> answer(String name, MimeType type) {
        return new WebEndpointResponse<>(
                new ClassPathResource("io/pgheal/console/" + name), WebEndpointResponse.STATUS_OK, type);
    }
}
