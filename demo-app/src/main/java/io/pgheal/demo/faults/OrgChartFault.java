package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartPage;
import java.sql.SQLException;
import java.time.Duration;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The fault of the story. It has a route of its own too: the page that a user opens. */
@Component
@Order(1)
class OrgChartFault implements Fault {

    private final OrgChartPage page;

    OrgChartFault(OrgChartPage page) {
        this.page = page;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeHealed(
                "org-chart",
                "Open the org chart",
                "Counts in the user's login row, then builds the chart. The reporting lines form a circle, so the"
                        + " recursion ends in a StackOverflowError. That is no Exception: it passes"
                        + " catch (Exception) { rollback; close } by.",
                "A borrowed connection, its open transaction and the lock on the user's login row. Nothing refers to"
                        + " the connection any more, but nothing closes it either.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) throws SQLException {
        page.open(username);
        return FaultAnswer.done("The org chart was built: somebody has mended the reporting lines.");
    }
}
