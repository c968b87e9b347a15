package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.postgres.TransactionEnd;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

/** What the loop dates, by a clock of the test's own. */
class LeaseWatchTest {
    private static final Revocation WHY = new Revocation("1", "test", true, TransactionEnd.ROLLED_BACK);

    private final LeaseRegistry registry =
            new LeaseRegistry("test", new Leases.TestPool(), true, 8, Ticker.system(), () -> false);
    private final Raw lent = new Raw();
    private long now;

    private interface Work {
        void run() throws Exception;
    }

    private ConnectionHandle lend() throws Exception {
        return registry.lend(lent.as(Connection.class), new Raw().as(BaseConnection.class));
    }

    private ConnectionHandle borrowedByAThreadThatEnded() throws Exception {
        ConnectionHandle[] handle = new ConnectionHandle[1];
        inAnotherThread(() -> handle[0] = lend());
        return handle[0];
    }

    private static void inAnotherThread(Work work) throws Exception {
        Throwable[] thrown = new Throwable[1];
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable t) {
                thrown[0] = t;
            }
        });
        thread.start();
        thread.join();
        assertThat(thrown[0]).isNull();
    }

    private LeaseSnapshot lookAfter(Duration time) {
        now += time.toNanos();
        return registry.look(now, null).get(0);
    }

    private LeaseSnapshot look() {
        return lookAfter(Duration.ZERO);
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    // ---- the fence

    @Test
    void theFenceFailsOnceACallOrATouchCameSinceTheJudgement() throws Exception {
        Lease lease = lend().lease;
        LeaseSnapshot beforeTouch = look();
        lease.touch();
        assertThat(lease.revoke(beforeTouch, true, WHY)).isFalse();
        LeaseSnapshot beforeCall = look();
        lease.enter(Call.FETCH);
        lease.exit();
        assertThat(lease.revoke(beforeCall, true, WHY)).isFalse();
        assertThat(lease.isOver()).isFalse();
        assertThat(lease.revoke(look(), false, WHY)).isTrue();
    }

    @Test
    void theFenceFailsOnceItsOwnerAskedForTimeSinceTheJudgement() throws Exception {
        Lease lease = lend().lease;
        LeaseSnapshot before = look();
        lease.extend(seconds(60));
        assertThat(lease.revoke(before, true, WHY)).isFalse();
        LeaseSnapshot again = look();
        try (LongTransaction work = registry.longTransaction(seconds(60))) {
            assertThat(lease.revoke(again, true, WHY)).isFalse();
        }
        assertThat(lease.revoke(look(), true, WHY)).isTrue();
    }

    // ---- what a call withdraws

    @Test
    void aCallItsEndAndATouchEachStartTheClockAnew() throws Exception {
        Lease lease = lend().lease;
        look();
        assertThat(lookAfter(seconds(5)).quiet()).isEqualTo(seconds(5));
        lease.touch();
        assertThat(lookAfter(seconds(1)).quiet()).isZero();
        assertThat(lookAfter(seconds(5)).quiet()).isEqualTo(seconds(5));
        lease.enter(Call.EXECUTE);
        assertThat(lookAfter(seconds(1)).quiet()).isZero();
        assertThat(lookAfter(seconds(5)).callFor()).isEqualTo(seconds(5));
        lease.exit();
        assertThat(lookAfter(seconds(1)).quiet()).isZero();
        assertThat(lookAfter(seconds(5)).quiet()).isEqualTo(seconds(5));
        lease.enter(Call.EXECUTE);
        lease.exit(); // came and went between two looks
        assertThat(lookAfter(seconds(1)).quiet()).isZero();
    }

    @Test
    void aTouchDatesTheEndOfTheOwnerAnew() throws Exception {
        ConnectionHandle handle = borrowedByAThreadThatEnded();
        assertThat(look().owner()).isEqualTo(OwnerState.ENDED);
        assertThat(lookAfter(seconds(5)).ownerFor()).isEqualTo(seconds(5));
        handle.lease.touch();
        assertThat(lookAfter(seconds(1)).ownerFor()).isZero();
    }

    @Test
    void theEndOfItsScopeIsWithdrawnByACallAndByATouch() throws Exception {
        for (Work life :
                new Work[] {() -> registry.openLeases().iterator().next().touch(), this::execute}) {
            LeaseScope scope = registry.openScope("scope", true);
            ConnectionHandle handle = lend();
            look();
            scope.close();
            assertThat(look().scopeEnd()).isNotNull();
            assertThat(lookAfter(seconds(5)).scopeEndFor()).isEqualTo(seconds(5));
            life.run();
            assertThat(lookAfter(seconds(1)).scopeEnd()).isNull();
            assertThat(lookAfter(seconds(5)).scopeEnd()).isNull();
            handle.close();
        }
    }

    private void execute() throws Exception {
        Lease lease = registry.openLeases().iterator().next();
        lease.enter(Call.EXECUTE);
        lease.exit();
    }

    @Test
    void whatAStarvedLoopDidNotSeeDoesNotCount() throws Exception {
        ConnectionHandle[] handle = new ConnectionHandle[1];
        inAnotherThread(() -> {
            LeaseScope scope = registry.openScope("scope", true);
            handle[0] = lend();
            scope.close();
        });
        look();
        LeaseSnapshot before = lookAfter(seconds(5));
        assertThat(before.quiet()).isEqualTo(seconds(5));
        assertThat(before.ownerFor()).isEqualTo(seconds(5));
        assertThat(before.scopeEndFor()).isEqualTo(seconds(5));
        now += seconds(60).toNanos();
        registry.restartClocks(now);
        LeaseSnapshot after = look();
        assertThat(after.quiet()).isZero();
        assertThat(after.ownerFor()).isZero();
        assertThat(after.scopeEndFor()).isZero();
    }

    @Test
    void whileItsScopeGoesOnElsewhereItsThreadSaysNothing() throws Exception {
        LeaseScope[] scope = new LeaseScope[1];
        inAnotherThread(() -> {
            scope[0] = registry.openScope("request", false);
            lend();
            scope[0].continuesElsewhere();
            scope[0].close();
        });
        look();
        assertThat(lookAfter(seconds(20)).owner()).isEqualTo(OwnerState.ALIVE);
        scope[0].completed();
        assertThat(lookAfter(seconds(1)).owner()).isEqualTo(OwnerState.ENDED);
        assertThat(lookAfter(seconds(5)).ownerFor()).isEqualTo(seconds(5));
    }

    // ---- stale calls

    @Test
    void aCallInProgressIsStaleOnlyIfItsOwnThreadCanNotGoOn() throws Exception {
        ConnectionHandle[] handle = new ConnectionHandle[1];
        inAnotherThread(() -> {
            handle[0] = lend();
            handle[0].lease.enter(Call.EXECUTE); // neither exit nor failed: an overflow cut them
        });
        assertThat(look().callIsStale()).isTrue();
        handle[0].close();

        handle[0] = borrowedByAThreadThatEnded();
        handle[0].lease.enter(Call.EXECUTE); // ours, and we are alive
        LeaseSnapshot alive = look();
        assertThat(alive.callIsStale()).isFalse();
        assertThat(alive.lease().revoke(alive, alive.callIsStale(), WHY)).isFalse();
        handle[0].close();

        handle[0] = lend();
        handle[0].lease.enter(Call.EXECUTE);
        assertThat(look().callIsStale()).isFalse();
        handle[0].lease.unreachable = true;
        assertThat(look().callIsStale()).isTrue();
        handle[0].close();

        LeaseScope scope = registry.openScope("scope", true);
        handle[0] = lend();
        handle[0].lease.enter(Call.EXECUTE);
        assertThat(look().callIsStale()).isFalse();
        scope.close(); // by the thread that would have to be inside the call
        assertThat(look().callIsStale()).isTrue();
        handle[0].close();
    }

    // ---- leases that move

    @Test
    void useByASecondThreadIsSeenAndItsWorkRemembered() throws Exception {
        ConnectionHandle handle;
        try (LeaseScope scope = registry.openScope("scope", true)) {
            handle = lend();
        }
        look();
        assertThat(lookAfter(seconds(1)).movedBetweenThreads()).isFalse();
        inAnotherThread(() -> {
            handle.lease.enter(Call.EXECUTE);
            handle.lease.exit();
        });
        assertThat(look().movedBetweenThreads()).isTrue();
        handle.close();
        lendInScope(left -> {});
        assertThat(look().workMoves()).isTrue();
        assertThat(look().movedBetweenThreads()).isFalse();
    }

    /** No use of it: the pool rolls back. */
    @Test
    void aCloseByASecondThreadTeachesNothing() throws Exception {
        inAnotherThread(lend()::close);
        lend();
        look();
        assertThat(lookAfter(seconds(1)).movedBetweenThreads()).isFalse();
    }

    @Test
    void aCallThatIsNoUseByASecondThreadIsSeenButTeachesNothing() throws Exception {
        Lease lease = lend().lease;
        assertThat(look().calledElsewhere()).isFalse();
        inAnotherThread(() -> {
            lease.enter(Call.PREPARE);
            lease.exit();
        });
        assertThat(look().calledElsewhere()).isTrue();
        assertThat(lookAfter(seconds(1)).movedBetweenThreads()).isFalse();
    }

    @Test
    void whereLeasesMoveTheFirstLookAtAnEndedScopeKnowsIt() throws Exception {
        lendInScope(moves -> {
            inAnotherThread(() -> {
                moves.lease.enter(Call.EXECUTE);
                moves.lease.exit();
            });
            moves.close();
        });
        lendInScope(left -> {});
        LeaseSnapshot first = look();
        assertThat(first.scopeEnd()).isNotNull();
        assertThat(first.workMoves()).isTrue();
    }

    private interface Scoped {
        void run(ConnectionHandle lent) throws Exception;
    }

    private void lendInScope(Scoped work) throws Exception {
        try (LeaseScope scope = registry.openScope("scope", true)) {
            work.run(lend());
        }
    }

    @Test
    void whatWasNotSeenWhileTheProcessWasPausedIsNotObserved() throws Exception {
        lend();
        look();
        assertThat(lookAfter(seconds(5)).observed()).isEqualTo(seconds(5));
        now += seconds(60).toNanos();
        registry.restartClocks(now);
        assertThat(lookAfter(seconds(1)).observed()).isEqualTo(seconds(1));
    }

    /** It hands the driver an object whose code may wait for ever: the owner's end says nothing of it. */
    @Test
    void aCallByASecondThreadThatHandsOverAnObjectIsNotStaleWhenTheOwnerEnds() throws Exception {
        Lease ofAnother = borrowedByAThreadThatEnded().lease;
        ofAnother.enter(Call.HOST);
        assertThat(look().callIsStale()).isFalse();
        ofAnother.exit();
    }

    @Test
    void norIsItAfterItsObjectCameBackThroughTheLease() throws Exception {
        Lease ofAnother = borrowedByAThreadThatEnded().lease;
        ofAnother.enter(Call.HOST);
        ofAnother.enter(Call.FETCH);
        ofAnother.exit();
        assertThat(look().callIsStale()).isFalse();
        ofAnother.exit();
    }

    /** Of two calls at a time, the end of one leaves it open whose the other is. */
    @Test
    void aCallOfWhichNobodyKnowsWhoseItIsIsNotStaleWhenTheOwnerEnds() throws Exception {
        Lease ofAnother = borrowedByAThreadThatEnded().lease;
        ofAnother.enter(Call.FETCH);
        inAnotherThread(() -> {
            ofAnother.enter(Call.PREPARE);
            ofAnother.exit();
        });
        assertThat(look().callIsStale()).isFalse();
        ofAnother.exit();
    }

    /** What is lent beside it may be handed over next. */
    @Test
    void thatWorkMovesItsLeasesIsKnownWhileTheFirstIsOpen() throws Exception {
        lendInScope(moves -> inAnotherThread(() -> {
            moves.lease.enter(Call.EXECUTE);
            moves.lease.exit();
        }));
        look();
        lendInScope(left -> {});
        assertThat(registry.look(now, null)).allMatch(LeaseSnapshot::workMoves);
        assertThat(registry.namesOfMovingWork()).containsExactly("scope");
    }

    /** Leases of other work, or of none, say nothing of it. */
    @Test
    void onlyWorkOfTheSameNameIsTaughtByAMove() throws Exception {
        Lease ofNoWork = lend().lease;
        inAnotherThread(() -> {
            ofNoWork.enter(Call.EXECUTE);
            ofNoWork.exit();
        });
        lendInScope(left -> {});
        assertThat(registry.look(now, null)).noneMatch(LeaseSnapshot::workMoves);
        assertThat(registry.namesOfMovingWork()).isEmpty();
    }

    /** The name of a request is known at its end; and the work around it moved its lease, too. */
    @Test
    void aMoveTeachesTheFinalNamesOfTheWorkAndOfTheWorkAroundIt() throws Exception {
        try (LeaseScope request = registry.openScope("GET /users/*", true)) {
            lendInScope(moves -> {
                inAnotherThread(() -> {
                    moves.lease.enter(Call.EXECUTE);
                    moves.lease.exit();
                });
                moves.close();
            });
            request.rename("GET /users/{id}");
        }
        assertThat(registry.namesOfMovingWork()).containsExactly("GET /users/{id}", "scope");
    }

    @Test
    void aBoundedNumberOfUnitsOfWorkIsRemembered() {
        MovingWork moving = new MovingWork();
        for (int i = 0; i <= 1000; i++) {
            moving.learn("work " + i);
        }
        assertThat(moving.names()).hasSize(1000);
        assertThat(moving.includes("work 0")).isFalse();
        assertThat(moving.includes("work 1000")).isTrue();
    }

    /** Two threads that wrote the same count without an atomic step would lose one of two. */
    @Test
    void onlyTheOwnersThreadCountsTheEndsOfItsCalls() throws Exception {
        Lease lease = lend().lease;
        lease.enter(Call.EXECUTE);
        long own = lease.word();
        lease.exit();
        assertThat(lease.callsInProgress(own)).isZero();
        inAnotherThread(() -> {
            lease.enter(Call.EXECUTE);
            long anothers = lease.word();
            lease.exit();
            assertThat(lease.callsInProgress(anothers)).isOne();
        });
        assertThat(lease.callsInProgress()).isZero();
    }

    // ---- reading is life

    private interface Read {
        void by(Lease lease) throws Exception;
    }

    private static final List<Read> READS = List.of(Lease::touch, Lease::advance, lease -> {
        lease.enter(Call.FETCH);
        lease.exit();
    });

    @Test
    void readingRefutesWhatWouldHaveBeenDone() throws Exception {
        for (Read read : READS) {
            Lease lease = lend().lease;
            registry.look(now, null);
            lease.suspect(WHY, seen(lease));
            registry.look(now, null);
            assertThat(registry.events()).isEmpty();
            read.by(lease);
            registry.look(now, null);
            assertThat(registry.events()).containsExactly(new LeaseEvent.Refuted(lease, WHY));
            read.by(lease);
            registry.look(now, null);
            assertThat(registry.events()).as("once").isEmpty();
        }
    }

    @Test
    void readingRefutesWhatWasDone() throws Exception {
        for (Read read : READS) {
            Lease lease = lend().lease;
            assertThat(lease.revoke(seen(lease), false, WHY)).isTrue();
            assertThatThrownBy(() -> read.by(lease)).isInstanceOf(LeaseRevokedException.class);
            assertThat(registry.events()).containsExactly(new LeaseEvent.Refuted(lease, WHY));
        }
    }

    private LeaseSnapshot seen(Lease lease) {
        return registry.look(now, null).stream()
                .filter(seen -> seen.lease() == lease)
                .findFirst()
                .orElseThrow();
    }

    // ---- what the collector answers

    @Test
    void anAnswerIsGoodForAsLongAsTheSilenceBeforeItOrHalfAMinute() throws Exception {
        lend();
        look();
        long fellSilent = now;
        for (int silence : new int[] {1, 100}) {
            long answeredFor = fellSilent + seconds(silence).toNanos();
            now = answeredFor + seconds(Math.max(silence, 30)).toNanos();
            assertThat(retained(answeredFor)).isTrue();
            now++;
            assertThat(retained(answeredFor))
                    .as("something may have let go since")
                    .isFalse();
        }
    }

    @Test
    void whatIsStillReachableWhenTheHeapWasMarkedSinceItFellSilentIsRetained() throws Exception {
        Lease lease = lend().lease;
        look();
        assertThat(retained(now - 1)).as("marked before").isFalse();
        assertThat(retained(now)).isTrue();
        lease.touch();
        now += 1;
        assertThat(retained(now - 1)).as("a call came since").isFalse();
        now += 1;
        assertThat(retained(now - 1)).isTrue();
        lease.unreachable = true;
        assertThat(retained(now)).isFalse();
        assertThat(retained(null)).isFalse();
    }

    /** The code of the scope itself may have held it until the scope ended. */
    @Test
    void anAnswerFromBeforeTheEndOfItsScopeSaysNothing() throws Exception {
        try (LeaseScope scope = registry.openScope("scope", true)) {
            lend();
            silenceBefore();
        }
        now += 1;
        assertThat(retained(now - 1)).isFalse();
        assertThat(retained(now)).isTrue();
    }

    @Test
    void anAnswerFromBeforeTheEndOfItsThreadSaysNothing() throws Exception {
        inAnotherThread(() -> {
            lend();
            silenceBefore();
        });
        now += 1;
        assertThat(retained(now - 1)).isFalse();
        assertThat(retained(now)).isTrue();
    }

    /** The asking itself may have stopped the process: it would be asked for ever. */
    @Test
    void aPauseOfTheProcessTakesNoAnswerAway() throws Exception {
        lend();
        look();
        long request = now;
        now += seconds(2).toNanos();
        registry.restartClocks(now);
        assertThat(retained(request)).isTrue();
    }

    private void silenceBefore() {
        look();
        now += seconds(1).toNanos();
        look();
    }

    private boolean retained(@Nullable Long answeredFor) {
        return registry.look(now, answeredFor).get(0).retained();
    }

    @Test
    void whatWasUnwrappedIsSeen() throws Exception {
        ConnectionHandle handle = lend();
        assertThat(look().unwrapped()).isFalse();
        handle.lease.unwrapped();
        assertThat(look().unwrapped()).isTrue();
    }

    // ---- work that may take long

    @Test
    void aLongTransactionCoversWhatItsThreadBorrowedBeforeAndBorrowsInIt() throws Exception {
        ConnectionHandle foreign = borrowedByAThreadThatEnded();
        lend();
        LongTransaction work = registry.longTransaction(seconds(3600));
        lend();
        assertThat(extendedAt(System.nanoTime())).containsExactly(false, true, true);
        work.close();
        assertThat(extendedAt(System.nanoTime())).containsExactly(false, false, false);
        lend();
        assertThat(extendedAt(System.nanoTime())).containsExactly(false, false, false, false);
        assertThat(foreign.lease.isOver()).isFalse();
    }

    @Test
    void aNestedLongTransactionEndsWithoutEndingTheOuterOne() throws Exception {
        LongTransaction outer = registry.longTransaction(seconds(3600));
        LongTransaction inner = registry.longTransaction(seconds(1));
        lend();
        assertThat(extendedAt(System.nanoTime())).containsExactly(true);
        inner.close();
        inner.close();
        assertThat(extendedAt(System.nanoTime())).containsExactly(true);
        outer.close();
        assertThat(extendedAt(System.nanoTime())).containsExactly(false);
    }

    @Test
    void anInnerLongTransactionThatWasNeverClosedEndsWithItsOuterOne() throws Exception {
        LongTransaction outer = registry.longTransaction(seconds(3600));
        registry.longTransaction(seconds(1));
        outer.close();
        lend();
        assertThat(extendedAt(System.nanoTime())).containsExactly(false);
    }

    @Test
    void aLongTransactionLastsNoLongerThanItSays() throws Exception {
        registry.longTransaction(seconds(10));
        lend();
        assertThat(extendedAt(System.nanoTime())).containsExactly(true);
        assertThat(extendedAt(System.nanoTime() + seconds(11).toNanos())).containsExactly(false);
    }

    private java.util.List<Boolean> extendedAt(long nanos) {
        return registry.look(nanos, null).stream()
                .sorted(java.util.Comparator.comparingLong(seen -> seen.lease().id()))
                .map(LeaseSnapshot::extended)
                .toList();
    }

    /** Else a limit would be over the very moment the work is, before it can commit. */
    @Test
    void limitsCountFromTheEndOfALongTransaction() throws Exception {
        now = System.nanoTime();
        lend();
        LongTransaction work = registry.longTransaction(seconds(3600));
        look();
        assertThat(lookAfter(seconds(600)).quiet()).isEqualTo(seconds(600));
        work.close();
        assertThat(lookAfter(seconds(1)).quiet()).isZero();
        assertThat(lookAfter(seconds(1)).quiet()).isEqualTo(seconds(1));
    }
}
