package io.pgheal.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Measured times by what was measured. Thread-safe. */
final class Times {
    private final Map<String, List<Long>> millis = new TreeMap<>();

    record Summary(int count, long median, long percentile99, long longest) {}

    synchronized void add(String what, Duration time) {
        millis.computeIfAbsent(what, key -> new ArrayList<>()).add(time.toMillis());
    }

    synchronized Map<String, Summary> summaries() {
        Map<String, Summary> all = new TreeMap<>();
        millis.forEach((what, times) -> {
            List<Long> sorted = new ArrayList<>(times);
            Collections.sort(sorted);
            all.put(
                    what,
                    new Summary(
                            sorted.size(),
                            sorted.get(sorted.size() / 2),
                            sorted.get(Math.min(sorted.size() - 1, sorted.size() * 99 / 100)),
                            sorted.get(sorted.size() - 1)));
        });
        return all;
    }
}
