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
 * Since when each root blocker is seen to be one, look after look. How long others have waited does not tell: in a queue that
 * moves, they have for the most part waited for those before it, and so has it. Thread-safe: an act that hangs may come back
 * while its replacement is at work.
 */
final class InTheWay {
    private record Root(String backend, @Nullable String xactStart) {}

    private Map<Root, Long> since = Map.of();

    /** @param roots all who are in the way now; whoever is not among them begins anew */
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
