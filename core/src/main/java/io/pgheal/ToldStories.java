package io.pgheal;

import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.Waiter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What was told already and is still the same story: the same culprit in the same transaction, and the same kind of
 * decision. Bounded. Thread-safe:
 * an act that hangs may come back while its replacement is at work.
 */
final class ToldStories {
    private static final int KEPT = 1000;
    private static final String IN_VAIN = "in vain";

    private final Map<String, Story> stories = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Story> eldest) {
            return size() > KEPT;
        }
    };

    /** @param locks of the culprit: they are asked once, and as long as the story is the same so are they */
    private record Story(String incidentId, String action, List<HeldLock> locks) {}

    /** The diagnosis with the locks that are known from before, which rules about tables need as much as people do. */
    synchronized Diagnosis completed(Diagnosis diagnosis) {
        Story before = diagnosis.locks().isEmpty() ? stories.get(key(diagnosis)) : null;
        return before == null ? diagnosis : diagnosis.holding(before.locks());
    }

    /**
     * Tells the story if it was not told already.
     *
     * @param telling tells the story and returns the id of its incident
     * @return the id of its incident
     */
    synchronized String once(Diagnosis diagnosis, Decision decision, Supplier<String> telling) {
        String key = key(diagnosis);
        Story before = stories.get(key);
        if (before == null || !before.action().equals(decision.action().name())) {
            before = new Story(telling.get(), decision.action().name(), diagnosis.locks());
            stories.put(key, before);
        }
        return before.incidentId();
    }

    /** The incident of a story that was told before and now has an end. */
    synchronized Optional<String> idOf(Diagnosis diagnosis) {
        return Optional.ofNullable(stories.remove(key(diagnosis))).map(Story::incidentId);
    }

    /** Every remedy was tried in vain. */
    synchronized void inVain(Diagnosis diagnosis, String incidentId) {
        stories.put(key(diagnosis), new Story(incidentId, IN_VAIN, diagnosis.locks()));
    }

    synchronized boolean wasInVain(Diagnosis diagnosis) {
        Story before = stories.get(key(diagnosis));
        return before != null && before.action().equals(IN_VAIN);
    }

    /** Under which its story was told last; null if it was not. */
    synchronized @Nullable String incidentOf(Diagnosis diagnosis) {
        Story before = stories.get(key(diagnosis));
        return before == null ? null : before.incidentId();
    }

    synchronized boolean knows(Diagnosis diagnosis) {
        return stories.containsKey(key(diagnosis));
    }

    /** A lease's story is one as long as nothing is called on it; a backend's as long as its transaction lasts. */
    private static String key(Diagnosis diagnosis) {
        Backend backend = diagnosis.backend();
        String subject;
        if (diagnosis.lease() != null) {
            subject = "lease " + diagnosis.lease().lease().id() + " "
                    + diagnosis.lease().sequence();
        } else if (backend != null && backend.id() != null) {
            subject = backend.id() + " "
                    + (backend.transaction() == null
                            ? ""
                            : backend.transaction().xactStart());
        } else if (backend != null) {
            subject = "hidden " + backend.pid();
        } else {
            subject = diagnosis.waiters().stream()
                    .map(Waiter::preparedGid)
                    .filter(Objects::nonNull)
                    .collect(Collectors.toCollection(TreeSet::new)) // more waiters are not another story
                    .toString();
        }
        return diagnosis.kind() + " " + subject;
    }
}
