package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import org.postgresql.PGResultSetMetaData;

/** Metadata of a result, which can be cast to the driver's interface as the driver's own can. */
final class ResultSetMetaDataHandle extends ResultSetMetaDataCalls implements PGResultSetMetaData {
    ResultSetMetaDataHandle(Lease lease, ResultSetMetaData raw) {
        super(lease, raw);
    }

    private PGResultSetMetaData driver() throws SQLException {
        return raw.unwrap(PGResultSetMetaData.class);
    }

    @Override
    public String getBaseColumnName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = driver().getBaseColumnName(column);
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
    public String getBaseTableName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = driver().getBaseTableName(column);
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
    public String getBaseSchemaName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = driver().getBaseSchemaName(column);
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
    public int getFormat(int column) throws SQLException {
        try {
            return driver().getFormat(column);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
