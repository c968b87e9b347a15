package io.pgheal.innocent;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Live work in parts. What is kept between them is all that refers to its connection. */
interface KeptWork {
    void begin(Stage stage) throws Exception;

    void end(Stage stage) throws Exception;

    /** By a fault, what was kept is so no longer. The threads that worked on it live on. */
    void lose() throws Exception;

    interface Begin<T> {
        T begin(Stage stage) throws Exception;
    }

    interface End<T> {
        void end(Stage stage, T kept) throws Exception;
    }

    interface Lose<T> {
        void lose(T kept) throws Exception;
    }

    /** @param begin returns what is to be kept */
    static <T> KeptWork keeping(Begin<T> begin, End<T> end) {
        return keeping(begin, end, nothing -> {});
    }

    /** @param lose where something else keeps it, too */
    static <T> KeptWork keeping(Begin<T> begin, End<T> end, Lose<T> lose) {
        AtomicReference<T> kept = new AtomicReference<>();
        return new KeptWork() {
            @Override
            public void begin(Stage stage) throws Exception {
                kept.set(begin.begin(stage));
            }

            @Override
            public void end(Stage stage) throws Exception {
                end.end(stage, kept.get());
            }

            @Override
            public void lose() throws Exception {
                lose.lose(kept.get());
                kept.set(null);
            }
        };
    }

    /** One way to keep a connection. */
    record Kind(String name, Told told, Supplier<KeptWork> work) {
        /** Comes back to it. */
        Innocent innocent() {
            return Innocent.of(name, told, stage -> {
                KeptWork kept = work.get();
                kept.begin(stage);
                stage.slow();
                stage.awaitOver();
                kept.end(stage);
            });
        }

        /** The same, up to the moment when nobody can come back. */
        Innocent lost() {
            return Innocent.of(name, told, stage -> {
                KeptWork kept = work.get();
                kept.begin(stage);
                stage.slow();
                stage.awaitLoss();
                kept.lose();
                stage.awaitOver();
            });
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
