package io.pgheal.postgres;

import io.pgheal.Internal;
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
            return from.isWrapperFor(type) ? from.unwrap(type) : null;
        } catch (SQLException | RuntimeException | LinkageError cannotSay) {
            return null;
        }
    }
}
