package io.pgheal.sameanswers;

import java.lang.reflect.Modifier;
import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;

/** Types of JDBC and of the driver. */
final class Types {
    private Types() {}

    /** All public ones that an object of this class can be cast to. */
    static Set<Class<?>> of(Class<?> type) {
        Set<Class<?>> found = new TreeSet<>(Comparator.comparing(Class::getName));
        collect(type, found);
        return found;
    }

    private static void collect(Class<?> type, Set<Class<?>> found) {
        if (type == null) {
            return;
        }
        if (Modifier.isPublic(type.getModifiers())
                && type.getName().matches("(java\\.sql|javax\\.sql|org\\.postgresql)\\..*")) {
            found.add(type);
        }
        collect(type.getSuperclass(), found);
        for (Class<?> each : type.getInterfaces()) {
            collect(each, found);
        }
    }
}
