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
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;
import org.springframework.beans.factory.support.AbstractBeanDefinition;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.core.PriorityOrdered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.SmartDataSource;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;

/**
 * Guards each data source bean that is, or may be, PostgreSQL's: the core checks the first connection. Runs early among
 * the post-processors, so that the guard is close to the pool: the wrappers of other post-processors borrow through it.
 * Asks for other beans only when there is a data source to guard, so that none is created too early. The guard is
 * closed before the pool under it.
 */
final class GuardingPostProcessor
        implements DestructionAwareBeanPostProcessor, SmartInitializingSingleton, PriorityOrdered {
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
    private final Set<DataSource> leftAlone =
            Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

    /** The names of the guarded targets that are no beans. */
    private final Set<String> inside = ConcurrentHashMap.newKeySet();

    /**
     * Why a data source gets no guard.
     *
     * @param unguarded whether connections are lent past every guard although the user did not ask for that
     */
    private record Left(String reason, boolean unguarded) {}

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
        return HIGHEST_PRECEDENCE;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        return bean instanceof DataSource dataSource ? guard(dataSource, own(name)) : bean;
    }

    /**
     * Guards the targets of a delegating or routing bean, where they are no beans themselves. What others wrapped around
     * a guarded bean has its guard inside.
     */
    void guardTargets(DataSource passing, String bean) {
        String name = own(bean);
        if (SPRING_JDBC && reasonByName(name) == null && guarded.getObject().get(name) == null) {
            boolean known = InlineTargets.replace(
                    passing, name, this::isSettled, (target, inner) -> guardInside(passing, name, target, inner));
            if (!known) {
                guarded.getObject().unguarded(name, "what it passes on to could not be exchanged");
            }
        }
    }

    private boolean isSettled(DataSource target) {
        return leftAlone.contains(target) || guarded.getObject().contains(target);
    }

    /** The target of that bean, guarded unless there is a reason not to guard it. */
    private DataSource guardInside(DataSource passing, String bean, DataSource target, String name) {
        inside.add(name);
        return guardUnlessLeft(target, name, bean, passing);
    }

    /** Adds a number where another target or bean already has this name. */
    private String freeName(String name) {
        String free = name;
        for (int i = 2; guarded.getObject().get(free) != null || beans.containsBean(free); i++) {
            free = name + "-" + i;
        }
        return free;
    }

    private DataSource guard(DataSource dataSource, String name) {
        if (guarded.getObject().contains(dataSource)) {
            return dataSource; // initialized once more, as Spring Cloud does after a change of its properties
        }
        if (dataSource instanceof SelfHealingDataSource own) {
            guarded.getObject().add(name, own);
            return dataSource;
        }
        DataSource inItsPlace = guardUnlessLeft(dataSource, name, name, null);
        if (inItsPlace == dataSource && beans.containsBean(name) && beans.isSingleton(name)) {
            leftAlone.add(dataSource); // only singletons: beans of other scopes come and go
        }
        return inItsPlace;
    }

    /**
     * What the application is to use in place of the data source; the data source itself where that gets no guard.
     *
     * @param bean the bean whose properties apply
     * @param within that bean, where the data source is a target of it
     */
    private DataSource guardUnlessLeft(DataSource dataSource, String name, String bean, @Nullable DataSource within) {
        DataSource known = guarded.getObject().inPlaceOf(dataSource);
        if (known != null) {
            return known;
        }
        Left left = reasonToLeave(dataSource, name);
        if (left != null) {
            leave(dataSource, name, left);
            return dataSource;
        }
        return guard(dataSource, within == null ? name : freeName(name), bean, within);
    }

    private void leave(DataSource dataSource, String name, Left left) {
        LOG.info("pgheal leaves the data source '{}' alone: {}", name, left.reason());
        if (left.unguarded() && PoolSettings.isPostgres(dataSource).orElse(false)) {
            guarded.getObject().unguarded(name, left.reason());
        }
    }

    private DataSource guard(DataSource dataSource, String name, String bean, @Nullable DataSource within) {
        HealingConfig config = properties.getObject().configOf(bean);
        ConnectionOpener control =
                ControlConnections.opener(properties.getObject().controlOf(bean), dataSource);
        SelfHealingDataSource guard = null;
        try {
            guard = build(dataSource, name, config, control);
            DataSource inItsPlace = GuardedBean.of(dataSource, guard);
            guarded.getObject().add(name, guard, dataSource, inItsPlace, within);
            return inItsPlace;
        } catch (RuntimeException | LinkageError e) {
            LOG.error("pgheal could not guard the data source '{}': the application runs without", name, e);
            if (guard != null) {
                guard.close();
            }
            guarded.getObject().unguarded(name, "guarding it failed: " + e);
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
    private @Nullable Left reasonToLeave(DataSource dataSource, String name) {
        Left byName = reasonByName(name);
        if (byName != null) {
            return byName;
        }
        Left delegating = SPRING_JDBC ? SpringJdbc.reasonToLeave(dataSource) : null;
        if (delegating != null) {
            return delegating;
        }
        if (isGuardBelow(dataSource)) {
            return new Left("what it wraps is guarded already", false);
        }
        return PoolSettings.isPostgres(dataSource).orElse(true) ? null : new Left("it is not PostgreSQL's", false);
    }

    private @Nullable Left reasonByName(String name) {
        if (properties.getObject().excludeBeans().contains(name)) {
            return new Left("pgheal.exclude-beans names it", false);
        }
        if (ScopedProxyUtils.isScopedTarget(name)) {
            return new Left("it is the target of a scoped proxy, which is guarded in its place", false);
        }
        if (beans.containsBean(name) && !beans.isSingleton(name)) {
            return new Left("it is no singleton, and each of its instances would need a healer of its own", true);
        }
        return null;
    }

    /**
     * The name by which a bean is known to the user. The target of a scoped proxy has the proxy's, where no
     * post-processor ever sees the proxy: so it is in Spring Cloud's refresh scope, which has one target at a time.
     */
    private String own(String name) {
        String proxy = ScopedProxyUtils.isScopedTarget(name) ? ScopedProxyUtils.getOriginalBeanName(name) : name;
        return !proxy.equals(name)
                        && beans.containsBeanDefinition(proxy)
                        && beans.getMergedBeanDefinition(proxy) instanceof AbstractBeanDefinition definition
                        && definition.isSynthetic()
                ? proxy
                : name;
    }

    /** Not asked whether it wraps one: some deny what they unwrap to, some say yes to everything, and old ones have no answer. */
    private static boolean isGuardBelow(DataSource dataSource) {
        try {
            Object below = dataSource.unwrap(SelfHealingDataSource.class);
            return below instanceof SelfHealingDataSource;
        } catch (SQLException | RuntimeException | LinkageError e) {
            return false;
        }
    }

    /** Checks the properties also where there is nothing to guard, and warns of names that match no bean. */
    @Override
    public void afterSingletonsInstantiated() {
        TableLimits.checkPatterns(environment);
        findUnguarded();
        PghealProperties said = properties.getObject();
        said.configOf("");
        said.dataSources().keySet().forEach(said::configOf);
        said.excludeBeans().forEach(name -> warnIfAbsent("pgheal.exclude-beans", name));
        said.dataSources().keySet().stream()
                .filter(name -> guarded.getObject().byName().keySet().stream()
                        .noneMatch(bean -> PghealProperties.uniform(bean).equals(PghealProperties.uniform(name))))
                .forEach(name -> warnIfAbsent("pgheal.data-sources", name));
    }

    /**
     * Looks at the beans as they are now, whatever was meant to become of them: one may have been created before there
     * was a post-processor. Warns of each that lends past every guard.
     */
    private void findUnguarded() {
        GuardedDataSources all = guarded.getObject();
        for (String name : beans.getBeanNamesForType(DataSource.class, true, false)) {
            if (reasonByName(name) == null
                    && !all.unguarded().containsKey(name)
                    && beans.getSingleton(name) instanceof DataSource dataSource
                    && !all.contains(dataSource)
                    && !isGuardBelow(dataSource)
                    && PoolSettings.isPostgres(dataSource).orElse(false)) {
                all.unguarded(name, "it was created before pgheal could guard it");
            }
        }
        all.unguarded().forEach((name, reason) -> LOG.warn("the data source '{}' is not guarded: {}", name, reason));
        if (all.guardsNothing()) {
            LOG.warn("pgheal guards nothing: no PostgreSQL data source of this application is guarded");
        }
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
            leftAlone.remove(dataSource);
            guarded.ifAvailable(all -> all.release(own(name), dataSource));
        }
    }

    /** A separate class, because spring-jdbc is optional. */
    private static final class SpringJdbc {
        static @Nullable Left reasonToLeave(DataSource dataSource) {
            if (dataSource instanceof DelegatingDataSource) {
                return new Left("it delegates to another one, which is guarded in its place", false);
            }
            if (dataSource instanceof AbstractRoutingDataSource) {
                return new Left("it routes to others, which are guarded in its place", false);
            }
            if (dataSource instanceof SmartDataSource) {
                return new Left("it decides itself when its connections are closed", true);
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
