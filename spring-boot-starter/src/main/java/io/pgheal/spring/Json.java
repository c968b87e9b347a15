package io.pgheal.spring;

import io.pgheal.HealingConfig;
import io.pgheal.ReleaseCandidate;
import io.pgheal.decide.TableRule;
import io.pgheal.detect.Evidence;
import io.pgheal.heal.RungResult;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.TableLock;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Waiter;
import io.pgheal.report.HealerState;
import io.pgheal.report.Incident;
import io.pgheal.track.LeaseView;
import io.pgheal.witness.Testimony;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of the endpoints, made of maps, lists, text, numbers and booleans only, because every version of Jackson
 * writes those alike. Instants are text in ISO 8601, durations are milliseconds.
 */
final class Json {
    private Json() {}

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** The rules that can be changed while the application runs. */
    static Map<String, @Nullable Object> rules(HealingConfig config) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("abandonedGraceMillis", config.limits().grace().toMillis());
        json.put("abandonedPatienceMillis", config.limits().patience().toMillis());
        json.put("abandonedRetained", word(config.limits().retained()));
        json.put("proofCollector", word(config.proof().mode()));
        json.put("proofLongestStopMillis", config.proof().longestStop().toMillis());
        json.put(
                "idleBlockerTimeoutMillis", config.limits().idleBlockerTimeout().toMillis());
        json.put(
                "activeBlockerTimeoutMillis",
                config.limits().activeBlockerTimeout().toMillis());
        Map<String, Object> tables = new LinkedHashMap<>();
        for (TableRule rule : config.limits().tables()) {
            Map<String, @Nullable Object> limits = new LinkedHashMap<>();
            limits.put("idleBlockerTimeoutMillis", millis(rule.idleBlockerTimeout()));
            limits.put("activeBlockerTimeoutMillis", millis(rule.activeBlockerTimeout()));
            tables.put(rule.pattern(), limits);
        }
        json.put("tables", tables);
        json.put("spareUsers", sorted(config.spare().users()));
        json.put("spareApplicationNames", sorted(config.spare().applicationNames()));
        json.put("spareDatabases", sorted(config.spare().databases()));
        json.put("spareTables", sorted(config.spare().tables()));
        json.put("spareStatementTags", sorted(config.spare().statementTags()));
        return json;
    }

    private static List<String> sorted(Set<String> names) {
        return names.stream().sorted().toList();
    }

    static Map<String, @Nullable Object> healer(HealerState state) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("connected", state.connected());
        json.put("trouble", state.trouble().isEmpty() ? null : state.trouble());
        json.put("shortcomings", state.shortcomings());
        json.put("breakerOpen", state.breakerOpen());
        json.put("leases", state.leases());
        json.put("openTransactions", state.openTransactions());
        json.put("waitersBlocked", state.waitersBlocked());
        json.put("quietestMillis", state.quietest().toMillis());
        json.put("quarantined", state.quarantined());
        json.put("queries", state.queries());
        json.put("lostEvents", state.lostEvents());
        json.put("mishaps", mishaps(state.mishaps()));
        json.put("retained", state.retained());
        json.put("proof", proof(state.proof()));
        return json;
    }

    /** The state of the garbage collector as witness. */
    static Map<String, @Nullable Object> proof(Testimony proof) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("asked", proof.asked());
        json.put("answered", proof.answered());
        json.put("underWay", proof.underWay());
        json.put("tookMillis", proof.answered() == 0 ? null : precise(proof.took()));
        json.put("longestStopMillis", proof.asked() == 0 ? null : precise(proof.longestStop()));
        json.put("silent", proof.silent().isEmpty() ? null : proof.silent());
        return json;
    }

    private static Map<String, Long> mishaps(HealerState.Mishaps mishaps) {
        Map<String, Long> json = new LinkedHashMap<>();
        json.put("actsGivenUp", mishaps.actsGivenUp());
        json.put("actsRefused", mishaps.actsRefused());
        json.put("failedLooks", mishaps.failedLooks());
        json.put("pauses", mishaps.pauses());
        json.put("lostNotices", mishaps.lostNotices());
        json.put("connects", mishaps.connects());
        json.put("losses", mishaps.losses());
        return json;
    }

    static Map<String, @Nullable Object> lease(LeaseView lease) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", lease.id());
        json.put("backendPid", lease.backendPid());
        json.put("transactionOpen", lease.transactionOpen());
        json.put("callInProgress", lease.callInProgress());
        json.put("heldMillis", lease.held().toMillis());
        json.put("quietMillis", lease.quiet().toMillis());
        json.put("stillReferredTo", lease.stillReferredTo());
        json.put("thread", lease.thread());
        json.put("borrowStack", lease.borrowStack());
        json.put("borrowStackLikely", lease.borrowStackLikely());
        json.put("lastStatements", lease.lastStatements());
        json.put("traceId", lease.trace() == null ? null : lease.trace().traceId());
        json.put("spanId", lease.trace() == null ? null : lease.trace().spanId());
        return json;
    }

    static Map<String, @Nullable Object> incident(Incident incident) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", incident.id());
        json.put("at", incident.at().toString());
        json.put("dataSource", incident.dataSource());
        json.put("diagnosis", incident.diagnosis().name());
        json.put("evidence", incident.evidence().stream().map(Json::evidence).toList());
        json.put("tables", incident.tables());
        json.put("tableUnknown", incident.tableUnknown());
        json.put("blocksItself", incident.blocksItself());
        json.put("backend", incident.culprit() == null ? null : culprit(incident.culprit()));
        json.put("locks", incident.locks().stream().map(Json::lock).toList());
        json.put("waiters", incident.waiters().stream().map(Json::waiter).toList());
        Map<String, @Nullable Object> decision = new LinkedHashMap<>();
        decision.put("action", incident.action());
        decision.put("reason", incident.reason());
        json.put("decision", decision);
        json.put("remedies", incident.remedies().stream().map(Json::remedy).toList());
        json.put("outcome", incident.outcome().name());
        json.put(
                "transaction",
                incident.transaction() == null ? null : incident.transaction().name());
        json.put("timeToHealMillis", precise(incident.timeToHeal()));
        json.put("silenceMillis", millis(incident.silence()));
        json.put("blockedMillis", incident.blocked().toMillis());
        json.put("operator", incident.operator());
        json.put("proof", incident.proof() == null ? null : proof(incident.proof()));
        json.put("traceId", incident.trace() == null ? null : incident.trace().traceId());
        json.put("spanId", incident.trace() == null ? null : incident.trace().spanId());
        LeaseView lease = incident.lease();
        json.put("thread", lease == null ? null : lease.thread());
        json.put("borrowStack", lease == null ? List.of() : lease.borrowStack());
        json.put("borrowStackLikely", lease != null && lease.borrowStackLikely());
        json.put("lastStatements", lease == null ? List.of() : lease.lastStatements());
        return json;
    }

    private static Map<String, @Nullable Object> evidence(Evidence evidence) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("kind", evidence.kind().name());
        json.put("strength", evidence.strength().name());
        json.put("ageMillis", evidence.age().toMillis());
        json.put("detail", evidence.detail());
        return json;
    }

    private static Map<String, @Nullable Object> culprit(Incident.Culprit culprit) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("pid", culprit.pid());
        json.put("backendStart", culprit.backendStart());
        json.put("state", culprit.state());
        json.put("user", culprit.user());
        json.put("applicationName", culprit.applicationName());
        json.put("clientAddress", culprit.clientAddress());
        json.put("transactionAgeMillis", millis(culprit.transactionAge()));
        json.put("stateAgeMillis", millis(culprit.stateAge()));
        json.put("lastStatement", culprit.lastStatement());
        return json;
    }

    private static Map<String, @Nullable Object> lock(Incident.LockView lock) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("table", lock.table());
        json.put("mode", lock.mode());
        json.put("type", lock.type());
        return json;
    }

    private static Map<String, @Nullable Object> waiter(Incident.WaiterView waiter) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("pid", waiter.pid());
        json.put("ours", waiter.ours());
        json.put("applicationName", waiter.applicationName());
        json.put("table", waiter.table());
        json.put("lockType", waiter.lockType());
        json.put("mode", waiter.mode());
        json.put("waitedMillis", waiter.waited().toMillis());
        json.put("statement", waiter.statement());
        return json;
    }

    private static Map<String, @Nullable Object> remedy(RungResult remedy) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("rung", remedy.rung().name());
        json.put("helped", remedy.helped());
        json.put("outcome", remedy.outcome());
        json.put("millis", precise(remedy.took()));
        return json;
    }

    /** A backend of the blocking tree. */
    static Map<String, @Nullable Object> backend(Backend backend) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("pid", backend.pid());
        json.put("state", backend.judged().map(judged -> judged.state()).orElse(null));
        json.put("user", backend.user());
        json.put("applicationName", backend.applicationName());
        json.put("clientAddress", backend.clientAddress());
        json.put("backendType", backend.backendType());
        json.put("transactionAgeMillis", millis(backend.transactionAge()));
        json.put("stateAgeMillis", millis(backend.stateAge()));
        json.put("lastStatement", backend.lastStatement());
        backend.judged().ifPresent(judged -> json.putAll(identity(judged)));
        return json;
    }

    /** The fields by which an operator's act identifies this transaction and no later one. */
    private static Map<String, @Nullable Object> identity(TransactionRef judged) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("backendStart", judged.backend().backendStart());
        json.put("xactStart", judged.xactStart());
        json.put("stateChange", judged.stateChange());
        return json;
    }

    /** A session that holds a lock on a table, or waits for one. */
    static Map<String, @Nullable Object> tableLock(TableLock lock) {
        Backend holder = lock.backend();
        Map<String, @Nullable Object> json = holder == null ? new LinkedHashMap<>() : backend(holder);
        json.put(
                "table",
                lock.lock().table() == null ? null : lock.lock().table().toString());
        json.put("mode", lock.lock().mode());
        json.put("lockType", lock.lock().lockType());
        json.put("held", lock.isHeld());
        json.put("waitedMillis", millis(lock.waited()));
        json.put("preparedTransaction", lock.preparedGid());
        return json;
    }

    /** A session that an operator's act would hit. */
    static Map<String, @Nullable Object> candidate(ReleaseCandidate candidate) {
        Map<String, @Nullable Object> json = backend(candidate.backend());
        json.put("ours", candidate.lease() != null);
        json.put("lease", candidate.lease() == null ? null : lease(candidate.lease()));
        json.put("waiters", candidate.waiters().stream().map(Json::waiter).toList());
        json.put("refused", candidate.refused());
        return json;
    }

    /** A waiting session of the blocking tree. */
    static Map<String, @Nullable Object> waiter(Waiter waiter) {
        Map<String, @Nullable Object> json = backend(waiter.backend());
        json.put("table", waiter.table() == null ? null : waiter.table().toString());
        json.put("lockType", waiter.lockType());
        json.put("mode", waiter.mode());
        json.put("blockedBy", waiter.blockedBy().stream().sorted().toList());
        json.put("waitedMillis", waiter.waited().toMillis());
        return json;
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : duration.toMillis();
    }

    /** With fractions: many heals take less than a millisecond or two. */
    private static @Nullable Double precise(@Nullable Duration duration) {
        return duration == null ? null : Math.round(duration.toNanos() / 1e4) / 1e2;
    }
}
