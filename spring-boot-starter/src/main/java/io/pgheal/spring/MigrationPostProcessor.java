package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.track.LongTransaction;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.Ordered;

/**
 * Makes the migrations of Flyway and Liquibase at the start one long transaction: a migration may take any time,
 * whatever the time limits and waiting sessions. Goes by class names, because Spring Boot 3 and 4 have Flyway's in
 * different packages.
 */
final class MigrationPostProcessor implements BeanPostProcessor, DisposableBean, Ordered {
    private static final Logger LOG = LoggerFactory.getLogger(MigrationPostProcessor.class);
    private static final Duration LONGEST = Duration.ofDays(365);
    private static final Set<String> MIGRATIONS = Set.of(
            "org.springframework.boot.autoconfigure.flyway.FlywayMigrationInitializer",
            "org.springframework.boot.flyway.autoconfigure.FlywayMigrationInitializer",
            "liquibase.integration.spring.SpringLiquibase");

    private final ObjectProvider<GuardedDataSources> guarded;

    /**
     * By the name of the bean that migrates during its initialization: another post-processor may replace the bean by a
     * proxy.
     */
    private final Map<String, Migration> open = new ConcurrentHashMap<>();

    /** The thread that creates the bean, and its open work. */
    private record Migration(Thread thread, Deque<LongTransaction> work) {
        void close() {
            work.forEach(LongTransaction::close);
        }
    }

    MigrationPostProcessor(ObjectProvider<GuardedDataSources> guarded) {
        this.guarded = guarded;
    }

    /** The last before the initialization, and so close to the migration. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (migrates(bean.getClass())) {
            closeIf(left -> left.thread() == Thread.currentThread());
            Deque<LongTransaction> work = new ArrayDeque<>();
            try {
                for (SelfHealingDataSource dataSource :
                        guarded.getObject().byName().values()) {
                    work.push(dataSource.longTransaction(LONGEST));
                }
            } catch (RuntimeException | LinkageError e) {
                LOG.warn("pgheal could not keep the migration of '{}' safe from its time limits", name, e);
            }
            open.put(name, new Migration(Thread.currentThread(), work));
        }
        return bean;
    }

    /** Not called when the migration failed: then the application does not start, or the bean is created again. */
    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        Migration migration = open.remove(name);
        if (migration != null) {
            migration.close();
        }
        return bean;
    }

    @Override
    public void destroy() {
        closeIf(left -> true);
    }

    private void closeIf(Predicate<Migration> condition) {
        open.values().removeIf(migration -> {
            boolean closed = condition.test(migration);
            if (closed) {
                migration.close();
            }
            return closed;
        });
    }

    private static boolean migrates(Class<?> type) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            if (MIGRATIONS.contains(at.getName())) {
                return true;
            }
        }
        return false;
    }
}
