package io.pgheal.chaos;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What the application was told of each transfer, to be held against the ledger at the end. One byte per transfer.
 * Thread-safe: a transfer is reported by one thread.
 */
final class Outcomes {
    private static final int CHUNK = 1 << 16;

    private final AtomicLong ids = new AtomicLong();
    private final AtomicReferenceArray<byte[]> chunks = new AtomicReferenceArray<>(1 << 12);

    enum Outcome {
        /** Not told: its thread was lost. */
        NONE(0),
        COMMITTED(1),
        ROLLED_BACK(2),
        /** The commit was sent, and the connection lost before the answer. */
        UNKNOWN(3);

        private final byte code;

        Outcome(int code) {
            this.code = (byte) code;
        }

        private static Outcome of(byte code) {
            return switch (code) {
                case 1 -> COMMITTED;
                case 2 -> ROLLED_BACK;
                case 3 -> UNKNOWN;
                default -> NONE;
            };
        }
    }

    long next() {
        long id = ids.incrementAndGet();
        int chunk = (int) (id / CHUNK);
        if (chunks.get(chunk) == null) {
            chunks.compareAndSet(chunk, null, new byte[CHUNK]);
        }
        return id;
    }

    long last() {
        return ids.get();
    }

    void report(long id, Outcome outcome) {
        chunks.get((int) (id / CHUNK))[(int) (id % CHUNK)] = outcome.code;
    }

    Outcome of(long id) {
        byte[] chunk = chunks.get((int) (id / CHUNK));
        return chunk == null ? Outcome.NONE : Outcome.of(chunk[(int) (id % CHUNK)]);
    }
}
