package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

/** The note in a failed statement's exception. */
class HeldUpTest {
    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());
    private final Raw raw = new Raw();
    private final HeldUpException note = new HeldUpException(new LockHolder(
            true, 4711, "t", "app", 42L, null, "Login.java:12", LockHolder.Fate.DUE, Duration.ofSeconds(1), null));

    private ConnectionHandle lend() throws SQLException {
        return registry.lend(raw.as(Connection.class), new Raw().as(BaseConnection.class));
    }

    /** Fails a statement that was told so while it ran; {@code later} calls after it was seen. */
    private Throwable fail(Throwable thrown, long later) throws SQLException {
        raw.thrown = null;
        raw.during = () -> {};
        ConnectionHandle handle = lend();
        Statement statement = handle.createStatement();
        raw.thrown = thrown;
        raw.during = () -> handle.lease.heldUp(StateWord.sequence(handle.lease.word()) - later, note);
        return catchThrowable(() -> statement.execute("UPDATE t SET a = 1"));
    }

    @Test
    void theExceptionStaysAsItIsAndHasTheStorySuppressed() throws SQLException {
        SQLException own = new SQLException("own words", "55P03");
        assertThat(fail(own, 0)).isSameAs(own).hasMessage("own words").hasSuppressedException(note);
        assertThat(own.getSuppressed()).hasSize(1);
    }

    @Test
    void anotherCallsStoryIsNotTold() throws SQLException {
        assertThat(fail(new SQLException("", "55P03"), 1).getSuppressed()).isEmpty();
    }

    @Test
    void onlyAFailureThatMayHaveEndedAWaitIsToldOfIt() throws SQLException {
        assertThat(fail(new SQLException("", "23505"), 0).getSuppressed()).isEmpty();
        assertThat(fail(new SQLException("", "57014"), 0).getSuppressed()).containsExactly(note);
        assertThat(fail(new SQLException("", "40P01"), 0).getSuppressed()).containsExactly(note);
    }

    /** Java lets an exception refuse suppressed ones, silently. */
    private static final class Unwilling extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unwilling() {
            super("", new SQLException("", "55P03"), false, true);
        }
    }

    @Test
    void anExceptionThatTakesNoneIsThrownAsItIs() throws SQLException {
        Unwilling unwilling = new Unwilling();
        assertThat(fail(unwilling, 0)).isSameAs(unwilling);
        assertThat(unwilling.getSuppressed()).isEmpty();
    }

    /** Nothing of ours may hold up the call's end, nor take the place of its exception. */
    @Test
    void whatGoesWrongWithTheStoryReachesNobody() throws SQLException {
        Lease lease = lend().lease;
        SQLException own = new SQLException("", "55P03");
        lease.enter(Call.EXECUTE);
        lease.heldUp(StateWord.sequence(lease.word()), null); // addSuppressed(null) throws
        lease.failed(own);
        assertThat(lease.callsInProgress()).isZero();
        assertThat(own.getSuppressed()).isEmpty();
    }

    @Test
    void theNoteIsImmutableAndCanBeSerialized() throws Exception {
        note.addSuppressed(new RuntimeException());
        note.setStackTrace(new Throwable().getStackTrace());
        assertThat(note.getSuppressed()).isEmpty();
        assertThat(note.getStackTrace()).isEmpty();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(note);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(((HeldUpException) in.readObject()).holder()).isEqualTo(note.holder());
        }
    }

    @Test
    void theMessageTellsTheStory() {
        assertThat(note)
                .hasMessage("waited for t, held by backend 4711, our lease 42 of a thread that is gone, "
                        + "borrowed at Login.java:12: it will be healed if its owner stays silent");
        assertThat(new HeldUpException(new LockHolder(
                        false,
                        null,
                        null,
                        "billing",
                        null,
                        null,
                        null,
                        LockHolder.Fate.LEFT_ALONE,
                        Duration.ZERO,
                        "7")))
                .hasMessage("waited for a lock, held by a prepared transaction, not ours, application billing: "
                        + "it is not touched (incident 7)");
    }
}
