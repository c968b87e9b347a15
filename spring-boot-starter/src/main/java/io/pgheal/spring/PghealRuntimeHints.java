package io.pgheal.spring;

import org.jspecify.annotations.Nullable;
import org.postgresql.PGRefCursorResultSet;
import org.postgresql.PGStatement;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.TypeInfo;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.TypeReference;

/**
 * Registers for a native image what is only looked up by name (the console's files, getters of pools, decorators), and
 * the interfaces of the proxies for the driver's objects.
 */
final class PghealRuntimeHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
        hints.resources().registerPattern("io/pgheal/console/*");
        for (String pool : new String[] {
            "com.zaxxer.hikari.HikariDataSource",
            "org.apache.tomcat.jdbc.pool.DataSource",
            "org.apache.commons.dbcp2.BasicDataSource",
            "org.postgresql.ds.PGSimpleDataSource",
            "org.springframework.jdbc.datasource.DriverManagerDataSource",
            "org.springframework.jdbc.datasource.SimpleDriverDataSource"
        }) {
            hints.reflection()
                    .registerTypeIfPresent(
                            loader, pool, hint -> hint.withMembers(MemberCategory.INVOKE_PUBLIC_METHODS));
        }
        for (String executor : new String[] {
            "org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor",
            "org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler",
            "org.springframework.core.task.SimpleAsyncTaskExecutor",
            "org.springframework.core.task.support.TaskExecutorAdapter",
            "org.springframework.scheduling.concurrent.ConcurrentTaskExecutor"
        }) {
            hints.reflection().registerTypeIfPresent(loader, executor, hint -> hint.withField("taskDecorator"));
        }
        hints.reflection()
                .registerTypeIfPresent(
                        loader,
                        "org.springframework.scheduling.support.DelegatingErrorHandlingRunnable",
                        hint -> hint.withField("delegate").withField("errorHandler"));
        hints.reflection()
                .registerTypeIfPresent(
                        loader,
                        "org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource",
                        hint -> hint.withField("targetDataSources")
                                .withField("defaultTargetDataSource")
                                .withField("resolvedDataSources")
                                .withField("resolvedDefaultDataSource"));
        hints.reflection()
                .registerTypeIfPresent(
                        loader,
                        "org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy",
                        hint -> hint.withField("readOnlyDataSource"));
        hints.reflection()
                .registerTypeIfPresent(
                        loader,
                        "org.springframework.batch.core.job.AbstractJob",
                        hint -> hint.withMembers(MemberCategory.INVOKE_PUBLIC_METHODS));
        for (Class<?> driver :
                new Class<?>[] {BaseConnection.class, QueryExecutor.class, PGStatement.class, PGRefCursorResultSet.class
                }) {
            hints.proxies().registerJdkProxy(driver);
            hints.reflection().registerType(driver, MemberCategory.INVOKE_PUBLIC_METHODS);
        }
        hints.proxies().registerJdkProxy(BaseConnection.class, TypeInfo.class);
        hints.reflection().registerType(TypeInfo.class, MemberCategory.INVOKE_PUBLIC_METHODS);
        for (String heard : new String[] {
            "org.springframework.batch.core.JobExecutionListener",
            "org.springframework.batch.core.listener.JobExecutionListener"
        }) {
            hints.proxies().registerJdkProxy(TypeReference.of(heard));
        }
        for (String execution : new String[] {
            "org.springframework.batch.core.JobExecution", "org.springframework.batch.core.job.JobExecution"
        }) {
            hints.reflection()
                    .registerTypeIfPresent(
                            loader, execution, hint -> hint.withMembers(MemberCategory.INVOKE_PUBLIC_METHODS));
        }
    }
}
