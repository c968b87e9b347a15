package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.sql.SQLException;
import java.util.Arrays;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Like {@link InjectedPoolFailureAnalyzer}, where the guard was created first: then Spring finds no bean of that class.
 */
@Order(Ordered.HIGHEST_PRECEDENCE) // Spring Boot's own analyzer would advise to define one
final class MissingPoolFailureAnalyzer extends AbstractFailureAnalyzer<NoSuchBeanDefinitionException> {
    private final @Nullable BeanFactory beans;

    MissingPoolFailureAnalyzer(@Nullable BeanFactory beans) {
        this.beans = beans;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, NoSuchBeanDefinitionException cause) {
        Class<?> asked = cause.getBeanType();
        if (!(beans instanceof ConfigurableListableBeanFactory all)
                || cause instanceof NoUniqueBeanDefinitionException
                || asked == null
                || !DataSource.class.isAssignableFrom(asked)
                || all.getBeanNamesForType(GuardedDataSources.class, true, false).length == 0) {
            return null;
        }
        return Arrays.stream(all.getBeanNamesForType(DataSource.class, true, false))
                .filter(name -> isPool(all, name, asked))
                .findFirst()
                .map(name -> InjectedPoolFailureAnalyzer.analysis(name, asked, cause))
                .orElse(null);
    }

    /** After a failed start the beans are gone, and only their definitions are known. */
    private static boolean isPool(ConfigurableListableBeanFactory beans, String name, Class<?> asked) {
        try {
            if (beans.getSingleton(name) instanceof DataSource bean && bean.isWrapperFor(SelfHealingDataSource.class)) {
                return bean.isWrapperFor(asked);
            }
            return beans.isTypeMatch(name, asked);
        } catch (SQLException | RuntimeException e) {
            return false;
        }
    }
}
