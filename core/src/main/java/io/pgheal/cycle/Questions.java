package io.pgheal.cycle;

import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.detect.Symptom.OutlivedBackends;
import io.pgheal.detect.Symptom.SlowStatements;
import io.pgheal.diagnose.ServerSide;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ControlChannel.Answer;
import io.pgheal.postgres.ControlConnection;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Asks one server, and no more than the case needs. For the act thread only. */
final class Questions {
    static final Duration ANSWER = Duration.ofSeconds(2);

    /** How long the heal of a certain case waits for the rest of its story, as a part of the deadline. */
    private static final int SHARE_OF_THE_REST = 10;
    /** The same, as a multiple of the time that the server took for the first part: on a slow way to it all takes longer. */
    private static final int TIMES_THE_MOMENT = 4;

    private static final Duration SAME_MOMENT = Duration.ofMillis(100);

    private final ControlChannel channel;
    private final Ticker ticker;
    private @Nullable InTheWay lastSeen;
    /** Written by the channel's thread. */
    private volatile long momentTook;

    Questions(ControlChannel channel, Ticker ticker) {
        this.channel = channel;
        this.ticker = ticker;
    }

    /**
     * The story of one backend, requested and maybe not yet here.
     *
     * @param moment the part of it on which a heal depends, for a heal that may go ahead without the rest; else null
     */
    record PendingStory(
            @Nullable Answer<Optional<BackendStory>> moment,
            @Nullable Answer<Optional<BackendStory>> whole,
            String blindness) {

        /** What is known once the whole answer came, or the deadline passed. */
        ServerSide within(Duration deadline) {
            if (whole == null) {
                return ServerSide.blind(blindness);
            }
            try {
                return told(whole.within(deadline));
            } catch (SQLException e) {
                return ServerSide.blind("its story could not be asked: " + e.getMessage());
            }
        }

        boolean isWhole() {
            return whole != null && whole.ifHere().isPresent();
        }

        /** What is known by now. Of the backend itself only as it was before the heal, which changes it. */
        ServerSide byNow() {
            if (whole == null) {
                return ServerSide.blind(blindness);
            }
            BackendStory first = moment == null
                    ? null
                    : moment.ifHere().flatMap(story -> story).orElse(null);
            BackendStory all = whole.ifHere().flatMap(story -> story).orElse(null);
            if (first == null) {
                return all == null ? ServerSide.blind("its story came too late") : ServerSide.told(all);
            }
            return ServerSide.told(all == null ? first : all.of(first.backend()));
        }

        private static ServerSide told(Optional<BackendStory> story) {
            return story.map(ServerSide::told).orElseGet(() -> ServerSide.blind("its backend is not there any more"));
        }
    }

    /** Asks for the story of a lease, and does not wait for it. */
    PendingStory story(LeaseSnapshot lease) {
        return story(lease, false);
    }

    private PendingStory story(LeaseSnapshot lease, boolean momentFirst) {
        BackendId backend = lease.physical().backend();
        if (backend == null || !reaches(lease.physical().server())) {
            return new PendingStory(null, null, blindness(lease));
        }
        try {
            var moment = momentFirst ? channel.put(control -> moment(control, backend)) : null;
            return new PendingStory(moment, channel.put(control -> control.story(backend)), "");
        } catch (SQLException e) {
            return new PendingStory(null, null, "its story could not be asked: " + e.getMessage());
        }
    }

    private Optional<BackendStory> moment(ControlConnection control, BackendId backend) throws SQLException {
        long began = ticker.nanos();
        Optional<BackendStory> moment = control.moment(backend);
        momentTook = ticker.nanos() - began;
        return moment;
    }

    /**
     * The story of a certain case, which is to be healed at once. Waits for the part on which the heal depends, at most until
     * the deadline; for the rest, which the incident tells, no longer than a tenth of the deadline, or a few times as long as
     * the server took for the first part: behind a long queue the rest takes many times as long. Only for a session that may
     * lead it waits as long as for any answer: such a session is healed for those who wait for its rows, and not before they
     * are seen.
     *
     * @param wholeMatters whether it depends on the whole story
     * @param sparesLeaders whether a session that may lead is left alone while nobody waits for its rows
     */
    PendingStory storyBeforeHeal(LeaseSnapshot lease, Duration deadline, boolean wholeMatters, boolean sparesLeaders) {
        long began = ticker.nanos();
        PendingStory story = story(lease, !wholeMatters);
        if (story.moment() == null) {
            story.within(deadline);
            return story;
        }
        boolean mayLead = lease.sessionBound();
        try {
            mayLead |= story.moment()
                    .within(deadline)
                    .filter(BackendStory::holdsAdvisoryLock)
                    .isPresent();
        } catch (SQLException e) {
            // then nothing is known, or what comes meanwhile
        }
        long left = began + deadline.toNanos() - ticker.nanos();
        long enough = Math.max(TIMES_THE_MOMENT * momentTook, deadline.toNanos() / SHARE_OF_THE_REST);
        story.within(sparesLeaders && mayLead ? ANSWER : Duration.ofNanos(Math.max(0, Math.min(left, enough))));
        return story;
    }

    /**
     * While there is patience left, first asks only whether somebody waits, without reading {@code pg_locks}; reads the
     * whole story only if so.
     */
    ServerSide storyIfSomebodyWaits(
            AbandonedLease symptom,
            Set<BackendId> suspects,
            boolean poolExhausted,
            Duration patience,
            boolean locksMatter) {
        LeaseSnapshot lease = symptom.lease();
        BackendId backend = lease.physical().backend();
        boolean patient = !poolExhausted && lease.quiet().compareTo(patience) < 0;
        boolean somebodyWaits = false;
        if (patient && backend != null && reaches(lease.physical().server())) {
            try {
                if (!isInTheWay(backend.pid(), suspects)) {
                    return ServerSide.blind("nobody waits for it");
                }
                somebodyWaits = true;
            } catch (SQLException e) {
                return ServerSide.blind("its waiters could not be asked: " + e.getMessage());
            }
        }
        ServerSide whole = story(lease).within(ANSWER);
        return whole.story() == null && backend != null && somebodyWaits && !locksMatter
                ? waitersAlone(backend).orElse(whole)
                : whole;
    }

