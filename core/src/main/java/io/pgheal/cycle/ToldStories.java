package io.pgheal.cycle;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Waiter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The stories that were reported already: the same culprit in the same transaction, with the same kind of decision, is not
 * reported again. Bounded. Thread-safe: an act that hangs may come back while its replacement is at work.
 */
final class ToldStories {
    private static final int KEPT = 1000;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
    /** The server that could not be asked may be back any moment; and so may the owner that moved on before the heal. */
    private static final Duration LONGEST_BLIND_PAUSE = Duration.ofSeconds(4);

    private final Map<String, Story> stories = new Bounded<>();
    /** The stories of live owners, by their leases' last calls: the server may not say in time in which transaction it was. */
    private final Map<String, String> ofLiveOwners = new Bounded<>();

    private static final class Bounded<V> extends LinkedHashMap<String, V> {
        private static final long serialVersionUID = 1L;

        Bounded() {
            super(64, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
            return size() > KEPT;
        }
    }

    /**
     * What was reported of a story.
     *
     * @param retained that something still refers to the culprit: found out later, and worth a further report
     * @param seen that the server showed the backend; at first the server may not have answered in time
     * @param waitedFor that somebody waits for the culprit
     */
    private record Facts(boolean retained, boolean seen, boolean waitedFor) {
        static final Facts NONE = new Facts(false, false, false);

        /** {@code retained} comes from the decision's reason: it may be known earlier than a reason says so. */
        static Facts of(Diagnosis diagnosis, boolean retained) {
            return new Facts(retained, diagnosis.backend() != null, diagnosis.somebodyWaitsForLock());
        }

        Facts and(Facts others) {
            return new Facts(retained || others.retained, seen || others.seen, waitedFor || others.waitedFor);
        }
    }

    /**
     * @param facts all that were reported so far
     * @param locks of the culprit, read once per story
     * @param vain what was tried in vain; null if nothing was
     */
    private record Story(
            String incidentId,
            String action,
            Facts facts,
            List<HeldLock> locks,
            @Nullable Vain vain) {

        /**
         * The story after a withdrawn heal: nothing was done, so earlier reports and earlier attempts in vain still hold.
         */
        Story withdrawn(List<HeldLock> seen, Vain now) {
            Vain before = vain;
            return new Story(
                    incidentId,
                    action,
                    facts,
                    seen,
                    before == null ? now : new Vain(before.end(), now.times(), now.until()));
        }

        /**
         * Whether the action continues this story, under its id. Of a withdrawn heal, so far only the waiters have got the
         * id.
         */
        boolean isContinuedBy(String next) {
            return action.equals(next) || action.equals(OutcomeKind.WITHDRAWN.name());
        }

        /** What was tried in vain would be tried again: that the safeguards forbid it just now is no news. */
        boolean isTold(Action next, Facts known) {
            return (action.equals(next.name()) && facts.and(known).equals(facts))
                    || (vain != null && vain.end() != OutcomeKind.WITHDRAWN && next == Action.WOULD_HEAL);
        }
    }

    /** @param until no further attempt before then, by the ticker's nanoseconds */
    private record Vain(OutcomeKind end, int times, long until) {}

    /** Adds the locks that are known from before: rules about tables need them, and so do readers of the incident. */
    synchronized Diagnosis completed(Diagnosis diagnosis) {
        Story before = diagnosis.locks().isEmpty() ? stories.get(key(diagnosis)) : null;
        return before == null ? diagnosis : diagnosis.holding(before.locks());
    }

    /**
     * Reports the story unless it was reported already; if more is known by now, reports it again under the same id.
     * Reporting may block, so it happens outside the lock: meanwhile the story counts as reported.
     *
     * @param report publishes the story as the incident of this id
     * @return the id of its incident
     */
    String once(Diagnosis diagnosis, Decision decision, Supplier<String> nextId, Consumer<String> report) {
        String key = key(diagnosis);
        Facts known = Facts.of(diagnosis, decision.saysRetained());
        String told = toldAs(key, decision, known);
        if (told != null) {
            return told;
        }
        String id = nextId.get();
        Story next;
        synchronized (this) {
            told = toldAs(key, decision, known);
            if (told != null) {
                return told;
            }
            Story before = before(diagnosis);
            stories.remove(keyOfALiveOwner(diagnosis));
            String action = decision.action().name();
            next = before == null || !before.isContinuedBy(action)
                    ? new Story(id, action, known, diagnosis.locks(), before == null ? null : before.vain())
                    : new Story(
                            before.incidentId(), action, before.facts().and(known), diagnosis.locks(), before.vain());
            stories.put(key, next);
            String call = lastCall(diagnosis);
            if (call != null && diagnosis.kind() == DiagnosisKind.STUCK_LOCK) {
                ofLiveOwners.put(call, key);
            }
        }
        boolean whole = false;
        try {
            report.accept(next.incidentId());
            whole = true;
        } finally {
            if (!whole) {
                forget(key, next);
            }
        }
        return next.incidentId();
    }

    /** An owner that looked alive in the first report may turn out to be gone: that is still the same story. */
    private @Nullable Story before(Diagnosis diagnosis) {
        Story own = stories.get(key(diagnosis));
        return own == null ? stories.get(keyOfALiveOwner(diagnosis)) : own;
    }

