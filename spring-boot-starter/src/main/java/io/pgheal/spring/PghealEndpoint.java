package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.report.Incident;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * {@code /actuator/pgheal}: what pgheal sees and did. It can be read where it is exposed; the mode can be changed only
 * with {@code management.endpoint.pgheal.access=unrestricted}.
 */
@Endpoint(id = "pgheal", defaultAccess = Access.READ_ONLY)
final class PghealEndpoint {
    private final GuardedDataSources guarded;

    PghealEndpoint(GuardedDataSources guarded) {
        this.guarded = guarded;
    }

    @ReadOperation
    Map<String, @Nullable Object> everything() {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("mode", commonMode());
        Map<String, Object> dataSources = new LinkedHashMap<>();
        guarded.byName().forEach((name, dataSource) -> dataSources.put(name, describe(dataSource)));
        body.put("dataSources", dataSources);
        return body;
    }

    /** The last word on one incident; null, and so 404, when there is none of this id. */
    @ReadOperation
    @Nullable
    Map<String, @Nullable Object> incident(@Selector String id) {
        for (SelfHealingDataSource dataSource : guarded.byName().values()) {
            for (Incident incident : dataSource.incidents()) {
                if (incident.id().equals(id)) {
                    return Json.incident(incident);
                }
            }
        }
        return null;
    }

    /**
     * Changes the mode of one data source, or of all.
     *
     * @param mode text, because what Spring Boot says of a word that is no mode does not help
     * @param dataSource optional; Spring Boot 3 knows that by Spring's annotation alone, 4 by the other one
     */
    @WriteOperation
    Map<String, @Nullable Object> change(String mode, @org.springframework.lang.Nullable @Nullable String dataSource) {
        HealingMode next = parse(mode);
        if (dataSource == null) {
            guarded.byName().values().forEach(each -> each.mode(next));
        } else {
            BadRequest.unlessNamed(dataSource, guarded.byName()).mode(next);
        }
        Map<String, @Nullable Object> modes = new LinkedHashMap<>();
        guarded.byName().forEach((name, each) -> modes.put(name, Json.word(each.mode())));
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("mode", commonMode());
        body.put("dataSources", modes);
        return body;
    }

    private static HealingMode parse(String mode) {
        for (HealingMode each : HealingMode.values()) {
            if (each.name().equalsIgnoreCase(mode)) {
                return each;
            }
        }
        throw BadRequest.because("mode is '" + mode + "'; write one of heal, observe, off");
    }

    /** {@code mixed} when data sources differ, null when there is none. */
    private @Nullable String commonMode() {
        List<String> modes = guarded.byName().values().stream()
                .map(dataSource -> dataSource.mode().name().toLowerCase(Locale.ROOT))
                .distinct()
                .toList();
        return modes.isEmpty() ? null : modes.size() == 1 ? modes.get(0) : "mixed";
    }

    private static Map<String, @Nullable Object> describe(SelfHealingDataSource dataSource) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("mode", Json.word(dataSource.mode()));
        body.put("healer", Json.healer(dataSource.healer()));
        body.put("leases", dataSource.leases().stream().map(Json::lease).toList());
        body.put("movingSites", dataSource.movingSites().stream().sorted().toList());
        body.put(
                "incidents", dataSource.incidents().stream().map(Json::incident).toList());
        return body;
    }
}