    /** Which of the pids that were asked about blocked somebody at that moment. */
    private record InTheWay(long at, Set<Integer> asked, Set<Integer> found) {}

    /** Asks about all suspects in one query: there may be hundreds of them, and each is looked at several times a second. */
    private boolean isInTheWay(int pid, Set<BackendId> suspects) throws SQLException {
        InTheWay seen = lastSeen;
        if (seen == null
                || ticker.nanos() - seen.at() >= SAME_MOMENT.toNanos()
                || !seen.asked().contains(pid)) {
            Set<Integer> asked = suspects.stream().map(BackendId::pid).collect(Collectors.toCollection(HashSet::new));
            asked.add(pid);
            seen = new InTheWay(ticker.nanos(), asked, channel.ask(ANSWER, control -> control.inTheWay(asked)));
            lastSeen = seen;
        }
        return seen.found().contains(pid);
    }

    /**
     * The waiters without the locks, for when the whole story did not come in time: that somebody waits must not be lost.
     */
    private Optional<ServerSide> waitersAlone(BackendId backend) {
        try {
            BlockingTree tree = channel.ask(ANSWER, control -> control.blockingTree(null));
            return tree.backend(backend.pid())
                    .filter(seen -> backend.equals(seen.id()))
                    .map(seen -> ServerSide.told(new BackendStory(
                            seen, List.of(), Set.of(), tree.waitersOf(backend.pid()), tree.truncated())));
        } catch (SQLException e) {
            return Optional.empty();
        }
    }

    /**
     * Who waits for whom, as far as statements of ours are concerned.
     *
     * @param waiters the pids of the slow statements that were asked about
     * @param ours all leases on this server by their backends
     */
    record Blocking(BlockingTree tree, Set<Integer> waiters, Map<BackendId, LeaseSnapshot> ours) {}

    /** The sessions for which the slow statements wait; empty if none of the statements runs on this server. */
    Optional<Blocking> whoBlocks(SlowStatements symptom, Collection<LeaseSnapshot> leases) throws SQLException {
        Map<BackendId, LeaseSnapshot> ours = new HashMap<>();
        for (LeaseSnapshot lease : leases) {
            BackendId backend = lease.physical().backend();
            if (backend != null && reaches(lease.physical().server())) {
                // One connection may be lent twice within a global transaction: the latest lease counts.
                ours.merge(
                        backend,
                        lease,
                        (one, other) -> one.lease().id() > other.lease().id() ? one : other);
            }
        }
        Set<Integer> waiters = new HashSet<>();
        for (LeaseSnapshot lease : symptom.leases()) {
            BackendId backend = lease.physical().backend();
            if (backend != null && ours.containsKey(backend)) {
                waiters.add(backend.pid());
            }
        }
        if (waiters.isEmpty()) {
            return Optional.empty();
        }
        BlockingTree cheap = channel.ask(ANSWER, control -> control.blockingTree(waiters));
        return Optional.of(new Blocking(
                cheap.roots().isEmpty() ? cheap : channel.ask(ANSWER, control -> control.fullBlockingTree(waiters)),
                waiters,
                ours));
    }

    Map<Integer, List<HeldLock>> locksOf(List<BackendId> backends) throws SQLException {
        Map<Integer, List<HeldLock>> locks = new HashMap<>();
        for (BackendId backend : backends) {
            channel.ask(ANSWER, control -> control.story(backend))
                    .ifPresent(story -> locks.put(backend.pid(), story.locks()));
        }
        return locks;
    }

    /**
     * The backends that outlived their leases and still exist.
     *
     * @param leftBehind the stories of the backends that execute or wait, and so do not notice that their client is gone,
     *     and of those that linger in a transaction because the end of the connection did not reach them
     */
    record StillThere(Set<BackendId> all, List<BackendStory> leftBehind) {}

    StillThere stillThere(OutlivedBackends symptom) {
        Set<BackendId> outlived = symptom.backends();
        try {
            Set<BackendId> all = new HashSet<>();
            List<BackendStory> leftBehind = new ArrayList<>();
            List<Integer> pids = outlived.stream().map(BackendId::pid).toList();
            for (Backend backend : channel.ask(ANSWER, control -> control.backends(pids))) {
                BackendId id = backend.id();
                if (id == null || !outlived.contains(id)) {
                    continue;
                }
                all.add(id);
                if (backend.isActive()
                        || (backend.isIdleInTransaction() && symptom.lingering().contains(id))) {
                    Optional<BackendStory> story = channel.ask(ANSWER, control -> control.story(id));
                    story.ifPresent(leftBehind::add);
                }
            }
            return new StillThere(all, leftBehind);
        } catch (SQLException e) {
            return new StillThere(outlived, List.of());
        }
    }

    private boolean reaches(@Nullable ServerIdentity server) {
        return server != null
                && channel.server()
                        .map(there -> there.identity().equals(server))
                        .orElse(false);
    }

    private String blindness(LeaseSnapshot lease) {
        if (lease.physical().poolerInBetween()) {
            return "a pooler stands in between: its backend is not known";
        }
        return channel.server().isEmpty()
                ? channel.trouble()
                : "the control connection reaches another server than this connection";
    }
}
