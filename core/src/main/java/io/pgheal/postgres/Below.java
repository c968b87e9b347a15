package io.pgheal.postgres;

import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/** What stands below a wrapper, as the wrapper itself says. */
@Internal
public final class Below {
    private Below() {}

    /** The object itself, or what it unwraps to. Null where that is nothing of this type, or the wrapper cannot say. */
    public static <T> @Nullable T find(Wrapper from, Class<T> type) {
        if (type.isInstance(from)) {
            return type.cast(from);
        }
        try {
            // Some data sources lead further than they say (Narayana's). Not asked so of a connection: its pool may
            // take a failing unwrap for a sign that the connection is broken.
            if (from instanceof Connection && !from.isWrapperFor(type)) {
                return null;
            }
            Object below = from.unwrap(type);
            return type.isInstance(below) ? type.cast(below) : null;
        } catch (SQLException | RuntimeException | LinkageError cannotSay) {
            return null;
        }
    }
}
