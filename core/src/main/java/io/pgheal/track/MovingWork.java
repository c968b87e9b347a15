package io.pgheal.track;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The units of work, by the names of their scopes, of which a lease was seen to move between threads, or to be used again
 * after it was judged lost. Bounded: the one that was looked up longest ago is forgotten first. Thread-safe.
 */
final class MovingWork {
    private static final int KEPT = 1000;

    private final Map<String, Boolean> names = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > KEPT;
        }
    });
    /** Spares a look-up: in most applications no lease ever moves. */
    private volatile boolean any;

    void learn(String name) {
        names.put(name, true);
        any = true;
    }

    boolean includes(String name) {
        return any && names.get(name) != null;
    }

    Set<String> names() {
        synchronized (names) {
            return new TreeSet<>(names.keySet());
        }
    }
}
