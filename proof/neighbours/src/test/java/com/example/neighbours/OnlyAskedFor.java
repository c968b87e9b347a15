package com.example.neighbours;

import java.util.List;
import java.util.Locale;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * All applications share one class path. Each gets the auto-configurations of only those neighbours that it asks for by
 * {@code test.with}, as if it had no other.
 */
class OnlyAskedFor implements AutoConfigurationImportFilter, EnvironmentAware {
    private static final List<String> NEIGHBOURS = List.of(
            "batch",
            "cloud",
            "devtools",
            "flyway",
            "gavlyukovskiy",
            "liquibase",
            "narayana",
            "opentelemetry",
            "quartz",
            "session",
            "ttddyy");

    private List<String> asked = List.of();

    @Override
    public void setEnvironment(Environment environment) {
        asked = List.of(environment.getProperty("test.with", "").split(","));
    }

    @Override
    public boolean[] match(String[] classes, AutoConfigurationMetadata metadata) {
        boolean[] wanted = new boolean[classes.length];
        for (int i = 0; i < classes.length; i++) {
            String name = classes[i] == null ? "" : classes[i].toLowerCase(Locale.ROOT);
            // The members of auto-configurations are asked about, too: pgheal's own are all wanted.
            wanted[i] = name.startsWith("io.pgheal.")
                    || NEIGHBOURS.stream().filter(name::contains).allMatch(asked::contains);
        }
        return wanted;
    }
}
