package io.pgheal.spring;

import io.pgheal.postgres.Origin;
import java.util.Optional;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What a data source tells of its connections. Reading it opens none. */
final class PoolSettings {
    private PoolSettings() {}

    /** The JDBC URL; null when the data source does not tell it. */
    static @Nullable String url(DataSource pool) {
        return Origin.of(pool).map(Origin::url).orElse(null);
    }

    /** Empty when the data source does not tell. */
    static Optional<Boolean> isPostgres(DataSource pool) {
        return Origin.of(pool).filter(it -> it.url() != null).map(Origin::isPostgres);
    }

    /** The user and the password, and whatever else goes to the driver, as far as the data source tells. */
    static Properties login(DataSource pool) {
        return Origin.of(pool).map(Origin::login).orElseGet(Properties::new);
    }
}
