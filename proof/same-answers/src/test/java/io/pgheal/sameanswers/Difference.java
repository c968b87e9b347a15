package io.pgheal.sameanswers;

/** A call that is answered in one way without pgheal, and in another way with it. */
record Difference(String call, String state, Way way, String without, String with) {
    @Override
    public String toString() {
        return String.join(" | ", call, state, way.toString(), without, with);
    }
}
