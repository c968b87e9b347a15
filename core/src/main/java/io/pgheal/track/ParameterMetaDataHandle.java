package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ParameterMetaData;
import java.sql.SQLException;
import java.sql.Wrapper;

/** Metadata of parameters: the driver may ask the server about unknown types. */
final class ParameterMetaDataHandle extends WrapperHandle implements ParameterMetaData {
    private final ParameterMetaData raw;

    ParameterMetaDataHandle(Lease lease, Handle owner, ParameterMetaData raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    Wrapper below() {
        return raw;
    }

    @Override
    public int getParameterCount() throws SQLException {
        lease.touch();
        try {
            return raw.getParameterCount();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int isNullable(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.isNullable(param);
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
    public boolean isSigned(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isSigned(param);
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
    public int getPrecision(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getPrecision(param);
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
    public int getScale(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getScale(param);
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
    public int getParameterType(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getParameterType(param);
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
    public String getParameterTypeName(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getParameterTypeName(param);
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
    public String getParameterClassName(int param) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getParameterClassName(param);
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
    public int getParameterMode(int param) throws SQLException {
        lease.touch();
        try {
            return raw.getParameterMode(param);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String toString() {
        try {
            return raw.toString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
