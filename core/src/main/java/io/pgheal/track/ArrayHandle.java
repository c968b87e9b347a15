package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.Array;

/** An array. */
final class ArrayHandle extends ArrayCalls {
    ArrayHandle(Lease lease, Handle owner, Array raw) {
        super(lease, owner, raw);
    }

    /** The array in PostgreSQL's text form; the driver may have to ask the server for the element type. */
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
