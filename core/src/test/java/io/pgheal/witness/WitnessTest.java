package io.pgheal.witness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.Garbage;
import io.pgheal.track.Ticker;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When the collector is asked, and when not, on a clock of the test's own. */
class WitnessTest {
    private static final ProofTerms TERMS = new ProofTerms(ProofMode.ASK, Duration.ofMillis(250));

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger answers = new AtomicInteger();
    private final Runnable listener = answers::incrementAndGet;
    private Witness witness;

    private final Ticker clock = new Ticker() {
        @Override
        public long nanos() {
            return now.get();
        }
    };

    /** Collects for real, and says of itself what the test wants it to. */
    private final class Asked extends Collector {
        private final long used;

        Asked(Way way, String trouble, long used) {
            super(way, trouble);
            this.used = used;
        }

        @Override
        void ask() {
            requests.incrementAndGet();
            super.ask();
        }

        @Override
        long usedBytes() {
            return used;
        }
    }

    private void start(Collector.Way way, String trouble, long used) {
        witness = new Witness(clock, new Asked(way, trouble, used));
        witness.onAnswer(listener);
    }

    private void start() {
        start(Collector.Way.CONCURRENT, "", 0);
    }

    @AfterEach
    void leave() {
        witness.leave(listener);
        await().until(() -> !witness.testimony().underWay());
    }

