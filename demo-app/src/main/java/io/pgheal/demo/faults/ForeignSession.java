package io.pgheal.demo.faults;

import io.pgheal.demo.database.DirectConnections;
import io.pgheal.demo.orgchart.OrgChartRows;
import java.sql.Connection;
import java.time.Duration;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component
@Order(8)
class ForeignSession implements Fault {

    private static final String KIND = "foreign-session";
    private static final String APPLICATION_NAME = "some-other-app";

    private final DirectConnections connections;
    private final BackgroundWork background;

    ForeignSession(DirectConnections connections, BackgroundWork background) {
        this.connections = connections;
        this.background = background;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeSpared(
                KIND,
                "Somebody else's session",
                "Another program, as it might be a colleague's psql, has changed the login row and takes 20 seconds"
                        + " to make up its mind. Its connection does not come from this application's pool.",
                "Nothing of ours. The whole story is told while others wait; the session is not touched.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) {
        background.start(KIND, username, () -> {
            hold(username, time);
            return "committed";
        });
        return FaultAnswer.running(
                "A session of " + APPLICATION_NAME + " holds " + username + "'s row for " + time.toSeconds() + " s.");
    }

    private void hold(String username, Duration time) throws Exception {
        try (Connection connection = connections.open(APPLICATION_NAME)) {
            connection.setAutoCommit(false);
            OrgChartRows.countOpened(connection, username);
            Thread.sleep(time.toMillis());
            connection.commit();
        }
    }
}
