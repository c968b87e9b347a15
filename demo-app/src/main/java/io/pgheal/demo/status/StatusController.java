package io.pgheal.demo.status;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.pgheal.demo.faults.BackgroundWork;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The state of the pool and of the server for the page, whether or not a connection can be borrowed. */
@RestController
class StatusController {

    private final DataSource dataSource;
    private final OpenTransactions openTransactions;
    private final BackgroundWork background;

    StatusController(DataSource dataSource, OpenTransactions openTransactions, BackgroundWork background) {
        this.dataSource = dataSource;
        this.openTransactions = openTransactions;
        this.background = background;
    }

    @GetMapping("/api/status")
    Map<String, Object> status() throws SQLException {
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("pool", pool());
        status.put("sessions", openTransactions.now());
        status.put("background", background.recent());
        status.put("java", Runtime.version().feature());
        return status;
    }

    private Map<String, Object> pool() throws SQLException {
        HikariDataSource hikari = dataSource.unwrap(HikariDataSource.class);
        HikariPoolMXBean pool = hikari.getHikariPoolMXBean();
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("name", hikari.getPoolName());
        numbers.put("active", pool.getActiveConnections());
        numbers.put("idle", pool.getIdleConnections());
        numbers.put("total", pool.getTotalConnections());
        numbers.put("waiting", pool.getThreadsAwaitingConnection());
        numbers.put("maximum", hikari.getMaximumPoolSize());
        return numbers;
    }
}
