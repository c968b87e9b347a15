package io.pgheal.testserver;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.opentest4j.TestAbortedException;

/**
 * Gives a test class a database of its own on a real PostgreSQL, and a plain role that owns it. After the class it fails
 * where a thread of pgheal or, on the shared server, a session in that database is {@linkplain NothingLeft left}.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final PostgresServer SERVER = PostgresServer.shared();
 * }</pre>
 *
 * or {@code @ExtendWith(PostgresServer.class)} with a {@code PostgresServer} parameter. The server is one per JVM, started
 * when the first class needs it. Which one:
 *
 * <ul>
 *   <li>by default an embedded server, with the binaries on the class path;
 *   <li>{@code -Dpgheal.test.server=testcontainers}, image {@code -Dpgheal.test.image} (default {@code postgres:18});
 *   <li>{@code -Dpgheal.test.server=none}: none, and the classes that need one are skipped;
 *   <li>{@code -Dpgheal.test.url=jdbc:postgresql://... -Dpgheal.test.user=... -Dpgheal.test.password=...}: a server that is
 *       there already, and a superuser on it.
 * </ul>
 */
public final class PostgresServer implements BeforeAllCallback, AfterAllCallback, ParameterResolver, AutoCloseable {
    private static final AtomicInteger DATABASES = new AtomicInteger();
    /** Connection refused; the server is starting up, or shutting down. */
    private static final Set<String> STOPPED = Set.of("08001", "57P03");

    private static final AtomicInteger MARKS = new AtomicInteger();

    private final @Nullable Map<String, String> ownSettings;
    private @Nullable RunningServer server;
    private @Nullable TestDatabase database;
    private @Nullable Postmaster postmaster;
    private int depth;

    /** For {@code @ExtendWith}; the same as {@link #shared()}. */
    public PostgresServer() {
        this(null);
    }

    private PostgresServer(@Nullable Map<String, String> ownSettings) {
        this.ownSettings = ownSettings;
    }

    /** The server that all test classes of this JVM share. */
    public static PostgresServer shared() {
        return new PostgresServer(null);
    }

    /**
     * An embedded server for this class alone, which can be stopped, started and frozen, and whose log can be read. With
     * any other kind of server its tests are skipped.
     */
    public static PostgresServer dedicated() {
        return new PostgresServer(new LinkedHashMap<>());
    }

    /** A line of {@code postgresql.conf}, for a {@link #dedicated()} server. */
    public PostgresServer config(String name, String value) {
        if (ownSettings == null || server != null) {
            throw new IllegalStateException(
                    "settings belong to a server that is not started yet: use PostgresServer.dedicated().config(...)");
        }
        ownSettings.put(name, value);
        return this;
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        if (depth++ == 0) { // a nested class uses its outer class' database
            open(context.getRequiredTestClass().getSimpleName());
        }
    }

    /** For a program without JUnit: gives it its server, and a database of that name. It must be {@link #close closed}. */
    public void open(String name) throws Exception {
        if (ownSettings == null) {
            server = RunningServer.shared();
        } else {
            server = startDedicated(ownSettings);
            postmaster = server.postmaster();
        }
        database = create(name.isEmpty() ? "test" : name);
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        if (--depth == 0) {
            try {
                if (database != null) {
                    NothingLeft left = ownSettings == null ? NothingLeft.on(this) : NothingLeft.ofThreads();
                    left.look(context.getRequiredTestClass().getSimpleName());
                }
            } finally {
                close();
            }
        }
    }

    @Override
    public void close() throws Exception {
        if (server == null) {
            return;
        }
        try {
            if (postmaster != null) {
                postmaster.thaw(); // a frozen one would not stop
                server.stop();
            } else if (database != null) {
                drop(database.name());
            }
        } finally {
            database = null;
            server = null;
            postmaster = null;
        }
    }

    private static RunningServer startDedicated(Map<String, String> settings) throws Exception {
        if (!RunningServer.isEmbedded()) {
            throw new TestAbortedException(
                    "skipped: this test starts a server with settings of its own, which only the embedded server can;"
                            + " run it without -Dpgheal.test.server and -Dpgheal.test.url");
        }
        Map<String, String> all = new LinkedHashMap<>(Map.of(
                "synchronous_commit",
                "on", // the embedded server's default would lose commits in StopMode.IMMEDIATE
                "logging_collector",
                "on",
                "log_directory",
                Postmaster.LOG_DIRECTORY,
                "log_filename",
                Postmaster.LOG_FILE,
                "log_rotation_size",
                "0"));
        all.putAll(settings);
        return RunningServer.embedded(all);
    }

