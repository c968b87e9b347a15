package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.report.Incident;
import io.pgheal.track.LeaseView;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/pghealtree}: who waits for whom in the database, now. Asks the server each time. */
@Endpoint(id = "pghealtree", defaultAccess = Access.READ_ONLY)
final class BlockingTreeEndpoint {
    private final GuardedDataSources guarded;

    BlockingTreeEndpoint(GuardedDataSources guarded) {
        this.guarded = guarded;
    }

    @ReadOperation
    Map<String, Object> trees() {
        Map<String, Object> dataSources = new LinkedHashMap<>();
        guarded.byName().forEach((name, dataSource) -> dataSources.put(name, tree(dataSource)));
        return Map.of("dataSources", dataSources);
    }

    private Map<String, @Nullable Object> tree(SelfHealingDataSource dataSource) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        try {
            BlockingTree tree = dataSource.blockingTree();
            List<Object> roots = new ArrayList<>();
            tree.roots().forEach(pid -> roots.add(root(tree, pid, dataSource)));
            List<Object> waiters = new ArrayList<>();
            tree.waiters().forEach(waiter -> {
                Map<String, @Nullable Object> each = Json.waiter(waiter);
                addOwner(each, waiter.pid());
                waiters.add(each);
            });
            json.put("roots", roots);
            json.put("waiters", waiters);
            json.put("truncated", tree.truncated());
        } catch (SQLException | RuntimeException e) {
            json.put("error", String.valueOf(e.getMessage()));
        }
        return json;
    }

    private Map<String, @Nullable Object> root(BlockingTree tree, int pid, SelfHealingDataSource dataSource) {
        Map<String, @Nullable Object> json = tree.backend(pid)
                .map(Json::backend)
                .orElseGet(() -> {
                    Map<String, @Nullable Object> unseen = new LinkedHashMap<>();
                    unseen.put("pid", pid);
                    return unseen;
                });
        if (pid == BlockingTree.PREPARED) {
            json.put("backendType", "prepared transaction");
        }
        json.put("waiters", tree.waitersOf(pid).size());
        addOwner(json, pid);
        lastWordOn(pid, dataSource, json);
        return json;
    }

    /** Whose it is: of which data source of this application, and of which lease. */
    private void addOwner(Map<String, @Nullable Object> json, int pid) {
        json.put("ours", false);
        guarded.byName().forEach((name, dataSource) -> {
            for (LeaseView lease : dataSource.leases()) {
                if (lease.backendPid() == pid) {
                    json.put("ours", true);
                    json.put("dataSource", name);
                    json.put("lease", Json.lease(lease));
                }
            }
        });
    }

    /** Why it is still there, as far as pgheal has judged it. */
    private static void lastWordOn(int pid, SelfHealingDataSource dataSource, Map<String, @Nullable Object> json) {
        for (Incident incident : dataSource.incidents()) {
            if (incident.culprit() != null && incident.culprit().pid() == pid) {
                json.put("incident", incident.id());
                json.put("action", incident.action());
                json.put("reason", incident.reason());
                return;
            }
        }
        json.put("reason", null);
    }
}
