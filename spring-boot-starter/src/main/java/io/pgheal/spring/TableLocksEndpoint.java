package io.pgheal.spring;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/** {@code /actuator/pgheallocks/{table}}: who holds which locks on a table, and who waits for them, now. */
@Endpoint(id = "pgheallocks", defaultAccess = Access.READ_ONLY)
final class TableLocksEndpoint {
    private final GuardedDataSources guarded;

    TableLocksEndpoint(GuardedDataSources guarded) {
        this.guarded = guarded;
    }

    /** @param table {@code table} or {@code schema.table} */
    @ReadOperation
    WebEndpointResponse<Map<String, @Nullable Object>> locks(@Selector String table) {
        return BadRequest.unless(() -> answer(table));
    }

    private Map<String, @Nullable Object> answer(String table) {
        Map<String, Object> dataSources = new LinkedHashMap<>();
        guarded.byName().forEach((name, dataSource) -> {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            try {
                json.put(
                        "locks",
                        dataSource.locksOn(table).stream().map(Json::tableLock).toList());
            } catch (SQLException e) {
                json.put("error", String.valueOf(e.getMessage()));
            }
            dataSources.put(name, json);
        });
        return Map.of("table", table, "dataSources", dataSources);
    }
}
