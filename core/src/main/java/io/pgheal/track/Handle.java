package io.pgheal.track;

import java.io.ByteArrayInputStream;
import java.io.CharArrayReader;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.Writer;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.ByteStreamWriter;

/**
 * An object through which the application uses a lease: the connection, or an object made through it. Each handle keeps
 * the handle that made it reachable, up to the connection. A handle calls only the driver's objects below it, never
 * another handle: two calls of one thread at a time would look like a cut call.
 *
 * <p>Every public method ends with a reachability fence: without it the collector may declare the handle dead while its
 * last call still runs.
 */
abstract class Handle {
    final Lease lease;
    final @Nullable Handle owner;

    Handle(Lease lease, @Nullable Handle owner) {
        this.lease = lease;
        this.owner = owner;
    }

    /** The connection's handle, to which every other handle leads. */
    final ConnectionHandle connection() {
        Handle handle = this;
        for (Handle up = owner; up != null; up = up.owner) {
            handle = up;
        }
        return (ConnectionHandle) handle;
    }

    // ---- objects from the driver

    final @Nullable ResultSet wrap(@Nullable ResultSet raw) {
        return raw == null ? null : new ResultSetHandle(lease, this, raw);
    }

    /** The rows of a query that has just been executed: nobody has used this result set before. */
    final @Nullable ResultSet wrapRows(@Nullable ResultSet raw) {
        return raw != null && areInMemory(raw) ? new RowsInMemoryHandle(lease, this, raw) : wrap(raw);
    }

    /** The driver leaves rows with the server only where the statement has a fetch size, which is the rows' at first. */
    private static boolean areInMemory(ResultSet raw) {
        try {
            return raw.getFetchSize() == 0;
        } catch (SQLException | RuntimeException e) {
            return false;
        }
    }

    final @Nullable ResultSetMetaData wrap(@Nullable ResultSetMetaData raw) {
        return raw == null ? null : new ResultSetMetaDataHandle(lease, raw);
    }

    final @Nullable ParameterMetaData wrap(@Nullable ParameterMetaData raw) {
        return raw == null ? null : new ParameterMetaDataHandle(lease, raw);
    }

    /** Within a call, for the server may be asked about the type of the elements. */
    final @Nullable Array wrap(@Nullable Array raw) throws SQLException {
        return raw == null ? null : ArrayValue.of(connection(), raw);
    }

    final @Nullable Blob wrap(@Nullable Blob raw) {
        return raw == null ? null : new BlobHandle(lease, this, raw);
    }

    final @Nullable Clob wrap(@Nullable Clob raw) {
        return raw == null ? null : raw instanceof NClob national ? wrap(national) : new ClobHandle(lease, this, raw);
    }

    final @Nullable NClob wrap(@Nullable NClob raw) {
        return raw == null ? null : new NClobHandle(lease, this, raw);
    }

    /** A stream that the driver has already read completely needs no connection. */
    final @Nullable InputStream wrap(@Nullable InputStream raw) {
        return raw == null || raw instanceof ByteArrayInputStream ? raw : new InputStreamHandle(lease, this, raw);
    }

    final @Nullable Reader wrap(@Nullable Reader raw) {
        return raw == null || raw instanceof StringReader || raw instanceof CharArrayReader
                ? raw
                : new ReaderHandle(lease, this, raw);
    }

    final @Nullable OutputStream wrap(@Nullable OutputStream raw) {
        return raw == null ? null : new OutputStreamHandle(lease, this, raw);
    }

    final @Nullable Writer wrap(@Nullable Writer raw) {
        return raw == null ? null : new WriterHandle(lease, this, raw);
    }

    final @Nullable Object wrapObject(@Nullable Object raw) throws SQLException {
        if (raw == null || raw instanceof String || raw instanceof Number) {
            return raw;
        }
        if (raw instanceof ResultSet resultSet) {
            return wrap(resultSet);
        }
        if (raw instanceof Array array) {
            return wrap(array);
        }
        if (raw instanceof Blob blob) {
            return wrap(blob);
        }
        if (raw instanceof Clob clob) {
            return wrap(clob);
        }
        if (raw instanceof InputStream stream) {
            return wrap(stream);
        }
        if (raw instanceof Reader reader) {
            return wrap(reader);
        }
        return raw;
    }

    /**
     * Wraps the result as the requested type. A type of the driver itself, which no handle implements, counts as
     * unwrapped.
     */
    final <T> @Nullable T wrapObject(@Nullable T raw, Class<T> type) throws SQLException {
        Object wrapped = wrapObject(raw);
        if (wrapped == raw) {
            return raw;
        }
        if (type.isInstance(wrapped)) {
            return type.cast(wrapped);
        }
        lease.unwrapped();
        return raw;
    }

    // ---- objects to the driver: it gets its own objects back, if they belong to the same lease

    final @Nullable Blob own(@Nullable Blob given) {
        return given instanceof BlobHandle handle && handle.lease == lease ? handle.raw : given;
    }

    final @Nullable Clob own(@Nullable Clob given) {
        return given instanceof ClobHandle handle && handle.lease == lease ? handle.raw : given;
    }

    final @Nullable NClob own(@Nullable NClob given) {
        return given instanceof NClobHandle handle && handle.lease == lease ? handle.national : given;
    }

    /** A stream of the application; the driver may not run its code before it executes. */
    final @Nullable InputStream own(@Nullable InputStream given) {
        return HostedStream.of(lease, given);
    }

    /** A reader of the application, like the stream above. */
    final @Nullable Reader own(@Nullable Reader given) {
        return HostedReader.of(lease, given);
    }

    final @Nullable Object own(@Nullable Object given) {
        if (given instanceof InputStream stream) {
            return own(stream);
        }
        if (given instanceof Reader reader) {
            return own(reader);
        }
        if (given instanceof ByteStreamWriter writer) {
            return new HostedWriter(lease, writer);
        }
        if (!(given instanceof Handle)) {
            return given;
        }
        if (given instanceof BlobHandle handle) {
            return own((Blob) handle);
        }
        if (given instanceof ClobHandle handle) {
            return own((Clob) handle);
        }
        return given;
    }
}
