package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootVersion;
import org.springframework.util.ClassUtils;

/** The build runs these tests once per Spring Boot line; here it is held to that. */
class SpringBootLineTest {

    private final String version = SpringBootVersion.getVersion();

    @Test
    void runsOnTheVersionThatTheBuildChose() {
        assertThat(version).isEqualTo(System.getProperty("expected.spring-boot.version", version));
    }

    @Test
    void seesOnlyItsOwnLinesHealthIndicator() {
        boolean boot4 = version.startsWith("4.");
        assertThat(ClassUtils.isPresent("org.springframework.boot.health.contributor.HealthIndicator", null))
                .isEqualTo(boot4);
        assertThat(ClassUtils.isPresent("org.springframework.boot.actuate.health.HealthIndicator", null))
                .isEqualTo(!boot4);
    }
}
