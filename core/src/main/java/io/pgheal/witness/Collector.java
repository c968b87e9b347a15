package io.pgheal.witness;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * How the collector of this process is asked to mark its whole heap. Each collector that large heaps use has a way that
 * lets the application run; the others stop it for as long as the heap is large.
 */
class Collector {
    /** Manageable, in milliseconds: with it, G1 begins a concurrent marking by itself as soon as so much time has passed. */
    private static final String PERIODIC = "G1PeriodicGCInterval";

    private static final String SHORTEST = "1";

    /** What counts the collections of the whole heap that stop the application: Serial's, Parallel's and G1's. */
    private static final Set<String> FULL_STOPS = Set.of("MarkSweepCompact", "PS MarkSweep", "G1 Old Generation");

    /** How it is asked. */
    enum Way {
        /** A setting of G1's is changed for a moment. */
        PERIODIC,
        /** {@code System.gc()}, which lets the application run. */
        CONCURRENT,
        /** {@code System.gc()}, which stops it. */
        FULL_STOP,
        /** Not at all. */
        NONE
    }

    private final Way way;
    private final String trouble;
    private final @Nullable HotSpotDiagnosticMXBean options;
    private @Nullable String periodBefore;
    private volatile AtomicBoolean enough = new AtomicBoolean();
    private long stopsBefore;

    Collector(Way way, String trouble) {
        this(way, trouble, null);
    }

    private Collector(Way way, String trouble, @Nullable HotSpotDiagnosticMXBean options) {
        this.way = way;
        this.trouble = trouble;
        this.options = options;
    }

    private static Collector never(String why) {
        return new Collector(Way.NONE, why);
    }

    static Collector ofThisProcess() {
        if (System.getProperty("org.graalvm.nativeimage.imagecode") != null) {
            return never("a native image has no way to ask its collector");
        }
        try {
            HotSpotDiagnosticMXBean options = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return options == null ? never("this JVM is no HotSpot") : of(options);
        } catch (RuntimeException | LinkageError e) {
            return never("the module jdk.management is not there, or does not answer");
        }
    }

    private static Collector of(HotSpotDiagnosticMXBean options) {
        if (isOff(options, "ClassUnloading")) {
            return never("-XX:-ClassUnloading keeps it from answering");
        }
        List<String> names = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(GarbageCollectorMXBean::getName)
                .toList();
        boolean g1 = isAny(names, "G1 ");
        boolean shenandoah = isAny(names, "Shenandoah");
        boolean gcIsConcurrent =
                isAny(names, "ZGC") || ((g1 || shenandoah) && isOn(options, "ExplicitGCInvokesConcurrent"));
        boolean gcIsOff = isOn(options, "DisableExplicitGC");
        if (isAny(names, "Epsilon")) {
            return never("Epsilon collects nothing");
        }
        if ((g1 || shenandoah) && isOff(options, "ClassUnloadingWithConcurrentMark")) {
            return never("-XX:-ClassUnloadingWithConcurrentMark keeps it from answering");
        }
        if (gcIsConcurrent && !gcIsOff) {
            return new Collector(Way.CONCURRENT, "");
        }
        if (g1 && !isOff(options, "G1PeriodicGCInvokesConcurrent") && value(options, PERIODIC) != null) {
            return isPeriodicByUser(options)
                    ? never("the application has set -XX:" + PERIODIC + ", which is left as it is")
                    : new Collector(Way.PERIODIC, "", options);
        }
        return gcIsOff ? never("-XX:+DisableExplicitGC forbids it") : new Collector(Way.FULL_STOP, "");
    }

    private static boolean isAny(List<String> names, String beginning) {
        return names.stream().anyMatch(name -> name.startsWith(beginning));
    }

    /** Whether the user has set the option, even to 0: then pgheal does not change it. */
    private static boolean isPeriodicByUser(HotSpotDiagnosticMXBean options) {
        VMOption option = options.getVMOption(PERIODIC);
        return option.getOrigin() != VMOption.Origin.DEFAULT && option.getOrigin() != VMOption.Origin.MANAGEMENT;
    }

    private static boolean isOn(HotSpotDiagnosticMXBean options, String name) {
        return "true".equals(value(options, name));
    }

    private static boolean isOff(HotSpotDiagnosticMXBean options, String name) {
        return "false".equals(value(options, name));
    }

    private static @Nullable String value(HotSpotDiagnosticMXBean options, String name) {
        try {
            return options.getVMOption(name).getValue();
        } catch (IllegalArgumentException unknown) {
            return null;
        }
    }

    Way way() {
        return way;
    }

    /** Why it is never asked; empty where it may be. */
    String trouble() {
        return trouble;
    }

    /**
     * Asks, until {@link #askNoMore}. {@code System.gc()} may last as long as the marking does, so it has a thread of its
     * own. Where it lets the application run it is called again, because G1 may need a second marking.
     */
    void ask() {
        AtomicBoolean heard =
                new AtomicBoolean(); // of this request: an earlier one may still be in its last collection
        enough = heard;
        if (way == Way.PERIODIC && options != null) {
            String before = value(options, PERIODIC);
            if ("0".equals(before)) { // otherwise another request is under way, or the option was set meanwhile
                periodBefore = before;
                options.setVMOption(PERIODIC, SHORTEST);
            }
        } else if (way != Way.NONE) {
            if (way == Way.FULL_STOP) {
                stopsBefore = fullStops();
                System.gc(); // stops the application meanwhile
                return;
            }
            Thread asking = new Thread(() -> collectUntil(heard), "pgheal-witness-asking");
            asking.setDaemon(true);
            asking.start();
        }
    }

    /**
     * Asks again where nothing came of it. While native code holds an array, as code that compresses does, JDK 17 lets a
     * {@code System.gc()} that stops the application pass without any collection: with two threads that always compressed, 96
     * of 100 did nothing.
     */
    void insist() {
        if (way == Way.FULL_STOP && stopsBefore >= 0 && fullStops() == stopsBefore) {
            System.gc();
        }
    }

    /** How many there were so far; negative where this JVM does not count them. */
    private static long fullStops() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .filter(it -> FULL_STOPS.contains(it.getName()))
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .max()
                .orElse(-1);
    }

    private static void collectUntil(AtomicBoolean heard) {
        do {
            System.gc();
        } while (!heard.get());
    }

    /** Puts back what {@link #ask} has changed, unless somebody else has changed it since. */
    void askNoMore() {
        enough.set(true);
        String before = periodBefore;
        if (before != null && options != null) {
            periodBefore = null;
            if (SHORTEST.equals(value(options, PERIODIC))) {
                options.setVMOption(PERIODIC, before);
            }
        }
    }

    /** About the size of what is alive, without Eden, where little survives. The length of a stop depends on it. */
    long usedBytes() {
        long used = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getType() == MemoryType.HEAP && !pool.getName().contains("Eden")) {
                used += pool.getUsage().getUsed();
            }
        }
        return used;
    }
}
