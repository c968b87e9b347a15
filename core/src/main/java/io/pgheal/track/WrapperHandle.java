package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.SQLException;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/** A handle that can be unwrapped: to itself for what it is, to what lies below it for everything else. */
abstract class WrapperHandle extends Handle implements Wrapper {
    private final Wrapper below;

    WrapperHandle(Lease lease, @Nullable Handle owner, Wrapper below) {
        super(lease, owner);
        this.below = below;
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        lease.check();
        try {
            T found = type.isInstance(below) ? type.cast(below) : below.unwrap(type);
            lease.unwrapped();
            return found;
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
            return type.isInstance(below) || below.isWrapperFor(type);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
