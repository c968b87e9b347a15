package io.pgheal.track;

import static net.bytebuddy.matcher.ElementMatchers.nameStartsWith;

import java.lang.invoke.MethodHandles;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.loading.ClassLoadingStrategy;
import net.bytebuddy.implementation.StubMethod;
import net.bytebuddy.pool.TypePool;

/** The stack that pgheal keeps for a driver call: by itself, and pgheal without it. */
public final class StackReserve {
    private static long seed = 1;

    private StackReserve() {}

    public static void touch() {
        StackPreflight.touch(seed++);
    }

    /**
     * From now on in this JVM pgheal touches no stack, not even before a borrow. What its calls take then is what its own
     * frames take. To be called before any class of pgheal is used.
     */
    public static void remove() {
        TypePool types = TypePool.Default.ofSystemLoader();
        new ByteBuddy()
                .redefine(
                        types.describe(StackReserve.class.getPackageName() + ".StackPreflight")
                                .resolve(),
                        ClassFileLocator.ForClassLoader.ofSystemLoader())
                .method(nameStartsWith("touch"))
                .intercept(StubMethod.INSTANCE)
                .make()
                .load(ClassLoader.getSystemClassLoader(), ClassLoadingStrategy.UsingLookup.of(MethodHandles.lookup()));
    }
}
