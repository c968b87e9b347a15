package io.pgheal.postgres;

import java.util.Collection;

/** Blocking trees for tests of the pure stages. */
public final class Trees {
    private Trees() {}

    public static BlockingTree of(Collection<Waiter> waiters, Collection<Backend> backends) {
        return new BlockingTree(waiters, backends, false);
    }
}
