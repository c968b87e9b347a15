package io.pgheal.track;

import io.pgheal.postgres.SqlState;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tracker's log for one data source. Never logs a message of the driver, which may contain values. Thread-safe. */
final class TrackerLog {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseRegistry.class);
    private static final int WARNINGS = 100;

    private final String dataSource;
    private final AtomicInteger warnings = new AtomicInteger();

    TrackerLog(String dataSource) {
        this.dataSource = dataSource;
    }

    String dataSource() {
        return dataSource;
    }

    /** A part of pgheal failed; logged at debug level after many such warnings. */
    void warn(String while_, Throwable e) {
        String what = e.getClass().getName() + (SqlState.of(e) == null ? "" : " SQLSTATE " + SqlState.of(e));
        if (warnings.incrementAndGet() <= WARNINGS) {
            LOG.warn("[{}] {} failed: {}; the application goes on as without it", dataSource, while_, what);
        } else {
            LOG.debug("[{}] {} failed: {}", dataSource, while_, what);
        }
    }

    void warn(String what) {
        LOG.warn("[{}] {}", dataSource, what);
    }

    void info(String what) {
        LOG.info("[{}] {}", dataSource, what);
    }

    void debug(String while_, Throwable e) {
        LOG.debug("[{}] {}: {}", dataSource, while_, e.getClass().getName());
    }
}
