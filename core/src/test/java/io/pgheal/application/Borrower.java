package io.pgheal.application;

import java.util.function.Supplier;

/** Frames that belong to no infrastructure, for tests of the packages that do. */
public final class Borrower {
    private Borrower() {}

    public static <T> T borrow(int frames, Supplier<T> above) {
        return frames == 1 ? above.get() : borrow(frames - 1, above);
    }
}
