package io.pgheal.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method of a Spring bean, or all of a class, whose database work may take long: while it runs, no time limit of pgheal
 * applies to the connections that its thread has borrowed or borrows in it. Proof that an owner is gone still counts. The
 * annotated call may borrow inside or be made inside a transaction; it may be nested. What the method hands to other threads
 * is not covered: use {@link io.pgheal.track.HealingLease#extend} there.
 *
 * <p>Works through Spring's proxies: a call from within the same object is not seen.
 */
@Documented
@Inherited
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface LongTransaction {

    /** At most for so long, such as {@code 30m} or {@code ${import.time}}; wrong values stop the start. */
    String value() default "1h";
}