    private @Nullable String keyOfALiveOwner(Diagnosis diagnosis) {
        if (diagnosis.kind() != DiagnosisKind.ABANDONED_TRANSACTION) {
            return null;
        }
        return diagnosis.backend() == null
                ? ofLiveOwners.get(lastCall(diagnosis))
                : key(DiagnosisKind.STUCK_LOCK, diagnosis);
    }

    private static @Nullable String lastCall(Diagnosis diagnosis) {
        return diagnosis.lease() == null
                ? null
                : "lease " + diagnosis.lease().lease().id() + " "
                        + diagnosis.lease().sequence();
    }

    private synchronized @Nullable String toldAs(String key, Decision decision, Facts known) {
        Story before = stories.get(key);
        return before != null && before.isTold(decision.action(), known) ? before.incidentId() : null;
    }

    private synchronized void forget(String key, Story story) {
        stories.remove(key, story);
    }

    /** The incident id of a story that was reported before and may end now. */
    synchronized Optional<String> idOf(Diagnosis diagnosis) {
        return Optional.ofNullable(before(diagnosis)).map(Story::incidentId);
    }

    synchronized void ended(Diagnosis diagnosis) {
        stories.remove(key(diagnosis));
        stories.remove(keyOfALiveOwner(diagnosis));
    }

    /**
     * Notes that every remedy was tried in vain, or that none could be. The next attempt comes after a pause, longer each
     * time: a culprit that no remedy helps must not use up the budget that others need.
     *
     * @param times the number of attempts in vain, including this one
     */
    synchronized void inVain(Diagnosis diagnosis, String incidentId, OutcomeKind end, int times, long now) {
        Duration longest = end == OutcomeKind.UNRESOLVED ? LONGEST_PAUSE : LONGEST_BLIND_PAUSE;
        int longer = end == OutcomeKind.WITHDRAWN ? times - 2 : times - 1; // the first withdrawal is a race: no pause
        long pause = longer < 0 ? 0 : Math.min(FIRST_PAUSE.toNanos() << Math.min(longer, 10), longest.toNanos());
        Vain vain = new Vain(end, times, now + pause);
        Story before = stories.get(key(diagnosis));
        Story next;
        if (end != OutcomeKind.WITHDRAWN) {
            next = new Story(incidentId, end.name(), Facts.of(diagnosis, false), diagnosis.locks(), vain);
        } else if (before != null) {
            next = before.withdrawn(diagnosis.locks(), vain);
        } else {
            next = new Story(incidentId, end.name(), Facts.NONE, diagnosis.locks(), vain);
        }
        stories.put(key(diagnosis), next);
    }

    /** How many attempts were in vain. */
    synchronized int timesInVain(Diagnosis diagnosis) {
        Vain vain = vain(diagnosis);
        return vain == null ? 0 : vain.times();
    }

    /** How long until the next attempt is allowed; zero if it is now. */
    synchronized Duration pause(Diagnosis diagnosis, long now) {
        Vain vain = vain(diagnosis);
        return vain == null ? Duration.ZERO : Duration.ofNanos(Math.max(0, vain.until() - now));
    }

    /** Whether the last attempt was in vain with just this outcome. */
    synchronized boolean wasInVain(Diagnosis diagnosis, OutcomeKind end) {
        Vain vain = vain(diagnosis);
        return vain != null && vain.end() == end;
    }

    private @Nullable Vain vain(Diagnosis diagnosis) {
        Story before = stories.get(key(diagnosis));
        return before == null ? null : before.vain();
    }

    /** The incident id under which the story was reported last; null if it was not. */
    synchronized @Nullable String incidentOf(Diagnosis diagnosis) {
        Story before = stories.get(key(diagnosis));
        return before == null ? null : before.incidentId();
    }

    synchronized boolean knows(Diagnosis diagnosis) {
        return stories.containsKey(key(diagnosis));
    }

    /**
     * Identifies the story. For a suspected lease by its last call: the next call ends the suspicion. For a live owner by
     * its transaction, because the owner may call again and again. For a leader by its lease, because its advisory lock
     * outlives its transactions.
     */
    private static String key(Diagnosis diagnosis) {
        return key(diagnosis.kind(), diagnosis);
    }

    private static String key(DiagnosisKind kind, Diagnosis diagnosis) {
        Backend backend = diagnosis.backend();
        TransactionRef moment = backend == null ? null : backend.transaction();
        String call = lastCall(diagnosis);
        String subject;
        if (diagnosis.lease() != null && kind == DiagnosisKind.STUCK_LOCK && moment != null) {
            subject = "lease " + diagnosis.lease().lease().id() + " of "
                    + (diagnosis.onlyAdvisoryWaiters() ? "a leader" : moment.xactStart());
        } else if (call != null) {
            subject = call;
        } else if (backend != null && backend.id() != null) {
            subject = backend.id() + " " + (moment == null ? "" : moment.xactStart());
        } else if (backend != null) {
            subject = "hidden " + backend.pid();
        } else {
            subject = diagnosis.waiters().stream()
                    .map(Waiter::preparedGid)
                    .filter(Objects::nonNull)
                    .collect(Collectors.toCollection(TreeSet::new)) // more waiters are not another story
                    .toString();
        }
        return kind + " " + subject;
    }
}
