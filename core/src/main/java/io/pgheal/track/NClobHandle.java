package io.pgheal.track;

import java.sql.NClob;

/** A large object of national text, where a driver supports it. */
final class NClobHandle extends ClobHandle implements NClob {
    final NClob national;

    NClobHandle(Lease lease, Handle owner, NClob raw) {
        super(lease, owner, raw);
        this.national = raw;
    }
}
