package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanNotOfRequiredTypeException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.InfrastructureProxy;

/**
 * Explains what to write where the application asked for a guarded data source by a class that cannot be subclassed: what
 * it gets in place of the pool is not of that class.
 */
final class InjectedPoolFailureAnalyzer extends AbstractFailureAnalyzer<BeanNotOfRequiredTypeException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BeanNotOfRequiredTypeException cause) {
        return (DataSource.class.isAssignableFrom(cause.getActualType())
                                && InfrastructureProxy.class.isAssignableFrom(cause.getActualType()))
                        || cause.getActualType() == SelfHealingDataSource.class
                ? analysis(cause.getBeanName(), cause.getRequiredType(), cause)
                : null;
    }

    static FailureAnalysis analysis(String bean, Class<?> asked, Throwable cause) {
        return new FailureAnalysis(
                "The bean '" + bean + "' was asked for as " + asked.getName()
                        + ", but pgheal guards it, and cannot stand in for a class that is final or has final methods.",
                "Inject javax.sql.DataSource and call unwrap(" + asked.getSimpleName()
                        + ".class), or write pgheal.exclude-beans=" + bean + ": it is then not guarded.",
                cause);
    }
}
