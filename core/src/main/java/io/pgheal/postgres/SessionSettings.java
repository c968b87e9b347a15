package io.pgheal.postgres;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The server's settings for a control session. */
final class SessionSettings {
    private SessionSettings() {}

    static Map<String, String> of(Duration statementTimeout) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("search_path", "pg_catalog");
        settings.put("statement_timeout", Long.toString(statementTimeout.toMillis()));
        settings.put("lock_timeout", Long.toString(Math.max(1, statementTimeout.toMillis() / 2)));
        settings.put("idle_session_timeout", "0");
        settings.put("tcp_keepalives_idle", "30");
        settings.put("tcp_keepalives_interval", "10");
        settings.put("tcp_keepalives_count", "3");
        // Keepalives do not run while data waits to be acknowledged; this does.
        settings.put("tcp_user_timeout", "60000");
        // The planner takes the recursive query for a huge one; compiling it would cost more than running it.
        settings.put("jit", "off");
        // Plans are kept where that is possible, and no argument is worth a plan of its own.
        settings.put("plan_cache_mode", "force_generic_plan");
        return settings;
    }
}
