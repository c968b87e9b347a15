package io.pgheal.sameanswers;

import java.io.OutputStream;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.util.List;
import java.util.function.Predicate;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;

/**
 * An object whose methods are called, freshly made for each call.
 *
 * @param name the type's name, with what is special about the object
 * @param type whose public methods are called
 * @param kept after which methods the connection can be used again, once it is rolled back
 * @param midCopy whether a COPY is under way: then the driver's commit, rollback and close wait for ever
 * @param ints to pass for an {@code int}
 * @param strings to pass for a {@code String}, by its position; the last list holds for all further positions
 * @param effect what to look at after a call that has returned nothing
 */
record Specimen(
        String name,
        Class<?> type,
        Making making,
        Predicate<Method> kept,
        boolean midCopy,
        List<Integer> ints,
        List<List<String>> strings,
        Effect effect) {
    static final String OPEN = "open";
    static final String CLOSED = "closed";
    static final String CONNECTION_CLOSED = "connection closed";
    static final String ABORTED = "transaction aborted";
    static final String COMMITTED = "transaction committed";

    interface Making {
        Object make(Origin origin) throws Exception;
    }

    interface Effect {
        Object of(Object object) throws Exception;
    }

    static Specimen of(String name, Class<?> type, Making making) {
        return new Specimen(
                name,
                type,
                making,
                method -> true,
                false,
                List.of(1, 0, -1, 1_000_000),
                List.of(List.of("text", "", "no such")),
                object -> null);
    }

    /** What returns nothing, and what says that it sets something, may change the connection for good. */
    Specimen mayChangeConnection() {
        return new Specimen(
                name,
                type,
                making,
                method -> method.getReturnType() != void.class
                        && !method.getName().startsWith("set"),
                midCopy,
                ints,
                strings,
                effect);
    }

    Specimen mayBreakConnection() {
        return new Specimen(name, type, making, method -> false, midCopy, ints, strings, effect);
    }

    Specimen inTheMidstOfACopy() {
        return new Specimen(name, type, making, method -> false, true, ints, strings, effect);
    }

    /** Whether one connection has one such object, and a call may change it for all others who have the connection. */
    private boolean isTheConnection() {
        return type == Connection.class || type == PGConnection.class;
    }

    /** Whether a wrong argument leaves half a message, so that the next call waits for ever. */
    private boolean breaksConnection() {
        return type == OutputStream.class || type == LargeObject.class || type == CopyManager.class;
    }

    /** Whether many calls can share a connection in this state, because they do not influence each other. */
    boolean canShare(String state) {
        return switch (state) {
            case CONNECTION_CLOSED -> !midCopy;
            case CLOSED -> type == Connection.class;
            case ABORTED, COMMITTED -> !midCopy && !isTheConnection() && !breaksConnection();
            default -> false;
        };
    }

    Specimen ints(List<Integer> values) {
        return new Specimen(name, type, making, kept, midCopy, values, strings, effect);
    }

    Specimen strings(List<String> values) {
        return stringsByPosition(List.of(values));
    }

    Specimen stringsByPosition(List<List<String>> values) {
        return new Specimen(name, type, making, kept, midCopy, ints, values, effect);
    }

    Specimen effect(Effect look) {
        return new Specimen(name, type, making, kept, midCopy, ints, strings, look);
    }

    @Override
    public String toString() {
        return name;
    }
}
