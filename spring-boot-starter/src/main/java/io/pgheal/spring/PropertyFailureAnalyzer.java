package io.pgheal.spring;

import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Reports in one sentence which property of pgheal is wrong, its value, and what to write. Runs before Spring Boot's
 * own analyzers, which know no remedy; one of them prints the values of unknown properties, which may be passwords.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class PropertyFailureAnalyzer implements FailureAnalyzer {
    private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of("pgheal");

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        InvalidPropertyException invalid = find(failure, InvalidPropertyException.class);
        if (invalid != null) {
            return analysis(invalid.wrong(), invalid.remedy(), failure);
        }
        BindException bind = find(failure, BindException.class);
        if (bind == null || !isOurs(bind.getName())) {
            return null;
        }
        UnboundConfigurationPropertiesException unbound = find(bind, UnboundConfigurationPropertiesException.class);
        if (unbound != null) {
            return unknown(unbound.getUnboundProperties(), failure);
        }
        ConfigurationProperty property = bind.getProperty();
        if (property == null) {
            return null;
        }
        return analysis(
                property.getName() + " is '" + property.getValue() + "'" + from(property),
                remedyFor(bind.getTarget().getType().resolve(Object.class)),
                failure);
    }

    private static boolean isOurs(ConfigurationPropertyName name) {
        return name.equals(PREFIX) || PREFIX.isAncestorOf(name);
    }

    private static FailureAnalysis unknown(Set<ConfigurationProperty> properties, Throwable failure) {
        String names = properties.stream()
                .map(property -> property.getName() + from(property))
                .collect(Collectors.joining(", "));
        boolean allGone = properties.stream().allMatch(property -> replacement(nameOf(property)) != null);
        String remedy = properties.stream()
                .map(PropertyFailureAnalyzer::nameOf)
                .map(name -> Objects.requireNonNullElseGet(
                        replacement(name), () -> "remove it, or write what was meant; nearest: " + nearest(name)))
                .distinct()
                .collect(Collectors.joining("; "));
        return analysis(
                names + (properties.size() == 1 ? " is no property" : " are no properties") + " of pgheal"
                        + (allGone ? " any more" : ""),
                remedy,
                failure);
    }

    private static String nameOf(ConfigurationProperty property) {
        return property.getName().toString();
    }

    /** The property that replaced a former one; null if the name never existed. */
    private static @Nullable String replacement(String name) {
        return name.endsWith(".abandoned.thread-evidence")
                ? "remove it: what threads do ends nothing any more, it only decides when the garbage collector is asked"
                        + " whether anything still refers to the connection (pgheal.proof.collector); to have a"
                        + " connection ended to which something still refers, write pgheal.abandoned.retained=heal"
                : null;
    }

    private static String nearest(String unknown) {
        return KnownProperties.names().stream()
                .min(Comparator.comparingInt((String known) -> distance(unknown, known)))
                .orElse("none");
    }

    /** The edit distance of two names. A missing level counts little, because people write pgheal.grace. */
    private static int distance(String unknown, String known) {
        String last = unknown.substring(unknown.lastIndexOf('.') + 1);
        String lastKnown = known.substring(known.lastIndexOf('.') + 1);
        return Math.min(edits(unknown, known), 2 * edits(last, lastKnown) + 1);
    }

    private static int edits(String one, String other) {
        int[] row = new int[other.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[other.length()];
    }

    private static String remedyFor(Class<?> type) {
        if (type.isEnum()) {
            List<String> words = Arrays.stream(type.getEnumConstants())
                    .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
                    .toList();
            return "write one of " + String.join(", ", words);
        }
        if (type == Duration.class) {
            return "write a time such as 2s or 500ms";
        }
        if (type == Integer.class || type == int.class) {
            return "write a whole number";
        }
        if (type == Boolean.class || type == boolean.class) {
            return "write true or false";
        }
        return "correct it";
    }

    private static String from(ConfigurationProperty property) {
        return property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")";
    }

    private static FailureAnalysis analysis(String wrong, String remedy, Throwable failure) {
        return new FailureAnalysis(sentence(wrong), sentence(remedy), failure);
    }

    /** Makes a sentence. The name of a property at its start gets no capital. */
    private static String sentence(String text) {
        String capital = text.startsWith("pgheal") ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
        return capital.endsWith(".") ? capital : capital + ".";
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 100; depth++) {
            if (type.isInstance(cause)) {
                return type.cast(cause);
            }
            cause = cause.getCause();
        }
        return null;
    }
}