    /** Stops a {@link #dedicated()} server; its database and its port stay. */
    public void stop(StopMode mode) throws IOException {
        postmaster().stop(mode);
    }

    /** Starts it again, on the same port and with the same settings, and waits until it accepts connections. */
    public void start() throws IOException {
        postmaster().start();
    }

    public void restart(StopMode mode) throws IOException {
        stop(mode);
        start();
    }

    /** Stops every process of a {@link #dedicated()} server as SIGSTOP does: its sockets stay open, and nobody answers. */
    public void freeze() throws IOException {
        postmaster().freeze();
    }

    /** Ends a {@link #freeze()}; does nothing to a server that is not frozen. */
    public void thaw() throws IOException {
        postmaster().thaw();
    }

    /**
     * What a {@link #dedicated()} server has logged since it was made, for example with {@code log_statement=all}: all of it,
     * up to now. Not while the server is frozen.
     */
    public String log() throws IOException {
        Path file = postmaster().log();
        String mark = "read up to here " + MARKS.incrementAndGet();
        try {
            admin().run("DO $$ BEGIN RAISE LOG '" + mark + "'; END $$");
        } catch (SQLException e) {
            if (!STOPPED.contains(String.valueOf(e.getSQLState()))) {
                throw new IOException("what is logged cannot be read up to now", e);
            }
            return Files.readString(file);
        }
        // Another process writes the file, in the order in which all of them have logged.
        return await("the log says: " + mark)
                .until(() -> Files.readString(file), text -> text.contains("LOG:  " + mark));
    }

    /** A running hot standby of a {@link #dedicated()} server. The caller closes it. */
    public HotStandby standby() throws IOException, SQLException {
        return new HotStandby(this, postmaster());
    }

    private Postmaster postmaster() {
        return Objects.requireNonNull(postmaster, "only a dedicated server, once it is started, can do that");
    }

    /** The JDBC URL of this class' database, without credentials. */
    public String url() {
        return database().url();
    }

    public int port() {
        return URI.create(url().substring("jdbc:".length())).getPort();
    }

    /** The plain role that owns the database. */
    public String user() {
        return RunningServer.PLAIN_ROLE;
    }

    public String password() {
        return RunningServer.PLAIN_ROLE;
    }

    public String superuser() {
        return running().superuser();
    }

    public String superuserPassword() {
        return running().superuserPassword();
    }

    /** The plain role, in this class' database. */
    public Login app() {
        return database().app();
    }

    /** A superuser, in this class' database. */
    public Login admin() {
        return database().admin();
    }

    /** A new connection as the plain role. The caller closes it. */
    public Connection connection() throws SQLException {
        return app().connect();
    }

    /** A new connection to this class' database as superuser. The caller closes it. */
    public Connection adminConnection() throws SQLException {
        return admin().connect();
    }

    /** One more database, dropped when it is closed. */
    public TestDatabase newDatabase() throws SQLException {
        return create("more");
    }

    private TestDatabase create(String hint) throws SQLException {
        // The time keeps two JVMs apart that use the same existing server.
        String name = "pgheal_%s_%s_%d"
                .formatted(
                        hint.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", ""),
                        Long.toString(System.currentTimeMillis(), Character.MAX_RADIX),
                        DATABASES.incrementAndGet());
        // 63 bytes is the longest name that PostgreSQL keeps; the end is what makes it unique.
        String kept = name.length() > 63 ? "pgheal_" + name.substring(name.length() - 56) : name;
        running().execute("CREATE DATABASE \"" + kept + "\" OWNER " + RunningServer.PLAIN_ROLE);
        return new TestDatabase(this, kept, running().url(kept));
    }

    void drop(String name) throws SQLException {
        running().execute("DROP DATABASE IF EXISTS \"" + name + "\" WITH (FORCE)");
    }

    private RunningServer running() {
        return Objects.requireNonNull(server, "no server yet: register this extension in a static field");
    }

    private TestDatabase database() {
        return Objects.requireNonNull(database, "no database yet: register this extension in a static field");
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == PostgresServer.class;
    }

    @Override
    public PostgresServer resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return this;
    }
}
