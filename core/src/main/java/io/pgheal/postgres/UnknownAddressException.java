package io.pgheal.postgres;

import java.sql.SQLException;

/** Nobody said where the control connection is to go. The message is pgheal's own, and says what to do. */
public final class UnknownAddressException extends SQLException {
    private static final long serialVersionUID = 1L;

    public UnknownAddressException(String message) {
        super(message, SqlState.UNABLE_TO_CONNECT);
    }
}
