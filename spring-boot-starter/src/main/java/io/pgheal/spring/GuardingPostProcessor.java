package io.pgheal.spring;

import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.ConnectionOpener;
import java.sql.SQLException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.SmartDataSource;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;

/**
 * Wraps a guard around each data source bean that is, or may be, PostgreSQL's: the core checks the first connection.
 * Runs late among the post-processors, so that the guard is outside of other wrappers (except those of unordered
 * processors, such as datasource-micrometer's). Asks for other beans only when there is a data source to guard, so that
 * none is created too early. The guard is closed before the pool under it.
 */
final class GuardingPostProcessor implements DestructionAwareBeanPostProcessor, SmartInitializingSingleton, Ordered {
    private static final Logger LOG = LoggerFactory.getLogger(GuardingPostProcessor.class);
    private static final boolean SPRING_JDBC = isPresent("org.springframework.jdbc.datasource.DelegatingDataSource");
    private static final BooleanSupplier INSIDE_TRANSACTION =
            isPresent("org.springframework.transaction.support.TransactionSynchronizationManager")
                    ? SpringTransaction::isActive
                    : () -> false;

    private final ConfigurableListableBeanFactory beans;
    private final ConfigurableEnvironment environment;
    private final ApplicationEventPublisher events;
    private final ObjectProvider<PghealProperties> properties;
    private final ObjectProvider<GuardedDataSources> guarded;
    private final ObjectProvider<GuardCustomizer> customizers;

    /** Beans without a guard, by identity: another bean may delegate to one. */
    private final Set<DataSource> unguarded =
            Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

    /** The names of the guarded targets that are no beans. */
    private final Set<String> inside = ConcurrentHashMap.newKeySet();

    GuardingPostProcessor(
            ConfigurableListableBeanFactory beans,
            ConfigurableEnvironment environment,
            ApplicationEventPublisher events,
            ObjectProvider<PghealProperties> properties,
            ObjectProvider<GuardedDataSources> guarded,
            ObjectProvider<GuardCustomizer> customizers) {
        this.beans = beans;
        this.environment = environment;
        this.events = events;
        this.properties = properties;
        this.guarded = guarded;
        this.customizers = customizers;
    }