    private void passes(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private void isAnswered() {
        assertThat(witness.ask(TERMS, false).refusal()).isEmpty();
        long asked = now.get();
        await().until(() -> !witness.testimony().underWay());
        assertThat(witness.answeredFor()).isEqualTo(asked);
    }

    /** As somebody who asks again and again: until when it is not asked. */
    private Duration pause(boolean urgent) {
        int before = requests.get();
        Duration left = witness.ask(TERMS, urgent).lookAgain();
        assertThat(requests).as("it must wait").hasValue(before);
        return left;
    }

    @Test
    void anAnswerIsHeardAndSaysUpToWhenAllIsFound() {
        start();
        assertThat(witness.answeredFor()).isNull();
        passes(Duration.ofSeconds(7));
        isAnswered();
        assertThat(answers).hasPositiveValue();
        assertThat(witness.testimony().asked()).isOne();
        assertThat(witness.testimony().answered()).isOne();
        assertThat(witness.testimony().silent()).isEmpty();
    }

    @Test
    void whatProvesNothingIsAskedLessAndLessOften() {
        start();
        for (int seconds : new int[] {10, 20, 40, 80, 160, 300, 300}) {
            isAnswered();
            assertThat(pause(false)).isEqualTo(Duration.ofSeconds(seconds));
            passes(Duration.ofSeconds(seconds));
        }
    }

    /** A wait that lasts must not be put off because others, before it, had a live owner. */
    @Test
    void whoeverWaitsIsNotPutOffForLongerThanTenSeconds() {
        start();
        for (int i = 0; i < 4; i++) {
            isAnswered();
            passes(Duration.ofMinutes(10));
        }
        isAnswered();
        assertThat(pause(true)).isEqualTo(Duration.ofSeconds(10));
        assertThat(pause(false)).isEqualTo(Duration.ofSeconds(160));
        passes(Duration.ofSeconds(10));
        assertThat(witness.ask(TERMS, true).refusal()).isEmpty();
        await().until(() -> requests.get() == 6);
    }

    @Test
    void afterAProofItMayBeAskedAgainSoon() {
        start();
        isAnswered();
        witness.proved();
        assertThat(pause(false)).isEqualTo(Duration.ofSeconds(1)); // it took no time by this clock
        passes(Duration.ofSeconds(1));
        isAnswered();
        assertThat(pause(false)).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void aStopThatWouldBeTooLongIsNotAskedFor() {
        start(Collector.Way.FULL_STOP, "", 1L << 30);
        Witness.Reply reply = witness.ask(TERMS, true);
        assertThat(reply.refusal()).contains("would stop the application").contains("pgheal.proof.longest-stop is 250");
        assertThat(witness.testimony().silent()).isEqualTo(reply.refusal());
        assertThat(requests).hasValue(0);
    }

    @Test
    void aShortStopIsAskedFor() {
        start(Collector.Way.FULL_STOP, "", 100_000_000);
        isAnswered();
    }

    /** While native code holds an array, some JDKs pass over a request for a collection that stops the application. */
    @Test
    void aStopIsAskedForUntilItComes() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        Thread[] compressing = new Thread[2];
        for (int i = 0; i < compressing.length; i++) {
            compressing[i] = new Thread(() -> compressUntil(enough));
            compressing[i].start();
        }
        try {
            start(Collector.Way.FULL_STOP, "", 100_000_000);
            for (int i = 0; i < 5; i++) {
                isAnswered();
                passes(Duration.ofMinutes(10));
            }
            assertThat(requests).hasValue(5);
        } finally {
            enough.set(true);
            for (Thread each : compressing) {
                each.join();
            }
        }
    }

    private static void compressUntil(AtomicBoolean enough) {
        byte[] noise = new byte[1 << 18];
        new Random(1).nextBytes(noise);
        byte[] smaller = new byte[1 << 18];
        Deflater deflater = new Deflater();
        while (!enough.get()) {
            deflater.reset();
            deflater.setInput(noise);
            deflater.finish();
            while (!deflater.finished()) {
                deflater.deflate(smaller);
            }
        }
        deflater.end();
    }

    @Test
    void whatCannotBeAskedSaysWhy() {
        start(Collector.Way.NONE, "Epsilon collects nothing", 0);
        assertThat(witness.testimony().silent()).isEqualTo("Epsilon collects nothing");
        assertThat(witness.ask(TERMS, true).refusal()).isEqualTo("Epsilon collects nothing");
        assertThat(requests).hasValue(0);
    }

    @Test
    void whereItMustNotBeAskedACollectionOfItsOwnAnswers() {
        start();
        ProofTerms wait = new ProofTerms(ProofMode.WAIT, Duration.ofMillis(250));
        assertThat(witness.ask(wait, true).refusal()).contains("pgheal.proof.collector is wait");
        passes(Duration.ofSeconds(3));
        Garbage.collectUntil(() -> witness.answeredFor() != null);
        assertThat(witness.answeredFor()).as("as of the request").isZero();
        assertThat(requests).hasValue(0);
    }

    /** What it has changed is put back, and no thread of it is left. */
    @Test
    void withTheLastListenerTheAskingEnds() {
        AtomicInteger putBack = new AtomicInteger();
        witness = new Witness(clock, new Collector(Collector.Way.PERIODIC, "") {
            @Override
            void ask() {
                requests.incrementAndGet(); // and never answers
            }

            @Override
            void askNoMore() {
                putBack.incrementAndGet();
            }
        });
        witness.onAnswer(listener);
        witness.ask(TERMS, true);
        await().until(() -> requests.get() == 1);
        assertThat(putBack).hasValue(0);
        witness.leave(listener);
        await().until(() -> putBack.get() == 1);
    }

    /** Else it would take every object that is younger than the lost one for a proof of a whole marking. */
    @Test
    void aCanaryOutlivesCollectionsOfTheYoung() {
        start();
        Canary canary;
        WeakReference<Object> asOld;
        do { // once more, if what other tests left made the JVM mark the whole heap meanwhile
            canary = Canary.hatched();
            Object held = new Object();
            asOld = new WeakReference<>(held);
            System.gc();
            assertThat(canary.isDead()).as("it is held").isFalse();
            Reference.reachabilityFence(held);
            held = null;
            canary.released();
            long before = collections();
            while (collections() < before + 20) {
                for (int i = 0; i < 1_000; i++) {
                    garbage = new byte[1 << 14]; // none that is humongous for G1, for such ones begin a marking
                }
            }
            assertThat(canary.isDead() && asOld.get() != null)
                    .as("dead, although another old object was not found yet")
                    .isFalse();
        } while (asOld.get() == null);
        Garbage.collectUntil(canary::isDead);
    }

    private static volatile byte[] garbage;

    /** Of the young, where the whole heap is another bean's. */
    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .max()
                .orElseThrow();
    }
}
