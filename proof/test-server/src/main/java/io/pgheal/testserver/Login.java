package io.pgheal.testserver;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One who may log in to a database, and what a test does as him. What is {@link #run run} or asked here has a session of
 * its own, and is committed at once.
 */
public record Login(String url, String user, String password) {
    /** The same role by another way, or in another database. */
    public Login at(String otherUrl) {
        return new Login(otherUrl, user, password);
    }

    /** Another role in the same database. */
    public Login as(String otherUser, String itsPassword) {
        return new Login(url, otherUser, itsPassword);
    }

    /** A new connection. The caller closes it. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }

    /** The same, by an application of that name. */
    public Connection connect(String applicationName) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", applicationName);
        return DriverManager.getConnection(url, properties);
    }

    /** Not pooled. */
    public DataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setUser(user);
        source.setPassword(password);
        return source;
    }

    /**
     * A pool that opens a connection when it is asked for one, and lets nobody go without one because a machine is slow. Its
     * sessions bear its name. The caller closes it.
     */
    public HikariDataSource pool(String name, int slots) {
        return pool(name, slots, asItIs -> {});
    }

    public HikariDataSource pool(String name, int slots, Consumer<HikariConfig> also) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(user);
        config.setPassword(password);
        config.setPoolName(name);
        config.addDataSourceProperty("ApplicationName", name);
        config.setMaximumPoolSize(slots);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(Patience.PATIENCE.multipliedBy(2).toMillis());
        also.accept(config);
        return new HikariDataSource(config);
    }

    public void run(String... statements) throws SQLException {
        try (Connection connection = connect()) {
            Sql.run(connection, statements);
        }
    }

    /** The first column of the first row. */
    public long number(String sql, Object... values) throws SQLException {
        try (Connection connection = connect()) {
            return Sql.number(connection, sql, values);
        }
    }

    /** The first column of the first row. */
    public String text(String sql, Object... values) throws SQLException {
        try (Connection connection = connect()) {
            return Sql.text(connection, sql, values);
        }
    }

    public List<List<@Nullable String>> rows(String sql, Object... values) throws SQLException {
        try (Connection connection = connect()) {
            return Sql.rows(connection, sql, values);
        }
    }

    /** How many other sessions of this database there are, of those in {@code pg_stat_activity} that the condition is true for. */
    public long sessions(String condition, Object... values) throws SQLException {
        return number(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                        + " AND (" + condition + ")",
                values);
    }
}
