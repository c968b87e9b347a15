package io.pgheal.spring;

import io.pgheal.Release;
import io.pgheal.ReleaseTarget;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.TransactionRef;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * {@code POST /actuator/pghealrelease}: ends blocking sessions. Exists only if the application sets
 * {@code management.endpoint.pghealrelease.access=unrestricted}, whatever it sets for all endpoints; then it is secured
 * like any write operation of the actuator. Without {@code "dryRun": false} it only shows which sessions it would hit.
 */
@Endpoint(id = "pghealrelease", defaultAccess = Access.NONE)
final class ReleaseEndpoint {
    private final GuardedDataSources guarded;

    ReleaseEndpoint(GuardedDataSources guarded) {
        this.guarded = guarded;
    }

    /**
     * Selects either by {@code table}, the root blockers of the sessions that wait for it, or by {@code pid} and
     * {@code backendStart} one session. In the second case {@code state} and {@code stateChange} (and
     * {@code xactStart}, where there is one) select the transaction as it was seen and no later one. All values are as
     * the other endpoints show them.
     *
     * @param how {@code terminate}, the default, or {@code cancel}
     * @param operator used only where nobody is logged in
     */
    @WriteOperation
    WebEndpointResponse<Map<String, @Nullable Object>> release(
            SecurityContext caller,
            @org.springframework.lang.Nullable @Nullable String table,
            @org.springframework.lang.Nullable @Nullable Integer pid,
            @org.springframework.lang.Nullable @Nullable String backendStart,
            @org.springframework.lang.Nullable @Nullable String xactStart,
            @org.springframework.lang.Nullable @Nullable String stateChange,
            @org.springframework.lang.Nullable @Nullable String state,
            @org.springframework.lang.Nullable @Nullable String how,
            @org.springframework.lang.Nullable @Nullable Boolean dryRun,
            @org.springframework.lang.Nullable @Nullable String dataSource,
            @org.springframework.lang.Nullable @Nullable String operator) {
        boolean shownOnly = dryRun == null || dryRun;
        return BadRequest.unless(() -> release(
                dataSource(dataSource),
                whom(table, pid, backendStart, xactStart, stateChange, state),
                remedy(how),
                shownOnly ? null : name(caller, operator)));
    }

    /** @param operator null to only show which sessions would be hit */
    private static Map<String, @Nullable Object> release(
            SelfHealingDataSource where, ReleaseTarget whom, Release remedy, @Nullable String operator)
            throws SQLException {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("dryRun", operator == null);
        if (operator == null) {
            json.put(
                    "wouldHit",
                    where.wouldRelease(whom, remedy).stream()
                            .map(Json::candidate)
                            .toList());
        } else {
            json.put(
                    "incidents",
                    where.release(whom, remedy, operator).stream()
                            .map(Json::incident)
                            .toList());
        }
        return json;
    }

    private SelfHealingDataSource dataSource(@Nullable String name) {
        Map<String, SelfHealingDataSource> all = guarded.byName();
        if (name != null) {
            return BadRequest.unlessNamed(name, all);
        }
        if (all.size() != 1) {
            throw BadRequest.because("there are " + all.size() + " guarded data sources: write dataSource, one of "
                    + String.join(", ", all.keySet()));
        }
        return all.values().iterator().next();
    }

    private static Release remedy(@Nullable String how) {
        if (how == null || how.equalsIgnoreCase(Release.TERMINATE.name())) {
            return Release.TERMINATE;
        }
        if (how.equalsIgnoreCase(Release.CANCEL.name())) {
            return Release.CANCEL;
        }
        throw BadRequest.because("how is '" + how + "'; write terminate or cancel");
    }

    private static ReleaseTarget whom(
            @Nullable String table,
            @Nullable Integer pid,
            @Nullable String backendStart,
            @Nullable String xactStart,
            @Nullable String stateChange,
            @Nullable String state) {
        if (table != null && pid == null) {
            return ReleaseTarget.rootBlockersOf(table);
        }
        if (table != null || pid == null || backendStart == null) {
            throw BadRequest.because("write either table, or pid and backendStart as the blocking tree shows them");
        }
        BackendId backend = new BackendId(pid, backendStart);
        if (stateChange == null && state == null && xactStart == null) {
            return ReleaseTarget.session(backend);
        }
        if (stateChange == null || state == null) {
            throw BadRequest.because(
                    "to mean one transaction, write state and stateChange, as the blocking tree shows them");
        }
        return ReleaseTarget.transaction(new TransactionRef(backend, xactStart, stateChange, state));
    }

    private static String name(SecurityContext caller, @Nullable String operator) {
        String name = Caller.name(caller, operator);
        if (name == null) {
            throw BadRequest.because("nobody is logged in: write operator, the incident tells who it was");
        }
        return name;
    }
}
