package io.pgheal.postgres;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How the control connection is opened. Immutable; the supplier is asked at each connect, on the thread that connects.
 *
 * @param url {@code jdbc:postgresql:...}, or that of a driver that wraps PostgreSQL's; straight to the server, not through a
 *     pooler
 * @param credentials {@code user} and {@code password}, or whatever else the driver takes
 * @param connectTimeout in whole seconds, at least one
 * @param statementTimeout the server's limit for each statement
 * @param socketTimeout for a server that does not answer at all; in whole seconds, longer than the statement timeout
 */
public record ControlSettings(
        String url,
        Supplier<Properties> credentials,
        Duration connectTimeout,
        Duration statementTimeout,
        Duration socketTimeout)
        implements ConnectionOpener {

    public static final String APPLICATION_NAME = "pgheal-control";

    private static final String STRAIGHT = "jdbc:postgresql:";
    /** Or of a driver that wraps the driver, {@code jdbc:p6spy:postgresql:} or {@code jdbc-secretsmanager:postgresql:} say. */
    private static final Pattern POSTGRES = Pattern.compile("jdbc[\\w.+-]*:(?:[\\w.+-]+:)*postgresql:");

    private static final String EXAMPLE = "jdbc:postgresql://db.example.com:5432/app";

    /** Properties that a URL made for the application may contain, and that must not reach this connection. */
    private static final Set<String> OURS = Set.of(
            "ApplicationName",
            "autosave",
            "connectTimeout",
            "currentSchema",
            "options",
            "prepareThreshold",
            "readOnly",
            "socketTimeout",
            "tcpKeepAlive");

    /** Properties that choose among several hosts. */
    private static final Set<String> CHOICE_OF_HOST =
            Set.of("targetServerType", "loadBalanceHosts", "hostRecheckSeconds");

    public ControlSettings {
        Objects.requireNonNull(credentials, "credentials");
        if (!takes(url)) {
            throw new IllegalArgumentException(
                    "the control connection's url must be like " + EXAMPLE + ", but was '" + withoutSecrets(url) + "'");
        }
        atLeast(Duration.ofSeconds(1), connectTimeout, "connect timeout");
        atLeast(Duration.ofMillis(1), statementTimeout, "statement timeout");
        if (socketTimeout.compareTo(statementTimeout) <= 0) {
            throw new IllegalArgumentException("the socket timeout (" + socketTimeout
                    + ") must be longer than the statement timeout (" + statementTimeout
                    + "), or it cuts statements that the server would have ended in order");
        }
    }

    static boolean takes(String url) {
        return POSTGRES.matcher(url).lookingAt();
    }

    /** With 2 s to connect, 1 s for a statement, 5 s for the socket. */
    public static ControlSettings of(String url, String user, Supplier<@Nullable String> password) {
        return of(url, () -> {
            Properties properties = new Properties();
            properties.setProperty("user", user);
            String secret = password.get();
            if (secret != null) {
                properties.setProperty("password", secret);
            }
            return properties;
        });
    }

    /** With the default timeouts. */
    public static ControlSettings of(String url, Supplier<Properties> credentials) {
        return new ControlSettings(
                url, credentials, Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofSeconds(5));
    }

    @Override
    public Connection open() throws SQLException {
        Properties properties = new Properties();
        credentials.get().forEach((name, value) -> properties.setProperty(name.toString(), value.toString()));
        properties.setProperty("ApplicationName", APPLICATION_NAME);
        properties.setProperty("connectTimeout", Integer.toString(seconds(connectTimeout)));
        properties.setProperty("socketTimeout", Integer.toString(seconds(socketTimeout)));
        properties.setProperty("tcpKeepAlive", "true");
        // A named statement would fail behind a pooler; where there is none, plans are kept later.
        properties.setProperty("prepareThreshold", "0");
        properties.setProperty("options", startupOptions(properties));
        if (!url.startsWith(STRAIGHT)) {
            return SessionSettings.set(connect(url, properties), statementTimeout, socketTimeout);
        }
        // The URL wins over properties, so the properties that are set here are taken out of the URL.
        return connect(urlWithout(properties.stringPropertyNames()), properties);
    }

    private Connection connect(String address, Properties properties) throws SQLException {
        Connection connection = driver().connect(address, properties);
        if (connection == null) {
            throw notTaken();
        }
        return connection;
    }

    /** The same, to this one of the hosts that the URL names; empty when it does not name it. */
    @Override
    public Optional<ConnectionOpener> at(ServerAddress address) {
        Properties parsed = org.postgresql.Driver.parseURL(url, null);
        if (parsed == null || !names(parsed, address)) {
            return Optional.empty();
        }
        int begin = url.indexOf("//") + 2;
        int end = url.indexOf('/', begin);
        if (begin < 2 || end < 0) {
            return Optional.empty(); // the hosts come from elsewhere, a service file say
        }
        String one = url.substring(0, begin) + address + url.substring(end);
        return Optional.of(new ControlSettings(
                query(one, name -> !CHOICE_OF_HOST.contains(name)),
                credentials,
                connectTimeout,
                statementTimeout,
                socketTimeout));
    }

    private static boolean names(Properties parsed, ServerAddress address) {
        String[] hosts = parsed.getProperty("PGHOST", "").split(",", -1);
        String[] ports = parsed.getProperty("PGPORT", "").split(",", -1);
        for (int i = 0; i < hosts.length && i < ports.length; i++) {
            if (hosts[i].equals(address.host()) && ports[i].equals(Integer.toString(address.port()))) {
                return true;
            }
        }
        return false;
    }

    /** Not DriverManager.getConnection: its message repeats the URL, and with it a password in there. */
    private Driver driver() throws SQLException {
        try {
            return DriverManager.getDriver(url);
        } catch (SQLException e) {
            throw notTaken();
        }
    }

    private SQLException notTaken() {
        return new SQLException(
                "the driver does not take the control connection's url '" + withoutSecrets(url) + "'; write it like "
                        + EXAMPLE,
                SqlState.UNABLE_TO_CONNECT);
    }

    /**
     * Sent at the start of the connection, so that they hold from the first statement on and no RESET undoes them. They
     * come after those of the application, by which a server may be chosen: the last one wins.
     */
    private String startupOptions(Properties given) {
        Properties parsed = org.postgresql.Driver.parseURL(url, given);
        String before = (parsed == null ? given : parsed).getProperty("options");
        String ours = SessionSettings.of(statementTimeout).entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "=" + setting.getValue())
                .collect(Collectors.joining(" "));
        return before == null ? ours : before + " " + ours;
    }

    private String urlWithout(Set<String> given) {
        return query(url, name -> !OURS.contains(name) && !given.contains(name));
    }

    private static String query(String url, Predicate<String> keeps) {
        int query = url.indexOf('?');
        if (query < 0) {
            return url;
        }
        String kept = Arrays.stream(url.substring(query + 1).split("&", -1))
                .filter(argument -> keeps.test(URLDecoder.decode(argument.split("=", 2)[0], StandardCharsets.UTF_8)))
                .collect(Collectors.joining("&"));
        return url.substring(0, query) + (kept.isEmpty() ? "" : "?" + kept);
    }

    private static int seconds(Duration duration) {
        return (int) Math.min(Integer.MAX_VALUE / 2, Math.max(1, (duration.toMillis() + 999) / 1000));
    }

    private static void atLeast(Duration least, Duration given, String what) {
        if (given.compareTo(least) < 0) {
            throw new IllegalArgumentException(
                    "the control connection's " + what + " must be at least " + least + ", but was " + given);
        }
    }

    /** Arguments may be passwords, and some people write user:password@ before the host. */
    private static String withoutSecrets(String url) {
        return url.replaceFirst("\\?.*", "").replaceFirst("//[^/]*@", "//");
    }

    @Override
    public String toString() {
        return "ControlSettings[" + withoutSecrets(url) + "]";
    }
}
