package io.pgheal.witness;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.pgheal.track.Ticker;
import java.lang.management.ManagementFactory;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Run in a JVM of its own, with whichever collector: something old is lost, and the collector is asked. Prints what came of
 * it, in one line.
 */
final class AskedCollector {
    private static final List<byte[]> LIVE = new ArrayList<>();
    private static final ReferenceQueue<Object> LOST = new ReferenceQueue<>();
    private static volatile Object held = new Object();
    private static volatile byte[] garbage;

    private AskedCollector() {}

    public static void main(String[] args) throws InterruptedException {
        for (int i = 0; i < Integer.parseInt(args[0]) * 10; i++) {
            LIVE.add(new byte[100_000]);
        }
        Reference<?> reference = new PhantomReference<>(held, LOST);
        Witness witness = Witness.by(Ticker.system());
        witness.onAnswer(() -> {});
        for (int i = 0; i < 10_000; i++) {
            garbage = new byte[100_000]; // they are old by now
        }
        held = null;
        Witness.Reply reply = witness.ask(new ProofTerms(ProofMode.ASK, Duration.ofMillis(250)), true);
        boolean found = reply.refusal().isEmpty() && LOST.remove(30_000) == reference;
        while (witness.testimony().underWay()) {
            Thread.sleep(1);
        }
        Reference.reachabilityFence(garbage);
        System.out.println("found " + found + ", interval " + interval() + ", " + witness.testimony());
        Reference.reachabilityFence(LIVE);
    }

    private static String interval() {
        return ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("G1PeriodicGCInterval")
                .getValue();
    }
}
