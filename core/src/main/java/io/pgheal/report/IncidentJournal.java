package io.pgheal.report;

import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.track.LeaseView;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells each incident to everybody who wants to know, and keeps the last ones. Thread-safe; nothing that a listener
 * does reaches the caller.
 */
public final class IncidentJournal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.pgheal.incident");
    private static final DateTimeFormatter ID_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss").withZone(ZoneOffset.UTC);
    private static final int NOTICES_WAITING = 256;

    /** One for all data sources: an id names one incident of the process. */
    private static final AtomicLong COUNT = new AtomicLong();

    private final String dataSource;
    private final Ticker ticker;
    private final Metrics metrics;
    private final List<IncidentListener> listeners;
    private final Map<String, Incident> kept;
    private final @Nullable ThreadPoolExecutor notices;

    public IncidentJournal(
            String dataSource, Ticker ticker, int keep, Metrics metrics, List<IncidentListener> listeners) {
        this.dataSource = dataSource;
        this.ticker = ticker;
        this.metrics = metrics;
        this.listeners = List.copyOf(listeners);
        this.kept = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Incident> eldest) {
                return size() > keep;
            }
        };
        this.notices = listeners.isEmpty() ? null : noticeThread(dataSource);
    }

    private static ThreadPoolExecutor noticeThread(String dataSource) {
        ThreadPoolExecutor thread =
                new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(NOTICES_WAITING), work -> {
                    Thread notice = new Thread(work, "pgheal-" + dataSource + "-listeners");
                    notice.setDaemon(true);
                    return notice;
                });
        thread.allowCoreThreadTimeOut(true);
        return thread;
    }

    /** The id of the next incident: needed before its end, because late callers are told of it. */
    public String nextId() {
        return ID_TIME.format(ticker.instant()) + "-" + COUNT.incrementAndGet();
    }

    public Incident tell(
            String id, Diagnosis diagnosis, Decision decision, Outcome outcome, @Nullable LeaseView lease) {
        Duration sinceSeen = diagnosis.lease() == null
                ? outcome.took()
                : Duration.ofNanos(ticker.nanos() - diagnosis.lease().at());
        Incident incident =
                Incident.of(id, ticker.instant(), dataSource, diagnosis, decision, outcome, sinceSeen, lease);
        spread(incident);
        return incident;
    }

    /** The judgement behind this incident was wrong. Empty if it is not kept any more. */
    public Optional<Incident> refute(String id) {
        Incident wrong;
        synchronized (kept) {
            wrong = kept.get(id);
        }
        if (wrong == null || wrong.outcome() == OutcomeKind.REFUTED) {
            return Optional.empty();
        }
        Incident refuted = wrong.refuted(ticker.instant());
        spread(refuted);
        return Optional.of(refuted);
    }

    public boolean keeps(String id) {
        synchronized (kept) {
            return kept.containsKey(id);
        }
    }

    /** The last incidents, the newest first. */
    public List<Incident> last() {
        List<Incident> all;
        synchronized (kept) {
            all = new ArrayList<>(kept.values());
        }
        java.util.Collections.reverse(all);
        return all;
    }

    private void spread(Incident incident) {
        synchronized (kept) {
            kept.put(incident.id(), incident);
        }
        LOG.atWarn()
                .addKeyValue("pgheal.incident", incident.id())
                .addKeyValue("pgheal.data_source", incident.dataSource())
                .addKeyValue("pgheal.diagnosis", incident.diagnosis().name())
                .addKeyValue("pgheal.outcome", incident.outcome().name())
                .log(IncidentText.line(incident));
        LOG.info(IncidentText.block(incident));
        quietly(() -> metrics.incident(incident), "a meter");
        quietly(() -> IncidentEvent.emit(incident), "Flight Recorder");
        ThreadPoolExecutor thread = notices;
        if (thread == null) {
            return;
        }
        for (IncidentListener listener : listeners) {
            try {
                thread.execute(() -> quietly(
                        () -> listener.onIncident(incident), listener.getClass().getName()));
            } catch (RejectedExecutionException full) {
                LOG.warn("[{}] a listener does not keep up: it is not told of incident {}", dataSource, incident.id());
            }
        }
    }

    private void quietly(Runnable telling, String whom) {
        try {
            telling.run();
        } catch (RuntimeException | LinkageError | AssertionError e) {
            LOG.warn("[{}] telling {} of an incident failed", dataSource, whom, e);
        }
    }

    @Override
    public void close() {
        if (notices != null) {
            notices.shutdown();
        }
        metrics.close();
    }
}
