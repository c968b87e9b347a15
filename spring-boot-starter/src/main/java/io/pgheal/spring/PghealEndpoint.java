package io.pgheal.spring;

import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.report.Incident;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * {@code /actuator/pgheal}: what pgheal sees and did. Readable where it is exposed. The mode and the rules can be
 * changed only with {@code management.endpoint.pgheal.access=unrestricted}, whatever is set for all endpoints.
 */
@Endpoint(id = "pgheal", defaultAccess = Access.READ_ONLY)
final class PghealEndpoint {
    private static final int FORBIDDEN = 403;
    private static final String NOBODY = "somebody who is not logged in";

    private final GuardedDataSources guarded;
    private final boolean opened;

    /** @param opened whether the application set the access of this very endpoint */
    PghealEndpoint(GuardedDataSources guarded, boolean opened) {
        this.guarded = guarded;
        this.opened = opened;
    }

    @ReadOperation
    Map<String, @Nullable Object> everything() {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("mode", commonMode());
        body.put("changeable", opened);
        Map<String, Object> dataSources = new LinkedHashMap<>();
        guarded.byName().forEach((name, dataSource) -> dataSources.put(name, describe(dataSource)));
        body.put("dataSources", dataSources);
        return body;
    }

    /** The latest report of one incident; null, and so 404, when there is none of this id. */
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
     * Changes the mode, or rules, of one data source or of all. Either all requested changes apply from now on, or
     * none: each is checked like a property at the start. 403 where only the default of all endpoints would allow the
     * change.
     *
     * @param mode as text, because Spring Boot's error for an unknown mode does not help
     * @param dataSource optional; Spring Boot 3 needs Spring's annotation for that, Spring Boot 4 the other one
     * @param operator used only where nobody is logged in
     */
    @WriteOperation
    synchronized WebEndpointResponse<Map<String, @Nullable Object>> change(
            SecurityContext caller,
            @org.springframework.lang.Nullable @Nullable String mode,
            @org.springframework.lang.Nullable @Nullable String dataSource,
            @org.springframework.lang.Nullable @Nullable String table,
            @org.springframework.lang.Nullable @Nullable String idleBlockerTimeout,
            @org.springframework.lang.Nullable @Nullable String activeBlockerTimeout,
            @org.springframework.lang.Nullable @Nullable String abandonedGrace,
            @org.springframework.lang.Nullable @Nullable String abandonedPatience,
            @org.springframework.lang.Nullable @Nullable Set<String> spareUsers,
            @org.springframework.lang.Nullable @Nullable Set<String> spareApplicationNames,
            @org.springframework.lang.Nullable @Nullable Set<String> spareDatabases,
            @org.springframework.lang.Nullable @Nullable Set<String> spareTables,
            @org.springframework.lang.Nullable @Nullable Set<String> spareStatementTags,
            @org.springframework.lang.Nullable @Nullable String operator) {
        if (!opened) {
            return new WebEndpointResponse<>(
                    Map.of("message", "read only; to open it, set management.endpoint.pgheal.access=unrestricted"),
                    FORBIDDEN);
        }
        AskedRules rules = new AskedRules(
                table,
                idleBlockerTimeout,
                activeBlockerTimeout,
                abandonedGrace,
                abandonedPatience,
                spareUsers,
                spareApplicationNames,
                spareDatabases,
                spareTables,
                spareStatementTags);
        return BadRequest.unless(() -> change(caller, mode, dataSource, rules, operator));
    }

    private Map<String, @Nullable Object> change(
            SecurityContext caller,
            @Nullable String mode,
            @Nullable String dataSource,
            AskedRules rules,
            @Nullable String operator) {
        if (mode == null && rules.isNothing()) {
            throw BadRequest.because(
                    "nothing is asked for; write mode, or a rule such as table and idleBlockerTimeout");
        }
        HealingMode next = mode == null ? null : parse(mode);
        Collection<SelfHealingDataSource> meant = dataSource == null
                ? guarded.byName().values()
                : List.of(BadRequest.unlessNamed(dataSource, guarded.byName()));
        String by = Caller.name(caller, operator);
        Map<SelfHealingDataSource, HealingConfig> wanted = new LinkedHashMap<>();
        meant.forEach(each -> wanted.put(each, rules.appliedTo(each.config())));
        wanted.forEach((each, config) -> change(each, config, next, by == null ? NOBODY : by));
        return modes();
    }

    private static void change(
            SelfHealingDataSource dataSource, HealingConfig config, @Nullable HealingMode mode, String by) {
        dataSource.config(config, by);
        if (mode != null) {
            dataSource.mode(mode, by);
        }
    }

    private Map<String, @Nullable Object> modes() {
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

    /** {@code mixed} when the modes of the data sources differ, null when there is none. */
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
        body.put("rules", Json.rules(dataSource.config()));
        body.put("healer", Json.healer(dataSource.healer()));
        body.put("leases", dataSource.leases().stream().map(Json::lease).toList());
        body.put("movingWork", dataSource.movingWork().stream().sorted().toList());
        body.put(
                "incidents", dataSource.incidents().stream().map(Json::incident).toList());
        return body;
    }
}
