package io.pgheal.demo.login;

import java.util.Map;
import java.util.Optional;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

@RestController
class LoginController {

    private final Login login;

    LoginController(Login login) {
        this.login = login;
    }

    record Credentials(String username, String password) {}

    @PostMapping("/api/login")
    ResponseEntity<Map<String, String>> login(@RequestBody Credentials given) throws Exception {
        if (given.username() == null || given.password() == null) {
            return ResponseEntity.badRequest().body(Map.of("message", "Send {\"username\", \"password\"}."));
        }
        Optional<String> sessionId = login.attempt(given.username(), given.password());
        return sessionId
                .map(id -> ResponseEntity.ok(Map.of("username", given.username(), "sessionId", id)))
                .orElseGet(() -> ResponseEntity.status(401).body(Map.of("message", "Wrong user name or password.")));
    }
}
