package io.pgheal.spring;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;

/** The version, the mode by data source, and the data sources without a guard, for the endpoint {@code info}. */
record InfoContribution(GuardedDataSources guarded) implements InfoContributor {
    @Override
    public void contribute(Info.Builder builder) {
        Map<String, Object> modes = new LinkedHashMap<>();
        guarded.byName().forEach((name, guard) -> modes.put(name, Json.word(guard.mode())));
        Map<String, Object> detail = new LinkedHashMap<>();
        String version = InfoContribution.class.getPackage().getImplementationVersion();
        if (version != null) {
            detail.put("version", version);
        }
        detail.put("modes", modes);
        if (!guarded.unguarded().isEmpty()) {
            detail.put("unguarded", List.copyOf(guarded.unguarded().keySet()));
        }
        builder.withDetail("pgheal", detail);
    }
}
