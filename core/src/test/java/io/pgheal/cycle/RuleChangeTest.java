package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import java.time.Duration;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuleChangeTest {
    private static final HealingConfig BEFORE = HealingConfig.builder()
            .mode(HealingMode.OBSERVE)
            .abandonedGrace(Duration.ofSeconds(3))
            .abandonedPatience(Duration.ofSeconds(30))
            .lockWaitThreshold(Duration.ofMillis(400))
            .idleBlockerTimeout(Duration.ofSeconds(60))
            .activeBlockerTimeout(Duration.ofSeconds(61))
            .diagnosisDeadline(Duration.ofMillis(40))
            .escalationInterval(Duration.ofSeconds(4))
            .signalsPerMinute(5)
            .certainPerMinute(6)
            .refutationsAllowed(7)
            .borrowStacks(9)
            .stackPreflight(false)
            .incidentsKept(10)
            .table("users", rule -> rule.idleBlockerTimeout(Duration.ofSeconds(2)))
            .spare(Set.of("a"), Set.of("b"), Set.of("c"), Set.of("d"))
            .spareStatementTags(Set.of("e"))
            .build();

    private static HealingConfig changed(UnaryOperator<HealingConfig.Builder> change) {
        return change.apply(BEFORE.toBuilder()).build();
    }

    /** Such a time does not fit into nanoseconds: each look would fail. */
    @Test
    void aTimeOfCenturiesIsRefusedWithASentence() {
        assertThatThrownBy(() -> HealingConfig.builder().abandonedGrace(Duration.ofDays(999_999)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pgheal.abandoned.grace")
                .hasMessageContaining("at most 3650d");
        assertThatThrownBy(() -> HealingConfig.builder().idleBlockerTimeout(Duration.ofDays(999_999)))
                .hasMessageContaining("at most 3650d");
        assertThatThrownBy(() -> HealingConfig.builder().escalationInterval(Duration.ofMinutes(2)))
                .hasMessageContaining("pgheal.escalation.interval")
                .hasMessageContaining("at most 60s");
    }

    @Test
    void aBuilderStartsFromAllSettings() {
        assertThat(BEFORE.toBuilder().build()).isEqualTo(BEFORE);
        assertThat(RuleChange.between(BEFORE, BEFORE.toBuilder().build())).isEmpty();
    }

    @Test
    void eachChangeIsToldWithWhatWasBefore() {
        HealingConfig after = changed(config -> config.abandonedGrace(Duration.ofMillis(1500))
                .table("users", rule -> rule.idleBlockerTimeout(Duration.ofSeconds(1)))
                .table("audit.*", rule -> rule.activeBlockerTimeout(Duration.ZERO))
                .spare(Set.of("a", "\nb"), Set.of("b"), Set.of("c"), Set.of("d")));
        assertThat(RuleChange.between(BEFORE, after))
                .containsExactly(
                        "pgheal.abandoned.grace is 1500ms (was 3s)",
                        "pgheal.tables.users.idle-blocker-timeout is 1s (was 2s)",
                        "pgheal.spare.users is [?b, a] (was [a])",
                        "pgheal.tables.audit.*.active-blocker-timeout is 0s (was unset)");
    }

    @Test
    void theRuleOfATableIsReplacedAndWhatIsNotSaidStays() {
        HealingConfig after =
                changed(config -> config.table("users", rule -> rule.activeBlockerTimeout(Duration.ofSeconds(5)))
                        .table("users", rule -> rule.idleBlockerTimeout(null)));
        assertThat(after.limits().tables()).hasSize(1);
        assertThat(after.limits().tables().get(0).idleBlockerTimeout()).isNull();
        assertThat(after.limits().tables().get(0).activeBlockerTimeout()).hasSeconds(5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pgheal.escalation.interval",
                "pgheal.budget.signals-per-minute",
                "pgheal.budget.certain-per-minute",
                "pgheal.borrow-stacks",
                "pgheal.stack-preflight",
                "pgheal.incidents.keep"
            })
    void whatIsBuiltInAtTheStartIsRefused(String name) {
        HealingConfig after = changed(config -> switch (name) {
            case "pgheal.escalation.interval" -> config.escalationInterval(Duration.ofSeconds(1));
            case "pgheal.budget.signals-per-minute" -> config.signalsPerMinute(1);
            case "pgheal.budget.certain-per-minute" -> config.certainPerMinute(1);
            case "pgheal.borrow-stacks" -> config.borrowStacks(1);
            case "pgheal.stack-preflight" -> config.stackPreflight(true);
            default -> config.incidentsKept(1);
        });
        assertThatThrownBy(() -> RuleChange.between(BEFORE, after))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("cannot change while pgheal runs");
    }
}
