package io.pgheal.innocent;

import static org.awaitility.Awaitility.await;

import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A clock that moves only when the test says so, and waits for each act of healing that is under way: to a slow machine's act
 * its deadline would be over. It knows the threads of healing by their names.
 */
public final class FakeTime extends Ticker {
    /** Below what a loop takes for a pause of the whole process. */
    private static final Duration STEP = Duration.ofMillis(900);
    /** Whatever a loop was at, with so many readings it has looked once at the new time. */
    private static final long READINGS_OF_A_LOOK = 4;

    private final AtomicLong nanos = new AtomicLong();
    private final Map<Thread, Long> readings = new ConcurrentHashMap<>();
    private final Set<Thread> actors = ConcurrentHashMap.newKeySet();

    @Override
    public long nanos() {
        if (Thread.currentThread().getName().endsWith("-loop")) {
            readings.merge(Thread.currentThread(), 1L, Long::sum);
        } else if (Thread.currentThread().getName().endsWith("-act")) {
            actors.add(Thread.currentThread());
        }
        return nanos.get();
    }

    /** Lets time pass in steps so small that no loop feels starved, each of them seen by every loop. */
    public void pass(Duration time) {
        pass(time, STEP);
    }

    /** The same in smaller steps, where short limits make the loop feel starved sooner. */
    public void pass(Duration time, Duration step) {
        long end = nanos.get() + time.toNanos();
        while (nanos.get() < end) {
            nanos.addAndGet(Math.min(step.toNanos(), end - nanos.get()));
            awaitALook();
        }
    }

    /** Until every loop has seen what there is to see at the present time: what it sees later is younger. */
    public void settle() {
        awaitALook();
    }

    /** The whole process stood still for so long. */
    void jump(Duration time) {
        nanos.addAndGet(time.toNanos());
        awaitALook();
    }

    private void awaitALook() {
        Map<Thread, Long> before = new HashMap<>(readings);
        Map<Thread, String> busy = new HashMap<>(); // of many, never are all idle at once
        actors.forEach(actor -> busy.put(actor, actor.getName()));
        await().pollInterval(Duration.ofMillis(5)).until(() -> {
            busy.entrySet().removeIf(actor -> isIdle(actor.getKey(), actor.getValue()));
            return busy.isEmpty()
                    && before.entrySet().stream()
                            .allMatch(loop -> !loop.getKey().isAlive()
                                    || readings.get(loop.getKey()) - loop.getValue() >= READINGS_OF_A_LOOK);
        });
    }

    /** A thread has the name of its data source's acts only while it is at one. */
    private static boolean isIdle(Thread actor, String name) {
        return !actor.isAlive() || !name.endsWith("-act") || !actor.getName().equals(name);
    }
}
