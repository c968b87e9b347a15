package io.pgheal.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What came of a soak, in words and as JSON. */
record Report(boolean passed, Map<String, Object> content) {

    static Report of(SoakOptions options, Settings settings, Tally tally, Times times, String healer) {
        Map<String, Object> all = new LinkedHashMap<>();
        Map<String, Object> zeros = new LinkedHashMap<>();
        for (Invariant each : Invariant.values()) {
            zeros.put(each.words, tally.of(each));
        }
        Map<String, Long> transfers = tally.all("transfers.");
        all.put("passed", tally.isClean());
        all.put("at", Instant.now().toString());
        all.put("seed", options.seed());
        all.put("seconds asked for", options.duration().toSeconds());
        all.put("seconds with settling", tally.elapsed().toSeconds());
        all.put("weather", options.weather() ? "on" : "off");
        all.put("java", System.getProperty("java.version"));
        all.put("settings varied", settings.varied());
        all.put(
                "transactions",
                transfers.values().stream().mapToLong(each -> each).sum() + tally.of("questions"));
        all.put("transfers by outcome", transfers);
        all.put("outcomes unknown, by the ledger", tally.all("unknown."));
        all.put("must be zero", zeros);
        all.put("leaks by kind", tally.all("leak."));
        all.put("overflows by clean-up", tally.all("overflows."));
        all.put("kept by mistake", tally.all("kept."));
        all.put("slow but alive", tally.all("slow."));
        all.put("live owners at the desks, which have time limits", tally.all("desks."));
        all.put("of them ended by the user's say", tally.all("said."));
        all.put("the pool exhausted", tally.all("hoarded."));
        all.put("trouble made by a listener", tally.all("listener."));
        all.put("weather by kind", tally.all("weather."));
        all.put("times that the machine had no processor for us", tally.of("starved"));
        all.put("live work that failed by the weather", tally.all("excused."));
        all.put("live work that failed as work does", tally.all("retried."));
        all.put("heals by last rung", tally.all("rung."));
        all.put("incidents", tally.all("diagnosis."));
        Map<String, Object> healed = new LinkedHashMap<>();
        times.summaries().forEach((what, summary) -> {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("count", summary.count());
            figures.put("median", summary.median());
            figures.put("99th", summary.percentile99());
            figures.put("longest", summary.longest());
            healed.put(what, figures);
        });
        all.put("milliseconds from the leak until the transaction was gone", healed);
        all.put("healer at the end", healer);
        return new Report(tally.isClean(), all);
    }

    void write(SoakOptions options) throws IOException {
        Files.writeString(options.reports().resolve("report.json"), json(content) + "\n");
        Files.writeString(options.reports().resolve("report.txt"), text());
    }

    String text() {
        StringBuilder text = new StringBuilder(passed ? "PASSED\n" : "FAILED\n");
        content.forEach((name, value) -> {
            if (value instanceof Map<?, ?> map) {
                text.append(name).append(":\n");
                map.forEach((key, each) ->
                        text.append("  ").append(key).append(": ").append(each).append('\n'));
            } else {
                text.append(name).append(": ").append(value).append('\n');
            }
        });
        return text.toString();
    }

    private static String json(Object value) {
        StringBuilder json = new StringBuilder();
        append(json, value);
        return json.toString();
    }

    private static void append(StringBuilder json, Object value) {
        if (value instanceof Map<?, ?> map) {
            String separator = "{";
            for (Map.Entry<?, ?> each : map.entrySet()) {
                json.append(separator);
                append(json, String.valueOf(each.getKey()));
                json.append(": ");
                append(json, each.getValue());
                separator = ", ";
            }
            json.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> list) {
            String separator = "[";
            for (Object each : list) {
                json.append(separator);
                append(json, each);
                separator = ", ";
            }
            json.append(list.isEmpty() ? "[]" : "]");
        } else if (value instanceof Number || value instanceof Boolean) {
            json.append(value);
        } else {
            String text = value.toString();
            json.append('"');
            text.chars().forEach(c -> {
                if (c == '"' || c == '\\') {
                    json.append('\\').append((char) c);
                } else if (c < ' ') {
                    json.append(String.format("\\u%04x", c));
                } else {
                    json.append((char) c);
                }
            });
            json.append('"');
        }
    }
}
