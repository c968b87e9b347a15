package io.pgheal.spring;

import java.lang.reflect.Method;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.aop.support.AopUtils;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * Adds the interceptor of {@link LongTransaction} to the beans that ask for it. The interceptor runs outside of
 * Spring's transactions, because it must still hold when the transaction of the same method commits. It runs inside of
 * {@code @Async}, on the thread that works. Both post-processors add their advice before all others, so the one that
 * comes later is outermost.
 */
final class LongTransactionPostProcessor extends AbstractBeanFactoryAwareAdvisingPostProcessor {
    private static final long serialVersionUID = 1L;

    private transient @Nullable ConfigurableBeanFactory values;

    LongTransactionPostProcessor(ObjectProvider<GuardedDataSources> guarded, boolean proxyTargetClass) {
        setOrder(LOWEST_PRECEDENCE - 1);
        setBeforeExistingAdvisors(true);
        setProxyTargetClass(proxyTargetClass);
        this.advisor = new DefaultPointcutAdvisor(new Annotated(), new LongTransactionInterceptor(guarded, this::time));
    }

    @Override
    public void setBeanFactory(BeanFactory beanFactory) {
        super.setBeanFactory(beanFactory);
        values = beanFactory instanceof ConfigurableBeanFactory configurable ? configurable : null;
    }

    /**
     * A class whose methods refer to classes that are missing works until its methods are inspected: such a class
     * counts as not annotated.
     */
    @Override
    protected boolean isEligible(Class<?> targetClass) {
        try {
            return super.isEligible(targetClass);
        } catch (IllegalStateException | LinkageError e) {
            return false;
        }
    }

    /** The annotation of the method, else that of its class; null when there is none. */
    private static @Nullable LongTransaction find(Method method, @Nullable Class<?> targetClass) {
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        LongTransaction own = AnnotatedElementUtils.findMergedAnnotation(specific, LongTransaction.class);
        return own != null || targetClass == null
                ? own
                : AnnotatedElementUtils.findMergedAnnotation(targetClass, LongTransaction.class);
    }

    private @Nullable Duration time(Method method, @Nullable Class<?> targetClass) {
        LongTransaction asked = find(method, targetClass);
        return asked == null ? null : parse(asked.value(), method);
    }

    private Duration parse(String written, Method method) {
        ConfigurableBeanFactory factory = values;
        String value = factory == null ? written : String.valueOf(factory.resolveEmbeddedValue(written));
        try {
            Duration time = DurationStyle.detectAndParse(value);
            if (!time.isZero() && !time.isNegative()) {
                return time;
            }
        } catch (IllegalArgumentException e) {
            // the exception below reports it
        }
        throw InvalidPropertyException.of("@LongTransaction(\"" + written + "\") on "
                + method.getDeclaringClass().getName() + "." + method.getName() + " is \"" + value
                + "\"; write a time longer than zero, such as 30m");
    }

    /** Matched for each method when its bean is created: an invalid value fails the start. */
    private final class Annotated extends StaticMethodMatcherPointcut {
        @Override
        public boolean matches(Method method, Class<?> targetClass) {
            return method.getDeclaringClass() != Object.class && time(method, targetClass) != null;
        }
    }
}
