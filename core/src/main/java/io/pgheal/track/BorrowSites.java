package io.pgheal.track;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What was learned about the places that borrow. Bounded: the place that was touched longest ago is forgotten first.
 * Thread-safe; looked up only for leases that moved or are under suspicion, never per call.
 */
public final class BorrowSites {
    private static final int KEPT = 1000;

    private final Map<String, Site> sites = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Site> eldest) {
            return size() > KEPT;
        }
    });

    /** Guarded by the monitor of {@code sites}. */
    private static final class Site {
        boolean moves;
        final Set<String> refuted = new TreeSet<>();
    }

    void learnMove(String site) {
        change(site, it -> it.moves = true);
    }

    boolean moves(String site) {
        synchronized (sites) {
            Site known = sites.get(site);
            return known != null && known.moves;
        }
    }

    /** This kind of evidence was wrong once for this place: it no longer counts there. */
    public void learnRefutation(String site, String evidence) {
        change(site, it -> it.refuted.add(evidence));
    }

    public boolean isRefuted(String site, String evidence) {
        synchronized (sites) {
            Site known = sites.get(site);
            return known != null && known.refuted.contains(evidence);
        }
    }

    /** The places whose leases were seen to move between threads. */
    public Set<String> moving() {
        synchronized (sites) {
            Set<String> moving = new TreeSet<>();
            sites.forEach((site, known) -> {
                if (known.moves) {
                    moving.add(site);
                }
            });
            return moving;
        }
    }

    private void change(String site, java.util.function.Consumer<Site> change) {
        if (site.isEmpty()) {
            return;
        }
        synchronized (sites) {
            change.accept(sites.computeIfAbsent(site, unknown -> new Site()));
        }
    }
}
