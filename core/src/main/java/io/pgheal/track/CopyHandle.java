package io.pgheal.track;

import io.pgheal.postgres.SqlState;
import java.lang.ref.Reference;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyDual;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOperation;
import org.postgresql.copy.CopyOut;
import org.postgresql.util.ByteStreamWriter;

/** A COPY in progress: each of its messages is a call of the lease. */
abstract class CopyHandle implements CopyOperation {
    final Lease lease;
    private final ConnectionHandle owner;
    private final CopyOperation raw;

    private CopyHandle(Lease lease, ConnectionHandle owner, CopyOperation raw) {
        this.lease = lease;
        this.owner = owner;
        this.raw = raw;
    }

    /** A copy in both directions is replication, which no pool lends: it gets no handle and counts as unwrapped. */
    static @Nullable CopyOperation of(Lease lease, ConnectionHandle owner, @Nullable CopyOperation raw) {
        if (raw == null) {
            return null;
        }
        lease.copying(raw);
        if (!(raw instanceof CopyDual)) {
            if (raw instanceof CopyIn in) {
                return new In(lease, owner, in);
            }
            if (raw instanceof CopyOut out) {
                return new Out(lease, owner, out);
            }
        }
        lease.unwrapped();
        return raw;
    }

    /**
     * Ends a call that failed. In a copy, the driver leaves the connection open after a socket failure such as a
     * timeout, although half a message may have been sent: such a failure counts as a cut.
     */
    static void failed(Lease lease, Throwable thrown) {
        String state = SqlState.of(thrown);
        if (state != null && state.startsWith("08")) {
            lease.failedCut(thrown);
        } else {
            lease.failed(thrown);
        }
    }

    final void enter(Call kind) throws SQLException {
        lease.enter(kind);
        lease.copying(raw);
    }

    /**
     * Never throws for a lease that is over: clean-up code asks this to decide whether to cancel, and nothing is left
     * to cancel.
     */
    @Override
    public boolean isActive() {
        try {
            if (StateWord.isFenced(lease.word())) {
                return false;
            }
            boolean active = raw.isActive();
            if (!active) {
                lease.copied(raw); // the driver's CopyManager calls this after each failure
            }
            return active;
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    /**
     * A cancelled read leaves the rest of the copy in the driver's stream, where the next call would read it as its
     * answer.
     */
    @Override
    public void cancelCopy() throws SQLException {
        enter(Call.RESET);
        try {
            boolean unread = raw instanceof CopyOut && raw.isActive();
            raw.cancelCopy();
            if (unread) {
                lease.exitCut("a copy that was cancelled half read");
            } else {
                lease.copied(raw);
                lease.exit();
            }
        } catch (Throwable t) {
            failed(lease, t);
            throw t;
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public int getFieldCount() {
        try {
            return raw.getFieldCount();
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public int getFormat() {
        try {
            return raw.getFormat();
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public int getFieldFormat(int field) {
        try {
            return raw.getFieldFormat(field);
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public long getHandledRowCount() {
        try {
            return raw.getHandledRowCount();
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    @Override
    public String toString() {
        try {
            return raw.toString();
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    /** COPY into a table. */
    private static final class In extends CopyHandle implements CopyIn {
        private final ConnectionHandle owner;
        private final CopyIn raw;

        In(Lease lease, ConnectionHandle owner, CopyIn raw) {
            super(lease, owner, raw);
            this.owner = owner;
            this.raw = raw;
        }

        @Override
        public void writeToCopy(byte[] bytes, int offset, int length) throws SQLException {
            enter(Call.FETCH);
            try {
                raw.writeToCopy(bytes, offset, length);
                lease.exit();
            } catch (Throwable t) {
                failed(lease, t);
                throw t;
            } finally {
                Reference.reachabilityFence(owner);
            }
        }

        @Override
        public void writeToCopy(ByteStreamWriter from) throws SQLException {
            enter(Call.HOST);
            try {
                raw.writeToCopy(from);
                lease.exit();
            } catch (Throwable t) {
                failed(lease, t);
                throw t;
            } finally {
                Reference.reachabilityFence(owner);
            }
        }

        @Override
        public void flushCopy() throws SQLException {
            enter(Call.FETCH);
            try {
                raw.flushCopy();
                lease.exit();
            } catch (Throwable t) {
                failed(lease, t);
                throw t;
            } finally {
                Reference.reachabilityFence(owner);
            }
        }

        @Override
        public long endCopy() throws SQLException {
            enter(Call.EXECUTE);
            try {
                long rows = raw.endCopy();
                lease.copied(raw);
                lease.exit();
                return rows;
            } catch (Throwable t) {
                failed(lease, t);
                throw t;
            } finally {
                Reference.reachabilityFence(owner);
            }
        }
    }

    /** COPY out of a table. */
    private static final class Out extends CopyHandle implements CopyOut {
        private final ConnectionHandle owner;
        private final CopyOut raw;

        Out(Lease lease, ConnectionHandle owner, CopyOut raw) {
            super(lease, owner, raw);
            this.owner = owner;
            this.raw = raw;
        }

        @Override
        public byte @Nullable [] readFromCopy() throws SQLException {
            return readFromCopy(true);
        }

        @Override
        public byte @Nullable [] readFromCopy(boolean block) throws SQLException {
            enter(Call.FETCH);
            try {
                byte @Nullable [] row = raw.readFromCopy(block);
                if (row == null && block) {
                    lease.copied(raw);
                }
                lease.exit();
                return row;
            } catch (Throwable t) {
                failed(lease, t);
                throw t;
            } finally {
                Reference.reachabilityFence(owner);
            }
        }
    }
}
