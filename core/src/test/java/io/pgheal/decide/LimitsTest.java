package io.pgheal.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.postgres.TableName;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How limits and rules are written, and which tables a rule is for; what they lead to shows {@link DeciderTest}. */
class LimitsTest {
    private static final TableName LOGIN = new TableName("public", "user_login_info");

    private static Limits limits(Duration idle, Duration active, TableRule... rules) {
        return new Limits(Duration.ofSeconds(2), Duration.ofSeconds(15), idle, active, List.of(rules), Retained.REPORT);
    }

    @Test
    void aRuleForActiveBlockersIsOneOfItsOwn() {
        TableRule rule = new TableRule("user_login_info", Duration.ofSeconds(2), Duration.ofSeconds(7));
        Limits limits = limits(Duration.ofSeconds(30), Duration.ofSeconds(40), rule);
        assertThat(limits.activeBlockerTimeout(Set.of(LOGIN), false)).isEqualTo(Duration.ofSeconds(7));
        assertThat(limits.activeBlockerTimeout(Set.of(LOGIN), true)).isEqualTo(Duration.ofSeconds(40));
        TableRule onlyIdle = new TableRule("user_login_info", Duration.ofSeconds(2), null);
        assertThat(limits(Duration.ofSeconds(30), Duration.ofSeconds(40), onlyIdle)
                        .activeBlockerTimeout(Set.of(LOGIN), false))
                .isEqualTo(Duration.ofSeconds(40));
    }

    @Test
    void aRuleIsForATableAndItsTimesAreNotNegative() {
        for (String pattern : List.of("", " ", "a b", "a.b.c", ".a", "a.")) {
            assertThatThrownBy(() -> new TableRule(pattern, null, null))
                    .as("'%s'", pattern)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + pattern + "' is no table");
        }
        assertThatThrownBy(() -> new TableRule("t", Duration.ofMillis(-1500), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pgheal.tables.t.idle-blocker-timeout is -1500ms");
        assertThatThrownBy(() -> new TableRule("t", null, Duration.ofSeconds(-2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pgheal.tables.t.active-blocker-timeout is -2s");
        assertThat(new TableRule("t", Duration.ZERO, Duration.ZERO).idleBlockerTimeout())
                .isZero();
    }

    @Test
    void aStarIsAnyCharactersAndEverythingElseIsItself() {
        TableName login = new TableName("public", "login");
        assertThat(new TableRule("l*n", null, null).appliesTo(login)).isTrue();
        assertThat(new TableRule("*", null, null).appliesTo(login)).isTrue();
        assertThat(new TableRule("public.login", null, null).appliesTo(login)).isTrue();
        assertThat(new TableRule("l?gin", null, null).appliesTo(login)).isFalse();
        assertThat(new TableRule("publicxlogin", null, null).appliesTo(login)).isFalse();
        assertThat(new TableRule("login", null, null).appliesTo(new TableName("hr", "login")))
                .isFalse();
    }

    @Test
    void aTimeIsWrittenAsInAProperty() {
        assertThat(Limits.written(Duration.ofSeconds(2))).isEqualTo("2s");
        assertThat(Limits.written(Duration.ofMillis(1500))).isEqualTo("1500ms");
        assertThat(Limits.written(Duration.ZERO)).isEqualTo("0s");
    }
}
