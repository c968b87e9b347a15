package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGRefCursorResultSet;
import org.postgresql.PGStatement;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.TypeInfo;
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
        for (String file : ConsoleEndpoint.FILES.keySet()) {
            assertThat(RuntimeHintsPredicates.resource().forResource("io/pgheal/console/" + file))
                    .accepts(hints);
        }
    }

    @Test
    void theProxiesThatStandForTheDrivers() {
        for (Class<?> driver :
                new Class<?>[] {BaseConnection.class, QueryExecutor.class, PGStatement.class, PGRefCursorResultSet.class
                }) {
            assertThat(RuntimeHintsPredicates.proxies().forInterfaces(driver)).accepts(hints);
            assertThat(hints.reflection().getTypeHint(driver).getMemberCategories())
                    .contains(MemberCategory.INVOKE_PUBLIC_METHODS);
        }
        assertThat(RuntimeHintsPredicates.proxies().forInterfaces(BaseConnection.class, TypeInfo.class))
                .accepts(hints);
    }

    @Test
    void whatIsAskedByName() throws Exception {
        assertThat(hints.reflection().getTypeHint(HikariDataSource.class).getMemberCategories())
                .contains(MemberCategory.INVOKE_PUBLIC_METHODS);
        assertFields(ThreadPoolTaskExecutor.class.getName(), "taskDecorator");
        assertFields("org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler", "taskDecorator");
        assertFields("org.springframework.core.task.SimpleAsyncTaskExecutor", "taskDecorator");
        assertFields("org.springframework.core.task.support.TaskExecutorAdapter", "taskDecorator");
        assertFields(
                "org.springframework.scheduling.support.DelegatingErrorHandlingRunnable", "delegate", "errorHandler");
        assertFields(
                "org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource",
                "targetDataSources",
                "defaultTargetDataSource",
                "resolvedDataSources",
                "resolvedDefaultDataSource");
        assertFields("org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy", "readOnlyDataSource");
    }

    /** They are asked for by name: each must be hinted, and there. */
    private void assertFields(String type, String... names) throws Exception {
        Class<?> there = Class.forName(type);
        assertThat(hints.reflection().getTypeHint(there).fields())
                .as(type)
                .extracting(FieldHint::getName)
                .containsExactlyInAnyOrder(names);
        for (String name : names) {
            assertThat(there.getDeclaredField(name)).isNotNull();
        }
    }
}
