package io.pgheal.innocent;

import java.util.List;
import java.util.stream.Stream;

/**
 * Somebody who is slow, and alive.
 *
 * @param connections that it may borrow at once
 * @param lender its own pool, where it has one
 * @param told what is told of it
 * @param alone nobody wants what it has: all that could tell against it is its silence
 */
record Innocent(String name, int connections, Lender.Opener lender, Told told, boolean alone, Play play) {

    /** Works on a thread of its own: begins, calls {@link Stage#slow}, is slow until it is over, and ends. */
    interface Play {
        void work(Stage stage) throws Exception;
    }

    /** All of them, each while others want what it has. */
    static Stream<Innocent> all() {
        return Stream.of(Slow.all(), HandedOver.all(), Kept.all(), Bound.all(), Libraries.all(), Reactive.all())
                .flatMap(List::stream);
    }

    /** Those whose owner looks gone, or that rest: nobody wants what they have. */
    static Stream<Innocent> allThatAreLeftInPeace() {
        return all().filter(innocent -> innocent.told != Told.ANYTHING).map(Innocent::leftInPeace);
    }

    static Innocent of(String name, Play play) {
        return of(name, Told.ANYTHING, play);
    }

    static Innocent of(String name, Told told, Play play) {
        return new Innocent(name, 1, Lender::usual, told, false, play);
    }

    /** Whose pool may be any application's. */
    static Stream<Innocent> ofAnyPool() {
        return Stream.of(Slow.all(), HandedOver.all(), Kept.all(), Bound.all())
                .flatMap(List::stream)
                .filter(innocent -> !innocent.name().equals("work-after-a-scope-inside-it")); // what it is inside of
    }

    /** May borrow so many connections. */
    Innocent with(int number) {
        return new Innocent(name, number, lender, told, alone, play);
    }

    Innocent from(Lender.Opener itsOwn) {
        return new Innocent(name, connections, itsOwn, told, alone, play);
    }

    private Innocent leftInPeace() {
        return new Innocent(name + "-alone", connections, lender, told.whereNobodyWaits(), true, play);
    }

    void work(Stage stage) throws Exception {
        play.work(stage);
    }

    @Override
    public String toString() {
        return name;
    }
}
