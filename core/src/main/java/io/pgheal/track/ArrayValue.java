package io.pgheal.track;

import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgArray;

/**
 * An array as the application holds it: the driver's own class, so that casts work, over an {@link ArrayType} in place
 * of the connection. All that it needs was learned within the call that made it. So it is a value like a string: it can
 * be read, printed and bound on any connection when its lease is over, its use is no sign of life, and whoever holds it
 * does not hold the connection.
 */
final class ArrayValue extends PgArray {
    private final Lease lease;

    /** Only the rows of an array lead to a statement and on to the connection, and only while somebody holds that. */
    private final WeakReference<ConnectionHandle> handle;

    private ArrayValue(ConnectionHandle handle, ArrayType type, PgArray raw) throws SQLException {
        super(type.connection(), type.oid(), raw.toBytes());
        if (!raw.isBinary()) {
            fieldString = raw.toString();
        }
        this.lease = handle.lease;
        this.handle = new WeakReference<>(handle);
    }

    /** Within a call: the driver asks the server about a type that it sees for the first time. */
    static Array of(ConnectionHandle handle, Array raw) throws SQLException {
        if (raw instanceof PgArray array) {
            return new ArrayValue(handle, ArrayType.of(handle.lease, array), array);
        }
        handle.lease.unwrapped(); // who knows what it leads to
        return raw;
    }

    /** The driver's other methods that read the elements call this one. */
    @Override
    public @Nullable Object getArrayImpl(long index, int count, @Nullable Map<String, Class<?>> map)
            throws SQLException {
        lease.ensureStack(); // after the lease nobody notices that a lock of the driver's stays locked
        try {
            return super.getArrayImpl(index, count, map);
        } catch (Throwable t) {
            lease.cut(t); // an error may have left a lock of the driver's locked
            throw t;
        }
    }

    /** The driver's other methods that make rows call this one. */
    @Override
    public ResultSet getResultSetImpl(long index, int count, @Nullable Map<String, Class<?>> map) throws SQLException {
        ConnectionHandle held = handle.get();
        lease.enter(Call.HOST);
        try {
            if (held == null) {
                throw ArrayType.unknown("Nobody holds the connection of this array any more", null);
            }
            ResultSet result = new RowsInMemoryHandle(lease, held, super.getResultSetImpl(index, count, map));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(held);
        }
    }

    @Override
    public @Nullable String toString() {
        lease.ensureStack();
        try {
            return super.toString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        }
    }
}
