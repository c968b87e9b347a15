package io.pgheal.witness;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import org.jspecify.annotations.Nullable;

/**
 * A class that nothing refers to any more once it is released. Collections of young objects keep every class alive, so a
 * dead canary proves a marking of the whole heap that began after its release: what was unreachable at that moment was
 * found by the same marking. Seen on G1, Serial, Parallel and generational ZGC, where an object of the same age dies
 * sooner; on Shenandoah and the older ZGC every cycle marks the whole heap.
 *
 * <p>A canary has to be old when it is released: G1 takes objects for alive that were young when a marking began, and would
 * answer only at the second or third marking.
 */
final class Canary extends PhantomReference<Class<?>> {
    private final ReferenceQueue<Class<?>> queue;
    private @Nullable Class<?> held;
    private boolean dead;

    /** The class whose bytes each canary is made from. */
    @SuppressWarnings("UnusedNestedClass")
    private static final class Template {}

    private Canary(Class<?> hidden, ReferenceQueue<Class<?>> queue) {
        super(hidden, queue);
        this.held = hidden;
        this.queue = queue;
    }

    /** Null where no hidden class can be made: in a native image, say. */
    static @Nullable Canary hatched() {
        try (InputStream template = Canary.class.getResourceAsStream("Canary$Template.class")) {
            return template == null
                    ? null
                    : new Canary(
                            MethodHandles.lookup()
                                    .defineHiddenClass(template.readAllBytes(), false)
                                    .lookupClass(),
                            new ReferenceQueue<>());
        } catch (IOException | IllegalAccessException | RuntimeException | LinkageError | OutOfMemoryError e) {
            return null; // OutOfMemoryError: no room for classes
        }
    }

    Canary released() {
        held = null;
        return this;
    }

    /** Whether the whole heap was marked since its release. For one thread at a time. */
    boolean isDead() {
        dead |= held == null && queue.poll() != null;
        return dead;
    }
}
