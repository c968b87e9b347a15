package io.pgheal.sameanswers;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.Login;
import java.sql.SQLException;
import javax.sql.DataSource;

/** What lends the connections. */
enum Way {
    DRIVER("driver"),
    HIKARI("HikariCP");

    private final String text;

    Way(String text) {
        this.text = text;
    }

    Lender open(Login login, boolean guarded) {
        HikariDataSource pool = this == HIKARI ? login.pool("same-answers", 4, Way::keep) : null;
        DataSource below = pool == null ? login.dataSource() : pool;
        return new Lender(
                guarded
                        ? SelfHealingDataSource.builder(below)
                                .name("same-answers")
                                .build()
                        : below,
                pool);
    }

    /** A new connection in a pool takes long, and HikariCP asks for one after each feature that is not supported. */
    private static void keep(HikariConfig config) {
        config.setExceptionOverride(new SQLExceptionOverride() {
            @java.lang.Override
            public Override adjudicate(SQLException e) {
                return "0A000".equals(e.getSQLState()) ? Override.DO_NOT_EVICT : Override.CONTINUE_EVICT;
            }
        });
    }

    @Override
    public String toString() {
        return text;
    }
}
