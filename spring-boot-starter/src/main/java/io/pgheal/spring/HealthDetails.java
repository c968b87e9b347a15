package io.pgheal.spring;

import io.pgheal.decide.HealingMode;
import io.pgheal.report.HealerState;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The content of the health indicators, for which each Spring Boot line has classes of its own. A healed incident does
 * not affect health.
 */
record HealthDetails(boolean down, Map<String, Object> dataSources) {

    /** Blind too where there is something to guard, and nothing of it is guarded. */
    static HealthDetails of(GuardedDataSources guarded, PghealProperties properties) {
        boolean blind = guarded.guardsNothing();
        Map<String, Object> details = new LinkedHashMap<>();
        for (var entry : guarded.byName().entrySet()) {
            HealerState state = entry.getValue().healer();
            boolean blindHere = state.mode() != HealingMode.OFF
                    && !(state.connected() && state.trouble().isEmpty());
            blind |= blindHere;
            details.put(entry.getKey(), describe(state, blindHere));
        }
        guarded.unguarded().forEach((name, reason) -> details.put(name, Map.of("unguarded", reason)));
        return new HealthDetails(blind && properties.health().blindIsDown(), details);
    }

    private static Map<String, Object> describe(HealerState state, boolean blind) {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("mode", Json.word(state.mode()));
        detail.put("blind", blind);
        if (!state.trouble().isEmpty()) {
            detail.put("trouble", state.trouble());
        }
        if (!state.shortcomings().isEmpty()) {
            detail.put("shortcomings", state.shortcomings());
        }
        detail.put("breakerOpen", state.breakerOpen());
        detail.put("proof", Json.proof(state.proof()));
        detail.put("retained", state.retained());
        detail.put("leases", state.leases());
        detail.put("openTransactions", state.openTransactions());
        return detail;
    }
}
