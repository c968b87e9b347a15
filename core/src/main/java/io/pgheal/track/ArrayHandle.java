package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An array: the driver may ask the server about its element type. */
final class ArrayHandle extends Handle implements Array {
    final Array raw;

    ArrayHandle(Lease lease, Handle owner, Array raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    public String getBaseTypeName() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            String result = raw.getBaseTypeName();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getBaseType() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            int result = raw.getBaseType();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getArray() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getArray());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getArray(Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getArray(map));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getArray(long index, int count) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getArray(index, count));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getArray(long index, int count, Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getArray(index, count, map));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getResultSet() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable ResultSet result = wrap(raw.getResultSet());
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getResultSet(Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable ResultSet result = wrap(raw.getResultSet(map));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getResultSet(long index, int count) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable ResultSet result = wrap(raw.getResultSet(index, count));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSet getResultSet(long index, int count, Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable ResultSet result = wrap(raw.getResultSet(index, count, map));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Silent on a lease that is over or cut. */
    @Override
    public void free() throws SQLException {
        if (!lease.enterClose()) {
            return;
        }
        try {
            raw.free();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The array as PostgreSQL writes it; the driver may have to ask the server how. */
    @Override
    public String toString() {
        if (!lease.tryEnter(Call.FETCH)) {
            return "an array of a connection that is over";
        }
        try {
            String result = raw.toString();
            lease.exit();
            return result;

        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
