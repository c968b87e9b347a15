package io.pgheal;

import io.pgheal.postgres.ControlSettings;
import io.pgheal.testserver.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a server of the test's own writes down of every statement: who sent it is the server's word, not pgheal's. */
public final class ServerLog {
    private static final Pattern ENTRY = Pattern.compile("^@([^@]*)@([^@]*)@LOG:  (?:execute [^:]*|statement): (.*)$");

    private final PostgresServer server =
            PostgresServer.dedicated().config("log_statement", "all").config("log_line_prefix", "@%a@%d@");

    /** The server that writes this log. */
    public PostgresServer server() {
        return server;
    }

    /** The statements that pgheal's control connections sent to this database so far. */
    public List<String> byPgheal(String database) {
        return statements(ControlSettings.APPLICATION_NAME, database);
    }

    public List<String> statements(String application, String database) {
        List<String> found = new ArrayList<>();
        boolean inside = false;
        for (String line : lines()) {
            Matcher entry = ENTRY.matcher(line);
            if (entry.matches()) {
                inside = entry.group(1).equals(application) && entry.group(2).equals(database);
                if (inside) {
                    found.add(entry.group(3));
                }
            } else if (line.startsWith("@")) {
                inside = false;
            } else if (inside) {
                found.set(found.size() - 1, found.get(found.size() - 1) + "\n" + line.strip());
            }
        }
        return found;
    }

    private List<String> lines() {
        try {
            return server.log().lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
