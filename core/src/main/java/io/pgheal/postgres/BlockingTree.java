package io.pgheal.postgres;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who waits for whom, at one moment. Immutable.
 *
 * <p>Pids in it are those that block others: a parallel worker that waits counts as its leader. 0 stands for prepared
 * transactions, which have no backend.
 */
public final class BlockingTree {
    /** The pid under which PostgreSQL names a prepared transaction. */
    public static final int PREPARED = 0;

    private final List<Waiter> waiters;
    private final Map<Integer, Backend> backends;
    private final boolean truncated;
    private final Map<Integer, Set<Integer>> blockers = new HashMap<>();
    private final Map<Integer, Set<Integer>> blocked = new HashMap<>();

    BlockingTree(Collection<Waiter> waiters, Collection<Backend> backends, boolean truncated) {
        Map<Integer, Backend> byPid = new HashMap<>();
        backends.forEach(backend -> byPid.put(backend.pid(), backend));
        this.backends = Map.copyOf(byPid);
        this.waiters = bySession(waiters, byPid);
        this.truncated = truncated;
        for (Waiter waiter : this.waiters) {
            int head = waiter.backend().head();
            for (int blocker : waiter.blockedBy()) {
                if (blocker != head) {
                    blockers.computeIfAbsent(head, pid -> new HashSet<>()).add(blocker);
                    blocked.computeIfAbsent(blocker, pid -> new HashSet<>()).add(head);
                }
            }
        }
    }

    /** A parallel query waits once, as its leader, however many of its workers do. */
    private static List<Waiter> bySession(Collection<Waiter> rows, Map<Integer, Backend> byPid) {
        Map<Integer, Waiter> sessions = new LinkedHashMap<>();
        for (Waiter row : rows) {
            int head = row.backend().head();
            sessions.merge(head, row.asOf(byPid.getOrDefault(head, row.backend())), Waiter::and);
        }
        return List.copyOf(sessions.values());
    }

    public List<Waiter> waiters() {
        return waiters;
    }

    /** All sessions in the tree, waiters and blockers, by pid. */
    public Map<Integer, Backend> backends() {
        return backends;
    }

    public Optional<Backend> backend(int pid) {
        return Optional.ofNullable(backends.get(pid));
    }

    /** There were more waiters than are kept: roots may be missing, none is wrong. */
    public boolean truncated() {
        return truncated;
    }

    /**
     * The sessions that block somebody and do not wait themselves: only their end helps. Empty in a deadlock. Shows one
     * moment: a session that has a row's tuple lock and is about to wait for the row's holder is a root, too; so no time
     * limit counts before the second look.
     */
    public Set<Integer> roots() {
        Set<Integer> roots = new LinkedHashSet<>();
        blocked.keySet().stream().filter(this::isRoot).sorted().forEach(roots::add);
        return roots;
    }

    /** The roots behind one waiter; empty when it does not wait. */
    public Set<Integer> rootsOf(int pid) {
        Set<Integer> reached = reach(pid, blockers);
        reached.removeIf(blocker -> !isRoot(blocker));
        return reached;
    }

    /** All waiters for this pid, directly or behind others. */
    public List<Waiter> waitersOf(int pid) {
        Set<Integer> reached = reach(pid, blocked);
        List<Waiter> found = new ArrayList<>();
        for (Waiter waiter : waiters) {
            if (reached.contains(waiter.backend().head())) {
                found.add(waiter);
            }
        }
        return found;
    }

    /** The waiters for this very pid. */
    Set<Integer> directWaitersOf(int pid) {
        return blocked.getOrDefault(pid, Set.of());
    }

    /**
     * A pid without a row (cut off, or ended since) is no root: nothing is known about it. Nor is a session that was seen
     * to wait and has no blocker: it went on, or gave up, before its blockers were read. (The replay of a standby waits for
     * readers, and the server never says for whom.)
     */
    private boolean isRoot(int pid) {
        if (!blocked.containsKey(pid) || blockers.containsKey(pid)) {
            return false;
        }
        Backend backend = backends.get(pid);
        return backend == null ? pid == PREPARED : !(backend.isClient() && backend.isWaitingForLock());
    }

    /** Each pid once, however many ways lead to it: the paths through a queue of n are 2^n. */
    private static Set<Integer> reach(int from, Map<Integer, Set<Integer>> edges) {
        Set<Integer> reached = new LinkedHashSet<>();
        Deque<Integer> next = new ArrayDeque<>(edges.getOrDefault(from, Set.of()));
        while (!next.isEmpty()) {
            int pid = next.remove();
            if (reached.add(pid)) {
                next.addAll(edges.getOrDefault(pid, Set.of()));
            }
        }
        reached.remove(from);
        return reached;
    }

    @Override
    public String toString() {
        return waiters.size() + " waiters behind " + roots() + (truncated ? " (truncated)" : "");
    }
}
