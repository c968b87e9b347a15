package io.pgheal.track;

import java.sql.PreparedStatement;

/** A prepared statement: knows the text that it executes. */
class PreparedStatementHandle extends PreparedStatementCalls {
    private final String sql;

    PreparedStatementHandle(Lease lease, Handle owner, PreparedStatement raw, String sql) {
        super(lease, owner, raw);
        this.sql = sql;
    }

    @Override
    final String text() {
        return sql;
    }
}
