package io.pgheal.innocent;

import java.util.List;
import java.util.stream.Stream;

/** Somebody who is slow, and alive. */
record Innocent(String name, int connections, Play play) {

    /** Works on a thread of its own: begins, calls {@link Stage#slow}, is slow until it is over, and ends. */
    interface Play {
        void work(Stage stage) throws Exception;
    }

    static Stream<Innocent> all() {
        return Stream.of(Slow.all(), HandedOver.all(), Kept.all(), Bound.all(), Libraries.all())
                .flatMap(List::stream);
    }

    static Innocent of(String name, Play play) {
        return new Innocent(name, 1, play);
    }

    /** Whose pool may be any application's. */
    static Stream<Innocent> ofAnyPool() {
        return Stream.of(Slow.all(), HandedOver.all(), Kept.all(), Bound.all())
                .flatMap(List::stream)
                .filter(innocent -> !innocent.name().equals("work-after-a-scope-inside-it")); // what it is inside of
    }

    /** May borrow so many connections. */
    Innocent with(int number) {
        return new Innocent(name, number, play);
    }

    void work(Stage stage) throws Exception {
        play.work(stage);
    }

    @Override
    public String toString() {
        return name;
    }
}