    private static boolean isPresent(String className) {
        return ClassUtils.isPresent(className, GuardingPostProcessor.class.getClassLoader());
    }

    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    /**
     * Guards the targets of a delegating or routing bean, where they are no beans themselves, before the bean reads
     * them.
     */
    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (SPRING_JDBC && bean instanceof DataSource dataSource && reasonToLeaveBean(name) == null) {
            InlineTargets.replace(
                    dataSource, name, this::isSettled, (target, inner) -> guardInside(name, target, inner));
        }
        return bean;
    }

    private boolean isSettled(DataSource target) {
        return unguarded.contains(target) || guarded.getObject().contains(target);
    }

    /** The target of that bean, guarded unless there is a reason not to guard it. */
    private DataSource guardInside(String bean, DataSource target, String name) {
        inside.add(name);
        String reason = reasonToLeave(target, name);
        if (reason != null) {
            LOG.info("pgheal leaves the data source '{}' alone: {}", name, reason);
            return target;
        }
        String free = freeName(name);
        return guard(target, free, bean, guard -> guarded.getObject().addInside(bean, free, guard, target));
    }

    /** Adds a number where another target or bean already has this name. */
    private String freeName(String name) {
        String free = name;
        for (int i = 2; guarded.getObject().get(free) != null || beans.containsBean(free); i++) {
            free = name + "-" + i;
        }
        return free;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (!(bean instanceof DataSource dataSource)) {
            return bean;
        }
        if (SPRING_JDBC && reasonToLeaveBean(name) == null) {
            warnOfLateTargets(dataSource, name);
        }
        return guard(dataSource, name);
    }

    /**
     * Warns of targets that a routing data source creates or looks up while it is initialized: they cannot be guarded.
     */
    private void warnOfLateTargets(DataSource passing, String bean) {
        try {
            InlineTargets.of(passing, bean).forEach((name, target) -> {
                if (!isSettled(target) && reasonToLeave(target, name) == null) {
                    LOG.warn(
                            "the data source '{}' is not guarded, for it is made late or looked up by a name: "
                                    + "make it a bean of its own",
                            name);
                }
            });
        } catch (RuntimeException | LinkageError e) {
            LOG.warn(
                    "whether all is guarded that the data source '{}' passes on to is unknown: {}", bean, e.toString());
        }
    }

    private DataSource guard(DataSource dataSource, String name) {
        if (dataSource instanceof SelfHealingDataSource own) {
            if (!guarded.getObject().contains(own)) {
                guarded.getObject().add(name, own, null);
            }
            return dataSource;
        }
        String reason = reasonToLeave(dataSource, name);
        if (reason != null) {
            LOG.info("pgheal leaves the data source '{}' alone: {}", name, reason);
            if (beans.containsBean(name) && beans.isSingleton(name)) {
                unguarded.add(dataSource); // only singletons: beans of other scopes come and go
            }
            return dataSource;
        }
        return guard(dataSource, name, name, guard -> guarded.getObject().add(name, guard, dataSource));
    }

    /** @param bean the bean whose properties apply */
    private DataSource guard(DataSource dataSource, String name, String bean, Consumer<SelfHealingDataSource> known) {
        HealingConfig config = properties.getObject().configOf(bean);
        ConnectionOpener control =
                ControlConnections.opener(properties.getObject().controlOf(bean), dataSource);
        try {
            SelfHealingDataSource guard = build(dataSource, name, config, control);
            known.accept(guard);
            return guard;
        } catch (RuntimeException | LinkageError e) {
            LOG.error("pgheal could not guard the data source '{}': the application runs without", name, e);
            return dataSource;
        }
    }

    private SelfHealingDataSource build(
            DataSource dataSource, String name, HealingConfig config, @Nullable ConnectionOpener control) {
        SelfHealingDataSource.Builder builder = SelfHealingDataSource.builder(dataSource)
                .name(name)
                .config(config)
                .insideTransaction(INSIDE_TRANSACTION)
                .tracing(new MdcTracing())
                .listener(events::publishEvent);
        if (control != null) {
            builder.control(control);
        }
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
        return builder.build();
    }

    /** Why the data source gets no guard; null when it is to be guarded. */
    private @Nullable String reasonToLeave(DataSource dataSource, String name) {
        String bean = reasonToLeaveBean(name);
        if (bean != null) {
            return bean;
        }
        String delegating = SPRING_JDBC ? SpringJdbc.reasonToLeave(dataSource, guarded.getObject()) : null;
        if (delegating != null) {
            return delegating;
        }
        if (isGuardBelow(dataSource)) {
            return "what it wraps is guarded already";
        }
        String url = PoolSettings.url(dataSource);
        return url == null || isPostgres(url) ? null : "it is not PostgreSQL's";
    }

    /** Why the bean gets no guard, by its name and scope. */
    private @Nullable String reasonToLeaveBean(String name) {
        if (properties.getObject().excludeBeans().contains(name)) {
            return "pgheal.exclude-beans names it";
        }
        if (ScopedProxyUtils.isScopedTarget(name)) {
            return "it is the target of a scoped proxy, which is guarded in its place";
        }
        if (beans.containsBean(name) && !beans.isSingleton(name)) {
            return "it is no singleton, and each of its instances would need a healer of its own";
        }
        return null;
    }

    /** Also true for a driver that wraps another, such as {@code jdbc:tc:postgresql:}. */
    private static boolean isPostgres(String url) {
        return url.startsWith("jdbc:") && url.contains(":postgresql:");
    }

    private static boolean isGuardBelow(DataSource dataSource) {
        try {
            return dataSource.isWrapperFor(SelfHealingDataSource.class);
        } catch (SQLException | RuntimeException e) {
            return false;
        }
    }

    /** Checks the properties also where there is nothing to guard, and warns of names that match no bean. */
    @Override
    public void afterSingletonsInstantiated() {
        TableLimits.checkPatterns(environment);
        PghealProperties said = properties.getObject();
        said.configOf("");
        said.dataSources().keySet().forEach(said::configOf);
        said.excludeBeans().forEach(name -> warnIfAbsent("pgheal.exclude-beans", name));
        said.dataSources().keySet().stream()
                .filter(name -> guarded.getObject().byName().keySet().stream()
                        .noneMatch(bean -> PghealProperties.uniform(bean).equals(PghealProperties.uniform(name))))
                .forEach(name -> warnIfAbsent("pgheal.data-sources", name));
    }

    private void warnIfAbsent(String property, String name) {
        if (!beans.containsBean(name) && !inside.contains(name)) {
            LOG.warn("{} names '{}', but there is no bean of this name", property, name);
        }
    }

    @Override
    public boolean requiresDestruction(Object bean) {
        return bean instanceof DataSource;
    }

    @Override
    public void postProcessBeforeDestruction(Object bean, String name) {
        if (bean instanceof DataSource dataSource) {
            guarded.ifAvailable(all -> all.release(name, dataSource));
        }
    }

    /** A separate class, because spring-jdbc is optional. */
    private static final class SpringJdbc {
        static @Nullable String reasonToLeave(DataSource dataSource, GuardedDataSources guarded) {
            if (dataSource instanceof DelegatingDataSource delegating) {
                DataSource target = delegating.getTargetDataSource();
                return target != null && guarded.contains(target)
                        ? "the one that it delegates to is guarded"
                        : "it delegates to another one";
            }
            if (dataSource instanceof AbstractRoutingDataSource) {
                return "it routes to others, which are guarded";
            }
            if (dataSource instanceof SmartDataSource) {
                return "it decides itself when its connections are closed";
            }
            return null;
        }
    }

    /** A separate class, because spring-tx is optional. */
    private static final class SpringTransaction {
        static boolean isActive() {
            return TransactionSynchronizationManager.isSynchronizationActive()
                    || TransactionSynchronizationManager.isActualTransactionActive();
        }
    }
}
