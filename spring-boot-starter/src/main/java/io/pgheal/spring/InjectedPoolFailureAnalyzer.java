package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanNotOfRequiredTypeException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Explains what to write where the application asked for a guarded data source by the class of its pool. */
final class InjectedPoolFailureAnalyzer extends AbstractFailureAnalyzer<BeanNotOfRequiredTypeException> {

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BeanNotOfRequiredTypeException cause) {
        return cause.getActualType() == SelfHealingDataSource.class
                ? analysis(cause.getBeanName(), cause.getRequiredType(), cause)
                : null;
    }

    static FailureAnalysis analysis(String bean, Class<?> asked, Throwable cause) {
        return new FailureAnalysis(
                "The bean '" + bean + "' was asked for as " + asked.getName()
                        + ", but pgheal guards it: it is a DataSource around one.",
                "Inject javax.sql.DataSource and call unwrap(" + asked.getSimpleName()
                        + ".class), or write pgheal.exclude-beans=" + bean + ": it is then not guarded.",
                cause);
    }
}
