package io.pgheal.cycle;

import io.pgheal.Release;
import io.pgheal.ReleaseCandidate;
import io.pgheal.ReleaseTarget;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decider;
import io.pgheal.decide.Decision;
import io.pgheal.decide.SpareRules;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.Diagnostician;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.Healer;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ControlConnection;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.SqlState;
import io.pgheal.postgres.TableLock;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Waiter;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.LeaseView;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Carries out the acts of operators, behind the same guard as pgheal's own heals and on the same thread: never more than
 * one remedy at a time. Modes, budgets and the breaker limit pgheal's own judgement, not an operator. Sessions that must
 * never be signalled are refused here, too. Thread-safe.
 */
final class OperatorActs {
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration WHOLE_ACT = Duration.ofSeconds(30);

    private final ControlChannel channel;
    private final ActThread acts;
    private final Healer healer;
    private final IncidentJournal journal;
    private final Supplier<SpareRules> spare;
    private final Supplier<List<LeaseSnapshot>> leases;

    /** @param server the one that is opened at the start; operators' acts reach no other */
    OperatorActs(
            Servers.Reach server,
            ActThread acts,
            IncidentJournal journal,
            Supplier<SpareRules> spare,
            Supplier<List<LeaseSnapshot>> leases) {
        this.channel = server.channel;
        this.acts = acts;
        this.healer = server.healer;
        this.journal = journal;
        this.spare = spare;
        this.leases = leases;
    }

    /** The sessions that the act would hit now. Changes nothing. */
    List<ReleaseCandidate> wouldRelease(ReleaseTarget target, Release how) throws SQLException {
        List<ReleaseCandidate> candidates = new ArrayList<>();
        for (Diagnosis diagnosis : diagnose(target)) {
            Decision decision = decide(diagnosis, how, "the operator");
            candidates.add(new ReleaseCandidate(
                    Objects.requireNonNull(diagnosis.backend()),
                    view(diagnosis),
                    diagnosis.locks(),
                    diagnosis.waiters(),
                    decision.action() == Action.HEAL ? null : decision.reason()));
        }
        return candidates;
    }

    /** Carries out the act and waits for its end. Returns an incident for each session that was meant. */
    List<Incident> release(ReleaseTarget target, Release how, String operator) throws SQLException {
        named(operator);
        CompletableFuture<List<Incident>> done = new CompletableFuture<>();
        Runnable act = () -> {
            try {
                if (done.isDone()) {
                    return; // given up while it waited for its turn: the sessions that block now were never meant
                }
                List<Incident> incidents = new ArrayList<>();
                for (Diagnosis diagnosis : diagnose(target)) {
                    if (done.isDone() || ActThread.isGivenUp()) {
                        return;
                    }
                    incidents.add(act(diagnosis, target, how, operator));
                }
                done.complete(incidents);
            } catch (SQLException | RuntimeException | Error e) {
                done.completeExceptionally(e);
            }
        };
        boolean taken = acts.submit(ActThread.Turn.NEXT, act);
        if (!taken) {
            throw new SQLException(
                    "pgheal is closed, or too many acts wait already", SqlState.CONNECTION_DOES_NOT_EXIST);
        }
        return await(done);
    }

    /** Returns the name, if it fits on one line of the log. */
    static String named(String operator) {
        if (operator.isBlank() || operator.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("an operator's act needs the operator's name, on one line");
        }
        return operator;
    }

