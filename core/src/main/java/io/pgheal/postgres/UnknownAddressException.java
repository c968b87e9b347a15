package io.pgheal.postgres;

import java.sql.SQLException;

/** The address of the control connection is not known. The message is pgheal's own, and says what to do. */
public final class UnknownAddressException extends SQLException {
    private static final long serialVersionUID = 1L;

    public UnknownAddressException(String message) {
        super(message, SqlState.UNABLE_TO_CONNECT);
    }
}
