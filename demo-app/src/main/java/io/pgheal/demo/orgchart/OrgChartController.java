package io.pgheal.demo.orgchart;

import java.sql.SQLException;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class OrgChartController {

    private final OrgChartPage page;

    OrgChartController(OrgChartPage page) {
        this.page = page;
    }

    @PostMapping("/api/users/{username}/org-chart")
    OrgChart open(@PathVariable String username) throws SQLException {
        return page.open(username);
    }
}
