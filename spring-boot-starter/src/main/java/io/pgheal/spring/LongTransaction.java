package io.pgheal.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares that the database work of a Spring bean's method, or of all methods of a class, may take long. While the
 * method runs, no time limit of pgheal applies to the connections that its thread has borrowed or borrows. Proof that
 * an owner is gone still counts. The annotated method may borrow connections itself or be called inside a transaction,
 * and calls may be nested. Work that the method hands to other threads is not covered: use
 * {@link io.pgheal.track.HealingLease#extend} there.
 *
 * <p>Works through Spring's proxies: a call from within the same object has no effect.
 */
@Documented
@Inherited
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface LongTransaction {

    /** The longest time, such as {@code 30m} or {@code ${import.time}}; an invalid value fails the start. */
    String value() default "1h";
}
