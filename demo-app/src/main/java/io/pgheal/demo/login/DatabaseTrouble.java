package io.pgheal.demo.login;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers any route's SQLException with its reason. */
@RestControllerAdvice
class DatabaseTrouble {

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final Duration lockTimeout;

    DatabaseTrouble(@Value("${demo.login-lock-timeout}") Duration lockTimeout) {
        this.lockTimeout = lockTimeout;
    }

    @ExceptionHandler(SQLException.class)
    ResponseEntity<Map<String, Object>> answer(SQLException e) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("message", message(e));
        body.put("sqlState", e.getSQLState());
        return ResponseEntity.status(
                        passesByItself(e) ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR)
                .body(body);
    }

    private String message(SQLException e) {
        if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
            return "Your login could not be recorded: another database session held a lock on it for " + seconds()
                    + " s.";
        }
        if (e instanceof SQLTransientConnectionException) {
            return "No database connection could be borrowed: " + e.getMessage();
        }
        return String.valueOf(e.getMessage());
    }

    private String seconds() {
        return lockTimeout.toMillis() % 1000 == 0
                ? String.valueOf(lockTimeout.toSeconds())
                : String.valueOf(lockTimeout.toMillis() / 1000.0);
    }

    private static boolean passesByItself(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return e instanceof SQLTransientException
                || LOCK_NOT_AVAILABLE.equals(state)
                || state.startsWith("08")
                || state.startsWith("40")
                || state.startsWith("57");
    }
}
