package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

/** A {@code close()} is finished by the healing side only if the thread that closes cannot do it any more. */
class CloseInProgressTest {
    private final Leases.TestPool pool = new Leases.TestPool();
    private final LeaseRegistry registry = Leases.registry(pool);
    private final Raw lent = new Raw();
    private final Raw driver = new Raw();

    @Test
    void anotherThreadsCloseIsLeftAloneThoughTheBorrowerHasEnded() throws Exception {
        ConnectionHandle handle = borrowedByAThreadThatEnded();
        CountDownLatch closing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        lent.during = () -> {
            closing.countDown();
            uninterruptibly(goOn);
        };
        Thread closer = started(handle::close);
        closing.await();

        finishWhatIsUnfinished();
        goOn.countDown();
        closer.join();

        assertNotAborted();
    }

    @Test
    void theSameThreadsCloseIsLeftAloneThoughItsScopeHasEnded() throws Exception {
        LeaseScope scope = registry.openScope("scope", true);
        ConnectionHandle handle = lend();
        scope.close();
        lent.during = this::finishWhatIsUnfinished;

        handle.close();

        assertNotAborted();
    }

    @Test
    void aCloseThatWasCutIsFinishedOnceItsThreadHasEnded() throws Exception {
        ConnectionHandle handle = lend();
        lent.thrown = new StackOverflowError();
        Thread closer = started(handle::close);
        closer.join();

        finishWhatIsUnfinished();

        assertThat(driver.calls).anyMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isEqualTo(1);
        assertThat(registry.openCount()).isZero();
    }

    private ConnectionHandle lend() throws Exception {
        return registry.lend(lent.as(Connection.class), driver.as(BaseConnection.class));
    }

    private ConnectionHandle borrowedByAThreadThatEnded() throws Exception {
        AtomicReference<ConnectionHandle> handle = new AtomicReference<>();
        started(() -> handle.set(lend())).join();
        return handle.get();
    }

    /** As the healing loop and its act thread would. */
    private void finishWhatIsUnfinished() {
        registry.look(System.nanoTime(), null);
        for (LeaseSnapshot lease : registry.look(System.nanoTime(), null)) {
            if (lease.unfinished() != LeaseSnapshot.Unfinished.NOTHING) {
                lease.lease().finish(lease);
            }
        }
    }

    private void assertNotAborted() {
        assertThat(driver.calls).noneMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isZero();
        assertThat(registry.openCount()).isZero();
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread started(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable expected) {
                // the test looks at what became of it
            }
        });
        thread.start();
        return thread;
    }

    private static void uninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
