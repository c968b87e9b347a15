package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.resilience4j.core.functions.Either;
import io.pgheal.track.HeldUpException;
import io.pgheal.track.LockHolder;
import io.pgheal.track.LockHolder.Fate;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is repeated, and above all what is not. */
class HealedRetryTest {

    private static HeldUpException note(boolean ours, Fate fate, Duration dueIn) {
        return new HeldUpException(
                new LockHolder(ours, 4711, "user_login_info", "app", 42L, null, "Login.java:12", fate, dueIn, "7"));
    }

    private static SQLException failure(String state, HeldUpException note) {
        SQLException failure = new SQLException("", state);
        if (note != null) {
            failure.addSuppressed(note);
        }
        return failure;
    }

    private static SQLException waited() {
        return failure("55P03", note(true, Fate.BEING_HEALED, Duration.ZERO));
    }

    @ParameterizedTest
    @EnumSource(
            value = Fate.class,
            names = {"HEALED", "BEING_HEALED", "DUE"})
    void whoWaitedForOneOfOursThatGivesWayTriesAgain(Fate fate) {
        assertThat(HealedRetry.helps(failure("55P03", note(true, fate, Duration.ZERO))))
                .isTrue();
        assertThat(HealedRetry.helps(failure("40P01", note(true, fate, Duration.ZERO))))
                .isTrue();
    }

    @Test
    void whateverItIsWrappedIn() {
        assertThat(HealedRetry.helps(new IllegalStateException(new RuntimeException(waited()))))
                .isTrue();
    }

    @Test
    void notWithoutTheStory() {
        assertThat(HealedRetry.helps(failure("55P03", null))).isFalse();
        assertThat(HealedRetry.helps(new IllegalStateException())).isFalse();
    }

    @Test
    void notForWhoIsLeftAloneOrNotOurs() {
        assertThat(HealedRetry.helps(failure("55P03", note(true, Fate.LEFT_ALONE, Duration.ZERO))))
                .isFalse();
        assertThat(HealedRetry.helps(failure("55P03", note(false, Fate.HEALED, Duration.ZERO))))
                .isFalse();
    }

    /** Cancelled, terminated, refused, revoked, unknown: none of it is a wait that ended. */
    @ParameterizedTest
    @ValueSource(strings = {"57014", "57P01", "40000", "40001", "08006", "08007", "40003", "25P02", "23505"})
    void notForAnotherState(String state) {
        assertThat(HealedRetry.helps(failure(state, note(true, Fate.HEALED, Duration.ZERO))))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"08007", "08006", "40003"})
    void notIfAnythingOnTheWayLeavesTheOutcomeInDoubt(String state) {
        SQLException byCleanUp = waited();
        byCleanUp.addSuppressed(new SQLException("", state));
        assertThat(HealedRetry.helps(byCleanUp)).isFalse();

        SQLException next = waited();
        next.setNextException(new SQLException("", state));
        assertThat(HealedRetry.helps(next)).isFalse();

        assertThat(HealedRetry.helps(new SQLException("", state, waited()))).isFalse();
        assertThat(HealedRetry.helps(new RuntimeException(new SQLException("", state, waited()))))
                .isFalse();
    }

    @Test
    void notIfAnErrorWasInIt() {
        SQLException overflown = waited();
        overflown.addSuppressed(new StackOverflowError());
        assertThat(HealedRetry.helps(overflown)).isFalse();
    }

    @Test
    void aCycleOfCausesEnds() {
        RuntimeException one = new RuntimeException();
        RuntimeException other = new RuntimeException(one);
        one.initCause(other);
        one.addSuppressed(waited());
        assertThat(HealedRetry.helps(one)).isFalse();
        SQLException cyclic = waited();
        cyclic.addSuppressed(new RuntimeException(cyclic));
        assertThat(HealedRetry.helps(cyclic)).isTrue();
    }

    @Test
    void thePauseIsAsLongAsTheHealIsExpectedToTake() {
        var pause = HealedRetry.config().getIntervalBiFunction();
        assertThat(pause.apply(1, Either.left(failure("55P03", note(true, Fate.DUE, Duration.ofSeconds(2))))))
                .isEqualTo(2100);
        assertThat(pause.apply(1, Either.left(failure("55P03", note(true, Fate.DUE, Duration.ofHours(1))))))
                .isEqualTo(5000);
        assertThat(pause.apply(1, Either.left(waited()))).isEqualTo(100);
    }
}
