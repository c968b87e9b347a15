package io.pgheal.postgres;

import io.pgheal.Internal;
import java.lang.reflect.Method;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads what pools of many makers call the same, so that none of them needs to be on the class path. */
@Internal
public final class Getters {
    private Getters() {}

    static @Nullable String text(Object from, String... getters) {
        return first(from, String.class, getters);
    }

    /** What the first of these getters returns that there is, and that returns something of this type. */
    public static <T> @Nullable T first(Object from, Class<T> type, String... getters) {
        for (String getter : getters) {
            Object value = read(from, getter);
            if (type.isInstance(value) && !"".equals(value)) {
                return type.cast(value);
            }
        }
        return null;
    }

    static boolean has(Object object, String method) {
        return Arrays.stream(object.getClass().getMethods())
                .anyMatch(each -> each.getName().equals(method) && each.getParameterCount() == 0);
    }

    /** What is at the end of this path of getters. */
    static @Nullable Object at(Object from, String... path) {
        Object there = from;
        for (String getter : path) {
            there = there == null ? null : read(there, getter);
        }
        return there;
    }

    private static @Nullable Object read(Object from, String getter) {
        try {
            Method method = from.getClass().getMethod(getter);
            return method.trySetAccessible() ? method.invoke(from) : null; // its class need not be public
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null; // a failing getter counts as an absent one
        }
    }
}
