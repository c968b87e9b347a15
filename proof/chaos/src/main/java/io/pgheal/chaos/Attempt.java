package io.pgheal.chaos;

/** One piece of live work, as far as is needed to tell who is to blame when it fails. */
final class Attempt {
    final long began = System.nanoTime();
    final String what;
    volatile int pid;
    volatile Stage stage = Stage.BORROWING;

    enum Stage {
        BORROWING,
        WORKING,
        COMMITTING
    }

    Attempt(String what) {
        this.what = what;
    }

    @Override
    public String toString() {
        return what + " on backend " + pid + " while " + stage + ", " + (System.nanoTime() - began) / 1_000_000
                + " ms after its begin";
    }
}
