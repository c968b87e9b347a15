package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.SQLException;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/**
 * A handle that can be unwrapped: to itself for a type that it implements, to a view of the object below for a public
 * interface of the driver, to the object below for every other type. Only the last makes the lease count as unwrapped.
 */
abstract class WrapperHandle extends Handle implements Wrapper {
    WrapperHandle(Lease lease, @Nullable Handle owner) {
        super(lease, owner);
    }

    /**
     * The driver's object. Each handle keeps it under its own type; a second field here would cost one more field in
     * each handle.
     */
    abstract Wrapper below();

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        lease.enter(Call.PREPARE); // counted, so that an earlier judgement fails at the fence
        try {
            Wrapper below = below();
            T found = type.isInstance(below) ? type.cast(below) : below.unwrap(type);
            T given = DriverView.of(this, found, type);
            if (given == found) {
                lease.unwrapped();
            }
            lease.exit();
            return given;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        if (type.isInstance(this)) {
            return true;
        }
        lease.check();
        try {
            Wrapper below = below();
            return type.isInstance(below) || below.isWrapperFor(type);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
