package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.FieldHint;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/** What a native image keeps. None is built here. */
class RuntimeHintsTest {
    private final RuntimeHints hints = new RuntimeHints();

    /** As the ahead-of-time processing finds it. */
    @BeforeEach
    void register() {
        SpringFactoriesLoader.forResourceLocation("META-INF/spring/aot.factories")
                .load(RuntimeHintsRegistrar.class)
                .stream()
                .filter(PghealRuntimeHints.class::isInstance)
                .forEach(registrar -> registrar.registerHints(hints, getClass().getClassLoader()));
    }

    @Test
    void allFilesOfTheConsole() throws Exception {
        for (String file : new String[] {"console.html", "console.js", "console.css", "icon.svg"}) {
            assertThat(RuntimeHintsPredicates.resource().forResource("io/pgheal/console/" + file))
                    .accepts(hints);
        }
    }

    @Test
    void whatIsAskedByName() throws Exception {
        assertThat(hints.reflection().getTypeHint(HikariDataSource.class).getMemberCategories())
                .contains(MemberCategory.INVOKE_PUBLIC_METHODS);
        assertThat(hints.reflection().getTypeHint(ThreadPoolTaskExecutor.class).fields())
                .extracting(FieldHint::getName)
                .containsExactly("taskDecorator");
    }
}
