package io.pgheal.diagnose;

import io.pgheal.detect.Evidence;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseSnapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Diagnoses for tests of the later stages: nobody is known and nobody waits, unless said otherwise. */
public final class Diagnoses {
    private final DiagnosisKind kind;
    private @Nullable LeaseSnapshot lease;
    private List<Evidence> evidence = List.of();
    private @Nullable Backend backend;
    private List<Waiter> waiters = List.of();
    private boolean poolExhausted;
    private @Nullable String untouchable;

    private Diagnoses(DiagnosisKind kind) {
        this.kind = kind;
    }

    public static Diagnoses of(DiagnosisKind kind) {
        return new Diagnoses(kind);
    }

    public Diagnoses lease(@Nullable LeaseSnapshot value) {
        lease = value;
        return this;
    }

    public Diagnoses evidence(List<Evidence> value) {
        evidence = value;
        return this;
    }

    public Diagnoses backend(@Nullable Backend value) {
        backend = value;
        return this;
    }

    public Diagnoses waiters(List<Waiter> value) {
        waiters = value;
        return this;
    }

    public Diagnoses poolExhausted(boolean value) {
        poolExhausted = value;
        return this;
    }

    public Diagnoses untouchable(@Nullable String value) {
        untouchable = value;
        return this;
    }

    public Diagnosis made() {
        return new Diagnosis(
                kind,
                lease,
                evidence,
                backend == null ? null : backend.id(),
                backend,
                List.of(),
                waiters,
                poolExhausted,
                untouchable);
    }
}
