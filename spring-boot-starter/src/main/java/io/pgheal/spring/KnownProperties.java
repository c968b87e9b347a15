package io.pgheal.spring;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The names of all properties, read from {@link PghealProperties}. */
final class KnownProperties {
    private KnownProperties() {}

    static List<String> names() {
        List<String> names = new ArrayList<>();
        collect("pgheal", PghealProperties.class, names);
        return names;
    }

    private static void collect(String prefix, Class<?> type, List<String> names) {
        for (RecordComponent component : type.getRecordComponents()) {
            String name = prefix + "."
                    + component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(java.util.Locale.ROOT);
            if (component.getType().isRecord()) {
                collect(name, component.getType(), names);
            } else if (component.getType() == Map.class) {
                names.add(name
                        + (component.getName().equals("tables") ? ".<table>.idle-blocker-timeout" : ".<bean>.mode"));
            } else {
                names.add(name);
            }
        }
    }
}
