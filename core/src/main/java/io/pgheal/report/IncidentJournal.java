package io.pgheal.report;

import io.pgheal.Internal;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.thread.Crew;
import io.pgheal.thread.Lane;
import io.pgheal.track.LeaseView;
import io.pgheal.track.Ticker;
import io.pgheal.track.TraceContext;
import io.pgheal.track.Tracing;
import io.pgheal.witness.Testimony;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Publishes each incident to the log, the meters, Flight Recorder and the listeners, and keeps the last ones. Thread-safe;
 * nothing that a listener does reaches the caller.
 */
@Internal
public final class IncidentJournal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("io.pgheal.incident");
    private static final DateTimeFormatter ID_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss").withZone(ZoneOffset.UTC);
    private static final int NOTICES_WAITING = 256;
    private static final Duration LAST_NOTICES = Duration.ofMillis(500);

    /** Shared by all data sources: an id is unique within the process. */
    private static final AtomicLong COUNT = new AtomicLong();

    private final String dataSource;
    private final Ticker ticker;
    private final Metrics metrics;
    private final @Nullable Tracing tracing;
    private final List<IncidentListener> listeners;
    private final Map<String, Incident> kept;
    private final Lane notices;
    private final AtomicLong lostNotices = new AtomicLong();

    /** Makes its texts, and tells nobody. */
    private final boolean silent;

    /** Tells the listeners on a thread of this crew. */
    public IncidentJournal(
            String dataSource,
            Ticker ticker,
            int keep,
            Metrics metrics,
            @Nullable Tracing tracing,
            List<IncidentListener> listeners,
            Crew crew) {
        this(dataSource, ticker, keep, metrics, tracing, listeners, crew, false);
    }

    /** A journal that nobody reads, for the rehearsal of a heal. */
    public static IncidentJournal silent(Ticker ticker) {
        return new IncidentJournal("rehearsal", ticker, 1, Metrics.NONE, null, List.of(), Crew.NEWS, true);
    }

    private IncidentJournal(
            String dataSource,
            Ticker ticker,
            int keep,
            Metrics metrics,
            @Nullable Tracing tracing,
            List<IncidentListener> listeners,
            Crew crew,
            boolean silent) {
        this.silent = silent;
        this.dataSource = dataSource;
        this.ticker = ticker;
        this.metrics = metrics;
        this.tracing = tracing;
        this.listeners = List.copyOf(listeners);
        this.kept = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Incident> eldest) {
                return size() > keep;
            }
        };
        this.notices = new Lane(crew, dataSource, "listeners", NOTICES_WAITING);
        if (!listeners.isEmpty()) {
            notices.start();
        }
    }

    /** The id of the next incident: needed before the heal ends, because the exceptions of late callers name it. */
    public String nextId() {
        return silent ? "rehearsal" : ID_TIME.format(ticker.instant()) + "-" + COUNT.incrementAndGet();
    }

    public Incident publish(
            String id,
            Diagnosis diagnosis,
            Decision decision,
            Outcome outcome,
            @Nullable LeaseView lease,
            @Nullable Testimony proof) {
        Duration sinceSeen = diagnosis.lease() == null
                ? outcome.took()
                : Duration.ofNanos(ticker.nanos() - diagnosis.lease().at());
        Incident incident =
                Incident.of(id, ticker.instant(), dataSource, diagnosis, decision, outcome, sinceSeen, lease, proof);
        spread(incident, keep(incident));
        return incident;
    }

    /**
     * Marks the judgement behind this incident as wrong. The caller has to {@link #publishAgain} the incident that it gets.
     *
     * @return empty if it was refuted before, or is not kept
     */
    public Optional<Incident> refute(String id) {
        Instant now = ticker.instant();
        synchronized (kept) {
            Incident wrong = kept.get(id);
            if (wrong == null || wrong.outcome() == OutcomeKind.REFUTED) {
                return Optional.empty();
            }
            Incident refuted = wrong.refuted(now);
            kept.put(id, refuted);
            return Optional.of(refuted);
        }
    }

    /** False before the incident is published, and when it is not kept any more. */
    public boolean keeps(String id) {
        synchronized (kept) {
            return kept.containsKey(id);
        }
    }

    /** Publishes the incident again, because more is known of it. */
    public void publishAgain(Incident incident) {
        keep(incident); // the end of its heal may have been published meanwhile
        spread(incident, null);
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

    /** How many incidents did not reach a listener. */
    public long lostNotices() {
        return lostNotices.get();
    }

    /** Finds a thread for notices that have none because there was none to be had. For the healing loop, at each look. */
    public void watch() {
        notices.watch();
    }

    private @Nullable Incident keep(Incident incident) {
        synchronized (kept) {
            return kept.put(incident.id(), incident);
        }
    }

    private void spread(Incident incident, @Nullable Incident before) {
        String text = IncidentText.line(incident);
        String block = IncidentText.block(incident);
        if (silent) {
            return;
        }
        LoggingEventBuilder line = LOG.atWarn()
                .addKeyValue("pgheal.incident", incident.id())
                .addKeyValue("pgheal.data_source", incident.dataSource())
                .addKeyValue("pgheal.diagnosis", incident.diagnosis().name())
                .addKeyValue("pgheal.outcome", incident.outcome().name());
        TraceContext trace = incident.trace();
        if (trace != null) {
            line = line.addKeyValue("pgheal.trace_id", trace.traceId()).addKeyValue("pgheal.span_id", trace.spanId());
        }
        line.log(text);
        LOG.info(block);
        quietly(() -> record(incident, before), "a meter");
        quietly(() -> IncidentEvent.emit(incident), "Flight Recorder");
        for (IncidentListener listener : listeners) {
            boolean taken = notices.add(() -> quietly(
                    () -> listener.onIncident(incident), listener.getClass().getName()));
            if (!taken) {
                lostNotices.incrementAndGet();
                LOG.warn("[{}] a listener does not keep up: it is not told of incident {}", dataSource, incident.id());
            }
        }
    }

    /** Records the meters within the borrower's span, for exemplars, where the tracing system keeps that span. */
    private void record(Incident incident, @Nullable Incident before) {
        TraceContext trace = incident.trace();
        if (tracing != null && trace != null && trace.sampled()) {
            tracing.within(trace, () -> metrics.incident(incident, before));
        } else {
            metrics.incident(incident, before);
        }
    }

    private void quietly(Runnable notice, String receiver) {
        try {
            notice.run();
        } catch (RuntimeException | LinkageError | AssertionError e) {
            LOG.warn("[{}] telling {} of an incident failed", dataSource, receiver, e);
        }
    }

    /** Lets the listeners finish for a moment; one that blocks would otherwise keep its thread for ever. */
    @Override
    public void close() {
        try {
            notices.close(LAST_NOTICES);
        } finally {
            metrics.close();
        }
    }
}
