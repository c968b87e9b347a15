package io.pgheal.postgres;

import com.zaxxer.hikari.HikariCredentialsProvider;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import com.zaxxer.hikari.util.Credentials;
import com.zaxxer.hikari.util.PropertyElf;
import com.zaxxer.hikari.util.UtilityElf;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Where HikariCP has its connections from: it looks for that in this order, and asks for the credentials at each connect. A
 * class of its own, because HikariCP is optional.
 */
final class HikariOrigin {
    private HikariOrigin() {}

    /** Null where no HikariCP is below, or it is not set up yet. */
    static @Nullable Origin below(DataSource dataSource) {
        HikariDataSource hikari = Below.find(dataSource, HikariDataSource.class);
        if (hikari == null) {
            return null;
        }
        DataSource maker = maker(hikari);
        if (maker != null) {
            return Origin.by(maker, () -> login(hikari, new Properties()));
        }
        String url = hikari.getJdbcUrl();
        return url == null ? null : Origin.at(url, () -> login(hikari, hikari.getDataSourceProperties()));
    }

    private static @Nullable DataSource maker(HikariDataSource hikari) {
        if (hikari.getDataSource() != null) {
            return hikari.getDataSource();
        }
        if (hikari.getDataSourceClassName() != null) {
            DataSource made = UtilityElf.createInstance(
                    hikari.getDataSourceClassName(), DataSource.class, new Object[0]); // every version takes these
            PropertyElf.setTargetFromProperties(made, hikari.getDataSourceProperties());
            return made;
        }
        return hikari.getJdbcUrl() == null && hikari.getHikariPoolMXBean() instanceof HikariPool started
                ? started.getUnwrappedDataSource() // by JNDI
                : null;
    }

    private static Properties login(HikariDataSource hikari, Properties further) {
        Properties login = new Properties();
        login.putAll(further);
        Credentials given = credentials(hikari);
        return given == null
                ? Origin.with(login, hikari.getUsername(), hikari.getPassword())
                : Origin.with(login, given.getUsername(), given.getPassword());
    }

    /** Null in the old way of HikariCP, which a switch of its newer versions brings back. */
    private static @Nullable Credentials credentials(HikariDataSource hikari) {
        try {
            HikariCredentialsProvider provider = hikari.getCredentialsProvider();
            if (provider != null) {
                return provider.getCredentials();
            }
        } catch (NoSuchMethodError before7) {
            // there is no provider
        }
        if (Boolean.getBoolean("com.zaxxer.hikari.legacy.supportUserPassDataSourceOverride")) {
            return null;
        }
        try {
            return hikari.getCredentials();
        } catch (NoSuchMethodError before6) {
            return null;
        }
    }
}
