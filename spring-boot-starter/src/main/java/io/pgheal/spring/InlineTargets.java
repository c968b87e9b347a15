package io.pgheal.spring;

import java.lang.reflect.Field;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.util.ReflectionUtils;

/**
 * Replaces the targets of Spring's delegating and routing data sources, through any number of levels. A target that is
 * itself a bean is settled by then, and so are its targets. Needs spring-jdbc.
 */
final class InlineTargets {
    private static final Logger LOG = LoggerFactory.getLogger(InlineTargets.class);

    private final Predicate<DataSource> settled;
    private final BiFunction<DataSource, String, DataSource> replacement;

    /** One pool may be the target of several keys. */
    private final IdentityHashMap<DataSource, DataSource> replaced = new IdentityHashMap<>();

    private InlineTargets(Predicate<DataSource> settled, BiFunction<DataSource, String, DataSource> replacement) {
        this.settled = settled;
        this.replacement = replacement;
    }

    /**
     * Replaces the targets before the bean is initialized.
     *
     * @param settled whether a target is guarded, or a bean: then nothing in it is changed
     * @param replacement maps a target, with a name that begins with the bean's, to its guard or to the target itself
     * @return whether it is known what the bean passes on to
     */
    static boolean replace(
            DataSource bean,
            String name,
            Predicate<DataSource> settled,
            BiFunction<DataSource, String, DataSource> replacement) {
        try {
            new InlineTargets(settled, replacement).within(bean, name);
            return true;
        } catch (InvalidPropertyException wrong) {
            throw wrong;
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            LOG.warn(
                    "what the data source '{}' passes on to is guarded only where it is a bean of its own: {}",
                    name,
                    e.toString());
            return false;
        }
    }

    private void within(DataSource passing, String name) throws ReflectiveOperationException {
        if (passing instanceof DelegatingDataSource delegating) {
            DataSource target = delegating.getTargetDataSource();
            if (target != null) {
                DataSource instead = guarded(target, name + ".target");
                if (instead != target) {
                    delegating.setTargetDataSource(instead);
                }
            }
        }
        if (passing instanceof LazyConnectionDataSourceProxy lazy) {
            Object readOnly = read(LazyConnectionDataSourceProxy.class, "readOnlyDataSource", lazy);
            if (readOnly instanceof DataSource target) {
                DataSource instead = guarded(target, name + ".readOnly");
                if (instead != target) {
                    lazy.setReadOnlyDataSource(instead);
                }
            }
        }
        if (passing instanceof AbstractRoutingDataSource routing) {
            within(routing, name);
        }
    }

    private void within(AbstractRoutingDataSource routing, String name) throws ReflectiveOperationException {
        if (read(AbstractRoutingDataSource.class, "targetDataSources", routing) instanceof Map<?, ?> targets) {
            boolean changed = false;
            for (Map.Entry<?, ?> each : targets.entrySet()) {
                changed |= each.getValue() instanceof DataSource target
                        && guarded(target, name + "." + each.getKey()) != target;
            }
            if (changed) {
                routing.setTargetDataSources(new ExchangedTargets(targets, this::exchanged));
            }
        }
        if (read(AbstractRoutingDataSource.class, "defaultTargetDataSource", routing) instanceof DataSource byDefault) {
            DataSource instead = guarded(byDefault, name + ".default");
            if (instead != byDefault) {
                routing.setDefaultTargetDataSource(instead);
            }
        }
        withinResolved(routing, name);
    }

    /**
     * Exchanges already resolved targets in place, those too that the data source made or looked up by a name. Resolving
     * again could create more targets, and other threads may be using the present ones.
     */
    private void withinResolved(AbstractRoutingDataSource routing, String name) throws ReflectiveOperationException {
        if (read(AbstractRoutingDataSource.class, "resolvedDataSources", routing) instanceof Map<?, ?> resolved) {
            Map<Object, @Nullable Object> all = new LinkedHashMap<>();
            boolean changed = false;
            for (Map.Entry<?, ?> each : resolved.entrySet()) {
                Object instead = each.getValue() instanceof DataSource target
                        ? guarded(target, name + "." + each.getKey())
                        : each.getValue();
                changed |= instead != each.getValue();
                all.put(each.getKey(), instead);
            }
            if (changed) {
                // Safe for readers on other threads: the map's only field is final.
                field(AbstractRoutingDataSource.class, "resolvedDataSources")
                        .set(routing, Collections.unmodifiableMap(all));
            }
        }
        if (read(AbstractRoutingDataSource.class, "resolvedDefaultDataSource", routing)
                instanceof DataSource byDefault) {
            DataSource instead = guarded(byDefault, name + ".default");
            if (instead != byDefault) {
                field(AbstractRoutingDataSource.class, "resolvedDefaultDataSource")
                        .set(routing, instead);
            }
        }
    }

    /** The guard of a target, or the target itself. */
    private @Nullable Object exchanged(@Nullable Object target) {
        DataSource instead = target instanceof DataSource dataSource ? replaced.get(dataSource) : null;
        return instead == null ? target : instead;
    }

    private DataSource guarded(DataSource target, String name) throws ReflectiveOperationException {
        if (settled.test(target)) {
            return target;
        }
        DataSource known = replaced.get(target);
        if (known != null) {
            return known;
        }
        replaced.put(target, target); // first, because a chain of targets may lead back to this one
        if (passesOn(target)) {
            within(target, name);
            return target;
        }
        DataSource instead = replacement.apply(target, name);
        replaced.put(target, instead);
        return instead;
    }

    private static boolean passesOn(DataSource target) {
        return target instanceof DelegatingDataSource || target instanceof AbstractRoutingDataSource;
    }

    private static @Nullable Object read(Class<?> type, String name, Object from) throws ReflectiveOperationException {
        return field(type, name).get(from);
    }

    private static Field field(Class<?> type, String name) throws NoSuchFieldException {
        Field field = ReflectionUtils.findField(type, name);
        if (field == null) {
            throw new NoSuchFieldException(name);
        }
        ReflectionUtils.makeAccessible(field);
        return field;
    }
}
