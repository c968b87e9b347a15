package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.SQLException;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/**
 * A handle that can be unwrapped: to itself for what it is, to a view of what lies below it for a public interface of the
 * driver, to what lies below it for everything else. Only the last takes the lease out of sight.
 */
abstract class WrapperHandle extends Handle implements Wrapper {
    WrapperHandle(Lease lease, @Nullable Handle owner) {
        super(lease, owner);
    }

    /** Each handle keeps it under its own type; a second field here would be one more in each of them. */
    abstract Wrapper below();

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        lease.enter(Call.PREPARE); // counted: no judgement of before it may stand
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
