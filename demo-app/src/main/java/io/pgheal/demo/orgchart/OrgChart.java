package io.pgheal.demo.orgchart;

import java.util.ArrayList;
import java.util.List;

/** A person and everybody below, all the way down. */
public record OrgChart(String username, String fullName, List<OrgChart> reports) {

    // The fault: the recursion never ends when the reporting lines form a circle.
    static OrgChart below(Employee head, List<Employee> staff) {
        List<OrgChart> reports = new ArrayList<>();
        for (Employee employee : staff) {
            if (head.username().equals(employee.manager())) {
                reports.add(below(employee, staff));
            }
        }
        return new OrgChart(head.username(), head.fullName(), reports);
    }

    static OrgChart of(String username, List<Employee> staff) {
        for (Employee employee : staff) {
            if (employee.username().equals(username)) {
                return below(employee, staff);
            }
        }
        throw new UnknownUser(username);
    }
}