    private static List<Incident> await(CompletableFuture<List<Incident>> done) throws SQLException {
        try {
            return done.get(WHOLE_ACT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            done.cancel(false);
            throw new SQLException("interrupted while the act was under way; see the incidents for its end", e);
        } catch (TimeoutException e) {
            done.cancel(false);
            throw new SQLException("the act was not over after " + WHOLE_ACT + "; see the incidents for its end", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SQLException refused) {
                throw refused;
            }
            throw new SQLException("the act failed", e.getCause());
        }
    }

    private Incident act(Diagnosis diagnosis, ReleaseTarget target, Release how, String operator) {
        Decision decision = decide(diagnosis, how, operator);
        String id = journal.nextId();
        Outcome outcome = Outcome.untouched(OutcomeKind.REPORTED);
        if (decision.action() == Action.HEAL) {
            outcome = healer.carryOut(
                    diagnosis,
                    decision,
                    id,
                    how == Release.CANCEL ? Rung.CANCEL : Rung.TERMINATE,
                    !(target instanceof ReleaseTarget.Session));
        }
        return journal.publish(id, diagnosis, decision, outcome, view(diagnosis), null);
    }

    private Decision decide(Diagnosis diagnosis, Release how, String operator) {
        return Decider.operatorsAct(diagnosis, spare.get(), how == Release.CANCEL, operator);
    }

    private List<Diagnosis> diagnose(ReleaseTarget target) throws SQLException {
        Set<BackendId> meant = new LinkedHashSet<>();
        if (target instanceof ReleaseTarget.Session session) {
            meant.add(session.backend());
        } else if (target instanceof ReleaseTarget.Transaction transaction) {
            meant.add(transaction.judged().backend());
        } else if (target instanceof ReleaseTarget.RootBlockers blockers) {
            meant.addAll(channel.ask(ANSWER, control -> rootsOf(control, blockers.table())));
        }
        List<LeaseSnapshot> now = leases.get();
        List<Diagnosis> found = new ArrayList<>();
        for (BackendId id : meant) {
            Optional<BackendStory> story = channel.ask(ANSWER, control -> {
                refuseOurselves(control, id);
                return control.story(id);
            });
            if (story.isPresent()) {
                found.add(Diagnostician.chosen(stillJudged(story.get(), target), leaseOf(id, now)));
            } else if (!(target instanceof ReleaseTarget.RootBlockers)) {
                throw new SQLException("there is no backend " + id + " any more", SqlState.CONNECTION_DOES_NOT_EXIST);
            }
        }
        return found;
    }

    /** The guard compares with what the operator saw, not with what we see now. */
    private static BackendStory stillJudged(BackendStory story, ReleaseTarget target) throws SQLException {
        if (target instanceof ReleaseTarget.Transaction transaction) {
            TransactionRef now = story.backend().transaction();
            if (now != null && !now.equals(transaction.judged())) {
                throw new SQLException(
                        "backend " + now.backend() + " has moved on since it was looked at: look again",
                        SqlState.CONNECTION_DOES_NOT_EXIST);
            }
        }
        return story;
    }

    private static void refuseOurselves(ControlConnection control, BackendId id) throws SQLException {
        if (control.pid() == id.pid()) {
            throw new SQLException("backend " + id + " is pgheal's own control connection");
        }
    }

    private static List<BackendId> rootsOf(ControlConnection control, TableName table) throws SQLException {
        Set<Integer> atWork = new LinkedHashSet<>();
        for (TableLock lock : control.locksOn(table)) {
            if (lock.backend() != null) {
                atWork.add(lock.backend().head());
            }
        }
        BlockingTree tree = control.fullBlockingTree(null);
        Set<BackendId> roots = new LinkedHashSet<>();
        String preparedGid = null;
        for (Waiter waiter : tree.waiters()) {
            if (!waitsFor(waiter, table, atWork)) {
                continue;
            }
            for (int root : tree.rootsOf(waiter.backend().head())) {
                tree.backend(root).map(Backend::id).ifPresent(roots::add);
                preparedGid = root == BlockingTree.PREPARED ? String.valueOf(waiter.preparedGid()) : preparedGid;
            }
        }
        if (roots.isEmpty() && preparedGid != null) {
            throw new SQLException("the lock is held by the prepared transaction '" + preparedGid
                    + "': COMMIT PREPARED or ROLLBACK PREPARED by its owner");
        }
        return List.copyOf(roots);
    }

    /**
     * An insert that waits for another transaction's key of a unique index is tied to no table: then its locked tables
     * count.
     */
    private static boolean waitsFor(Waiter waiter, TableName table, Set<Integer> atWork) {
        TableName awaited = waiter.table();
        if (awaited == null) {
            return !waiter.waitsForAdvisoryLock()
                    && atWork.contains(waiter.backend().head());
        }
        return isSame(awaited, table) || (awaited.partitionOf() != null && isSame(awaited.partitionOf(), table));
    }

    private static boolean isSame(TableName one, TableName other) {
        return one.schema().equals(other.schema()) && one.name().equals(other.name());
    }

    private @Nullable LeaseSnapshot leaseOf(BackendId id, List<LeaseSnapshot> now) {
        ServerIdentity reached =
                channel.server().map(ControlChannel.Server::identity).orElse(null);
        return now.stream()
                .filter(lease -> id.equals(lease.physical().backend())
                        && lease.physical().server() != null
                        && lease.physical().server().equals(reached)
                        && !lease.lease().isOver())
                .findFirst()
                .orElse(null);
    }

    private static @Nullable LeaseView view(Diagnosis diagnosis) {
        return diagnosis.lease() == null ? null : diagnosis.lease().view();
    }
}
