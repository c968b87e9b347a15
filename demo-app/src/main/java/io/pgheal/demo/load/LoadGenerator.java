package io.pgheal.demo.load;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Several clients log in over HTTP at once, while another one opens the org chart from time to time; prints the state
 * of the logins each second. Causes no fault in the last two seconds: the last line shows whether everybody can log in
 * again.
 */
public final class LoadGenerator {

    private static final List<String> USERS = List.of("alice", "bob", "carol");
    private static final Duration STUCK = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final long IDLE = Long.MIN_VALUE;
    private static final Pattern HEALED =
            Pattern.compile("^pgheal_incidents_total\\{[^}]*outcome=\"HEALED\"[^}]*} ([0-9.E]+)$", Pattern.MULTILINE);

    private final HttpClient http = HttpClient.newHttpClient();
    private final LoadOptions options;
    private final PrintStream out;
    private final LongAdder logins = new LongAdder();
    private final AtomicInteger faults = new AtomicInteger();

    /** When each client began its present login, by {@link System#nanoTime}. */
    private final AtomicLongArray waitingSince;

    private volatile boolean enough;

    private LoadGenerator(LoadOptions options, PrintStream out) {
        this.options = options;
        this.out = out;
        this.waitingSince = new AtomicLongArray(options.clients());
    }

    public static void main(String[] arguments) throws InterruptedException {
        try {
            run(System.out, arguments);
        } catch (IllegalArgumentException | IOException e) {
            System.err.println(e.getMessage() == null ? e.toString() : e.getMessage());
            System.exit(2);
        }
        System.exit(0); // a login that is stuck for good must not delay the exit
    }

    /**
     * Prints one line for each second.
     *
     * @param arguments as on the command line
     */
    public static void run(PrintStream out, String... arguments) throws IOException, InterruptedException {
        new LoadGenerator(LoadOptions.parse(arguments), out).run();
    }

    private void run() throws IOException, InterruptedException {
        double healedBefore = healedBefore();
        ScheduledExecutorService threads = Executors.newScheduledThreadPool(options.clients() + 1, work -> {
            Thread thread = new Thread(work, "load");
            thread.setDaemon(true);
            return thread;
        });
        try {
            for (int client = 0; client < options.clients(); client++) {
                int number = client;
                threads.execute(() -> logInAgainAndAgain(number));
            }
            if (options.faultRate() > 0) {
                long period = (long) (TimeUnit.SECONDS.toNanos(1) / options.faultRate());
                ScheduledFuture<?> unused =
                        threads.scheduleAtFixedRate(this::openTheOrgChart, period, period, TimeUnit.NANOSECONDS);
            }
            long seconds = options.time().toSeconds();
            for (long second = 1; second <= seconds; second++) {
                TimeUnit.SECONDS.sleep(1);
                out.printf(
                        "logins per second %d, stuck %d, healed %.0f%n",
                        logins.sumThenReset(), stuck(), healed(meters().body()) - healedBefore);
                enough = second >= seconds - 2;
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private void logInAgainAndAgain(int client) {
        for (int i = client; !Thread.currentThread().isInterrupted(); i++) {
            String login = "{\"username\":\"" + USERS.get(i % USERS.size()) + "\",\"password\":\"secret\"}";
            waitingSince.set(client, System.nanoTime());
            try {
                if (post("/api/login", login).statusCode() == 200) {
                    logins.increment();
                }
            } catch (IOException e) {
                // Not counted as a login; the next attempt may succeed.
            } catch (InterruptedException e) {
                return;
            } finally {
                waitingSince.set(client, IDLE);
            }
        }
    }

    private void openTheOrgChart() {
        if (!enough) {
            String user = USERS.get(faults.getAndIncrement() % USERS.size());
            try {
                post("/api/users/" + user + "/org-chart", "");
            } catch (IOException e) {
                // The org chart was not opened.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private long stuck() {
        long now = System.nanoTime();
        long stuck = 0;
        for (int client = 0; client < waitingSince.length(); client++) {
            long since = waitingSince.get(client);
            stuck += since != IDLE && now - since > STUCK.toNanos() ? 1 : 0;
        }
        return stuck;
    }

    private double healedBefore() throws IOException, InterruptedException {
        HttpResponse<String> meters;
        try {
            meters = meters();
        } catch (IOException e) {
            throw new IOException("no demo answers at " + options.url() + ": start it first", e);
        }
        if (meters.statusCode() != 200) {
            throw new IOException("no demo is at " + options.url() + ": its meters answer " + meters.statusCode());
        }
        return healed(meters.body());
    }

    private HttpResponse<String> meters() throws IOException, InterruptedException {
        return send(request("/actuator/prometheus").GET());
    }

    /** The number of heals since the demo started; 0 where pgheal is switched off, and has no meters. */
    private static double healed(String meters) {
        Matcher meter = HEALED.matcher(meters);
        double healed = 0;
        while (meter.find()) {
            healed += Double.parseDouble(meter.group(1));
        }
        return healed;
    }

    private HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
        return send(request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(json)));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(options.url() + path)).timeout(LONGEST);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.build(), BodyHandlers.ofString());
    }
}
