package io.pgheal.demo.login;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLTransientException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Tells the caller of any route what the database would not do. */
@RestControllerAdvice
class DatabaseTrouble {

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    @ExceptionHandler(SQLException.class)
    ResponseEntity<Map<String, Object>> tell(SQLException e) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("message", message(e));
        body.put("sqlState", e.getSQLState());
        return ResponseEntity.status(
                        passesByItself(e) ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR)
                .body(body);
    }

    private static String message(SQLException e) {
        if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
            return "Your login could not be recorded: another database session held a lock on it for "
                    + Login.LOCK_TIMEOUT_SECONDS + " s.";
        }
        if (e instanceof SQLTransientConnectionException) {
            return "No database connection could be borrowed: " + e.getMessage();
        }
        return String.valueOf(e.getMessage());
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
