package io.pgheal.cycle;

import io.pgheal.diagnose.Diagnosis;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.TransactionRef;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Since when each root blocker has been seen as one, without a gap. The waits of its waiters do not show this: in a queue
 * that moves, they have mostly waited for earlier holders, and so has the root blocker itself. Thread-safe: an act that
 * hangs may come back while its replacement is at work.
 */
final class InTheWay {
    private record Root(String backend, @Nullable String xactStart) {}

    private Map<Root, Long> since = Map.of();

    /** @param roots all present root blockers; the time of any other session starts anew */
    synchronized void lookedAt(Stream<Diagnosis> roots, long now) {
        Map<Root, Long> next = new HashMap<>();
        roots.forEach(root -> next.put(key(root), since.getOrDefault(key(root), now)));
        since = next;
    }

    synchronized Duration since(Diagnosis root, long now) {
        return Duration.ofNanos(now - since.getOrDefault(key(root), now));
    }

    private static Root key(Diagnosis root) {
        Backend backend = root.backend();
        TransactionRef transaction = backend == null ? null : backend.transaction();
        return new Root(String.valueOf(root.backendId()), transaction == null ? null : transaction.xactStart());
    }
}
