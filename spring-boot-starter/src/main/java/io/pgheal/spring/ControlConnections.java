package io.pgheal.spring;

import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.spring.PghealProperties.Control;
import java.util.Properties;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Makes the connection opener from {@code pgheal.control.*}. */
final class ControlConnections {
    private ControlConnections() {}

    /** Null when no property is set: then the core connects to the pool's server. */
    static @Nullable ConnectionOpener opener(Control control, DataSource pool) {
        if (!control.isSet()) {
            return null;
        }
        String url = control.url() != null ? control.url() : PoolSettings.url(pool);
        if (url == null) {
            throw new InvalidPropertyException(
                    "pgheal.control.* is set without pgheal.control.url, and a "
                            + pool.getClass().getName() + " does not tell its own",
                    "write pgheal.control.url=jdbc:postgresql://<host>:<port>/<database>");
        }
        try {
            ControlSettings defaults = ControlSettings.of(url, credentials(control, pool));
            return new ControlSettings(
                    url,
                    defaults.credentials(),
                    control.connectTimeout() != null ? control.connectTimeout() : defaults.connectTimeout(),
                    control.statementTimeout() != null ? control.statementTimeout() : defaults.statementTimeout(),
                    control.socketTimeout() != null ? control.socketTimeout() : defaults.socketTimeout());
        } catch (IllegalArgumentException e) {
            throw new InvalidPropertyException("pgheal.control: " + e.getMessage(), "correct pgheal.control.*");
        }
    }

    /** Reads the pool's credentials anew at each connect, because passwords are rotated. */
    private static Supplier<Properties> credentials(Control control, DataSource pool) {
        return () -> {
            Properties pools = PoolSettings.login(pool);
            // What else the pool tells its driver belongs to the pool's address.
            Properties credentials = control.url() == null ? pools : new Properties();
            boolean ownRole = control.username() != null;
            put(credentials, "user", ownRole ? control.username() : pools.getProperty("user"));
            put(
                    credentials,
                    "password",
                    ownRole || control.password() != null ? control.password() : pools.getProperty("password"));
            return credentials;
        };
    }

    /** Also removes what the pool has there, for that is another role's. */
    private static void put(Properties credentials, String name, @Nullable String value) {
        if (value == null) {
            credentials.remove(name);
        } else {
            credentials.setProperty(name, value);
        }
    }
}
