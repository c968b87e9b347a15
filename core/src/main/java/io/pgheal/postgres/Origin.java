package io.pgheal.postgres;

import java.security.Principal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.common.BaseDataSource;

/**
 * Where a data source has its connections from, as far as it tells: by {@code unwrap}, or by the getters that pools have in
 * common. So a new connection can be made there, outside of the pool, as the pool itself would make it. To find the origin
 * opens no connection. Immutable; what it tells is read anew each time.
 */
public final class Origin {
    private static final Duration STATEMENT = Duration.ofSeconds(1);
    private static final Duration SOCKET = Duration.ofSeconds(5);
    private static final int DEEPEST = 4;

    private final @Nullable String url;
    private final Supplier<Properties> login;
    private final @Nullable ConnectionOpener maker;

    private Origin(@Nullable String url, Supplier<Properties> login, @Nullable ConnectionOpener maker) {
        this.url = url;
        this.login = login;
        this.maker = maker;
    }

    static Origin at(String url, Supplier<Properties> login) {
        return new Origin(url, login, null);
    }

    /**
     * A data source that makes a new connection each time. One that can be closed, or wraps what can, is a pool itself: only
     * its own origin is used, for a pool would get its connection back with the control session's settings.
     *
     * @param login stronger than that of the data source itself, which is asked without a user where there is none in here
     */
    static Origin by(DataSource maker, Supplier<Properties> login) {
        Origin told = find(maker, DEEPEST);
        Supplier<Properties> all = () -> {
            Properties both = told == null ? new Properties() : told.login();
            both.putAll(login.get());
            return both;
        };
        if (maker instanceof BaseDataSource
                || Getters.has(maker, "close")
                || Below.find(maker, AutoCloseable.class) != null) {
            return new Origin(told == null ? null : told.url, all, told == null ? null : told.maker);
        }
        return new Origin(told == null ? null : told.url, all, () -> connection(maker, login.get()));
    }

    /** Empty where the data source does not tell. */
    public static Optional<Origin> of(DataSource dataSource) {
        return Optional.ofNullable(find(dataSource, DEEPEST));
    }

    private static @Nullable Origin find(DataSource from, int deepest) {
        Origin hikari = hikari(from);
        if (hikari != null) {
            return hikari;
        }
        BaseDataSource driver = Below.find(from, BaseDataSource.class);
        if (driver != null) {
            return at(driver.getURL(), () -> with(new Properties(), driver.getUser(), driver.getPassword()));
        }
        String url = Getters.text(from, "getJdbcUrl", "getUrl", "getURL");
        if (url != null) {
            return at(url, () -> login(from));
        }
        Object agroal =
                Getters.at(from, "getConfiguration", "connectionPoolConfiguration", "connectionFactoryConfiguration");
        String agroals = agroal == null ? null : Getters.text(agroal, "jdbcUrl");
        if (agroal != null && agroals != null) {
            return at(agroals, () -> agroalLogin(agroal));
        }
        DataSource below = Getters.first(from, DataSource.class, "getTargetDataSource", "getDataSource");
        return below != null && deepest > 1 ? find(below, deepest - 1) : null;
    }

    private static @Nullable Origin hikari(DataSource from) {
        try {
            return HikariOrigin.below(from);
        } catch (RuntimeException | LinkageError cannotSay) { // nor is HikariCP on every class path
            return null;
        }
    }

    private static Properties login(DataSource dataSource) {
        Properties login = new Properties();
        Properties further = Getters.first(dataSource, Properties.class, "getConnectionProperties", "getDbProperties");
        if (further != null) {
            login.putAll(further);
        }
        return with(login, Getters.text(dataSource, "getUsername", "getUser"), Getters.text(dataSource, "getPassword"));
    }

    /** As Agroal has it: what its own configuration classes take, not what a provider of security of the user's does. */
    private static Properties agroalLogin(Object factory) {
        Properties login = new Properties();
        Properties further = Getters.first(factory, Properties.class, "jdbcProperties");
        if (further != null) {
            login.putAll(further);
        }
        Principal principal = Getters.first(factory, Principal.class, "principal");
        with(login, principal == null ? null : principal.getName(), null);
        Collection<?> credentials = Getters.first(factory, Collection.class, "credentials");
        if (credentials != null) {
            for (Object each : credentials) {
                with(login, null, Getters.text(each, "getWord"));
            }
        }
        return login;
    }

    static Properties with(Properties login, @Nullable String user, @Nullable String password) {
        if (user != null) {
            login.setProperty("user", user);
        }
        if (password != null) {
            login.setProperty("password", password);
        }
        return login;
    }

    /** Null where the data source that makes the connections does not tell it. */
    public @Nullable String url() {
        return url;
    }

    /**
     * Whether the url is PostgreSQL's, also by a driver that wraps PostgreSQL's: {@code jdbc:tc:postgresql:} or
     * {@code jdbc-secretsmanager:postgresql:}, say.
     */
    public boolean isPostgres() {
        return url != null && ControlSettings.takes(url);
    }

    /** The user, the password and what else goes to the driver, read anew each time: passwords are rotated. */
    public Properties login() {
        return login.get();
    }

    /** Empty where the url is not PostgreSQL's. */
    Optional<ConnectionOpener> opener() {
        ConnectionOpener made = maker;
        if (made != null) {
            return Optional.of(() -> SessionSettings.set(made.open(), STATEMENT, SOCKET));
        }
        return url != null && isPostgres() ? Optional.of(ControlSettings.of(url, login)) : Optional.empty();
    }

    private static Connection connection(DataSource maker, Properties login) throws SQLException {
        String user = login.getProperty("user");
        return user == null ? maker.getConnection() : maker.getConnection(user, login.getProperty("password"));
    }
}
