package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ServerIdentity;
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

/** {@code /actuator/pghealtree}: which session waits for which, now. Asks the server at each request. */
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
                addOwner(each, waiter.backend().id(), dataSource.server().orElse(null));
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
        BackendId id = tree.backend(pid).map(Backend::id).orElse(null);
        addOwner(json, id, dataSource.server().orElse(null));
        lastWordOn(id, dataSource.incidents(), json);
        return json;
    }

    /** Adds the owner of the backend: the data source of this application, and its lease. */
    private void addOwner(Map<String, @Nullable Object> json, @Nullable BackendId id, @Nullable ServerIdentity server) {
        json.put("ours", false);
        guarded.byName().forEach((name, dataSource) -> {
            for (LeaseView lease : dataSource.leases()) {
                if (isOf(lease, id, server)) {
                    json.put("ours", true);
                    json.put("dataSource", name);
                    json.put("lease", Json.lease(lease));
                }
            }
        });
    }

    /** Pids repeat, over time and between servers: a backend that is not known to be the same counts as another one. */
    static boolean isOf(LeaseView lease, @Nullable BackendId id, @Nullable ServerIdentity server) {
        return id != null && server != null && id.equals(lease.backend()) && server.equals(lease.server());
    }

    /** Why the backend is still there, as far as pgheal has judged it. */
    static void lastWordOn(@Nullable BackendId id, List<Incident> incidents, Map<String, @Nullable Object> json) {
        for (Incident incident : incidents) {
            if (id != null && isAbout(incident.culprit(), id)) {
                json.put("incident", incident.id());
                json.put("action", incident.action());
                json.put("reason", incident.reason());
                return;
            }
        }
        json.put("reason", null);
    }

    private static boolean isAbout(Incident.@Nullable Culprit culprit, BackendId id) {
        return culprit != null && culprit.pid() == id.pid() && id.backendStart().equals(culprit.backendStart());
    }
}
