package io.pgheal.demo.faults;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class FaultsController {

    private static final int LONGEST_SECONDS = 600;

    private final List<Fault> faults;

    private final KnownUsers users;

    FaultsController(List<Fault> faults, KnownUsers users) {
        this.faults = faults;
        this.users = users;
    }

    @GetMapping("/api/faults")
    List<FaultCard> list() {
        return faults.stream().map(Fault::card).toList();
    }

    @PostMapping("/api/faults/{kind}")
    ResponseEntity<Map<String, Object>> strike(
            @PathVariable String kind,
            @RequestParam(defaultValue = "alice") String username,
            @RequestParam(defaultValue = "20") int seconds)
            throws Exception {
        Optional<Fault> fault =
                faults.stream().filter(one -> one.card().kind().equals(kind)).findFirst();
        if (fault.isEmpty()) {
            return ResponseEntity.status(404).body(Map.of("message", "There is no fault " + kind));
        }
        if (seconds < 1 || seconds > LONGEST_SECONDS) {
            return ResponseEntity.badRequest()
                    .body(Map.of("message", "seconds has to be between 1 and " + LONGEST_SECONDS));
        }
        users.require(username);
        FaultAnswer answer = fault.get().strike(username, Duration.ofSeconds(seconds));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("kind", kind);
        body.put("message", answer.message());
        body.putAll(answer.details());
        return ResponseEntity.status(answer.status()).body(body);
    }
}
