package io.pgheal.demo.faults;

import java.util.Map;
import org.springframework.http.HttpStatus;

record FaultAnswer(HttpStatus status, String message, Map<String, Object> details) {

    static FaultAnswer done(String message) {
        return new FaultAnswer(HttpStatus.OK, message, Map.of());
    }

    static FaultAnswer done(String message, Map<String, Object> details) {
        return new FaultAnswer(HttpStatus.OK, message, details);
    }

    static FaultAnswer running(String message) {
        return new FaultAnswer(HttpStatus.ACCEPTED, message, Map.of());
    }

    static FaultAnswer notHere(String message) {
        return new FaultAnswer(HttpStatus.NOT_IMPLEMENTED, message, Map.of());
    }
}
