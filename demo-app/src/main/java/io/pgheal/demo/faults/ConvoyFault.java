package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartExport;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component
@Order(9)
class ConvoyFault implements Fault {

    private static final String KIND = "convoy";

    private final DataSource dataSource;
    private final OrgChartExport export;
    private final BackgroundWork background;

    ConvoyFault(DataSource dataSource, OrgChartExport export, BackgroundWork background) {
        this.dataSource = dataSource;
        this.export = export;
        this.background = background;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeHealed(
                KIND,
                "Convoy",
                "A reader is lost in the middle of its transaction: it disturbs nobody. Then a migration wants to ALTER"
                        + " TABLE and waits for the reader, and everybody who comes later waits for the migration."
                        + " Nobody can log in any more.",
                "The reader's connection and its transaction. The migration is no culprit, though all logins wait for"
                        + " it: end the reader, and everything moves.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) throws InterruptedException {
        Thread reader = new Thread(
                background.recorded(KIND, username, () -> {
                    export.preview(username);
                    return "read";
                }),
                "org-chart-preview");
        reader.start();
        reader.join();
        background.start(KIND, username, () -> {
            migrate();
            return "the table is altered";
        });
        return FaultAnswer.running("A migration waits for a lost reader; from now on every login waits for it.");
    }

    // Without a lock_timeout of its own, like most migrations. Repeatable: the column stays.
    private void migrate() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("ALTER TABLE user_login_info ADD COLUMN IF NOT EXISTS last_device text");
        }
    }
}
