package io.pgheal.demo.database;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.stereotype.Component;

/** Connections that bypass the pool and any guard around it: each stands for another program. */
@Component
public class DirectConnections {

    private final JdbcConnectionDetails details;

    DirectConnections(JdbcConnectionDetails details) {
        this.details = details;
    }

    public Connection open(String applicationName) throws SQLException {
        Properties properties = new Properties();
        put(properties, "user", details.getUsername());
        put(properties, "password", details.getPassword());
        put(properties, "ApplicationName", applicationName);
        return DriverManager.getConnection(details.getJdbcUrl(), properties);
    }

    private static void put(Properties properties, String name, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            properties.put(name, value);
        }
    }
}
