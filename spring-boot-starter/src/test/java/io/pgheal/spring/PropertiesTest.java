package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.decide.TableRule;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.witness.ProofMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;

class PropertiesTest {
    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class));

    @Test
    void nothingSaidIsWhatTheCoreSays() {
        runner.run(context -> assertThat(context.getBean(PghealProperties.class).configOf("any"))
                .isEqualTo(HealingConfig.defaults()));
    }

    @Test
    void everyPropertyReachesTheCore() {
        runner.withPropertyValues(
                        "pgheal.mode=observe",
                        "pgheal.abandoned.grace=3s",
                        "pgheal.abandoned.patience=16s",
                        "pgheal.abandoned.retained=heal",
                        "pgheal.proof.collector=wait",
                        "pgheal.proof.longest-stop=100ms",
                        "pgheal.lock-wait.threshold=100ms",
                        "pgheal.lock-wait.idle-blocker-timeout=30s",
                        "pgheal.lock-wait.active-blocker-timeout=40s",
                        "pgheal.diagnosis.deadline=20ms",
                        "pgheal.escalation.interval=2s",
                        "pgheal.budget.signals-per-minute=5",
                        "pgheal.budget.certain-per-minute=50",
                        "pgheal.refutations.allowed=1",
                        "pgheal.borrow-stacks=4",
                        "pgheal.stack-preflight=false",
                        "pgheal.incidents.keep=10",
                        "pgheal.spare.users=root",
                        "pgheal.spare.application-names=flyway,psql",
                        "pgheal.spare.databases=billing",
                        "pgheal.spare.tables=ledger",
                        "pgheal.spare.statement-tags=nightly-import,report")
                .run(context -> assertThat(
                                context.getBean(PghealProperties.class).configOf("any"))
                        .isEqualTo(HealingConfig.builder()
                                .mode(HealingMode.OBSERVE)
                                .abandonedGrace(Duration.ofSeconds(3))
                                .abandonedPatience(Duration.ofSeconds(16))
                                .abandonedRetained(Retained.HEAL)
                                .proofCollector(ProofMode.WAIT)
                                .proofLongestStop(Duration.ofMillis(100))
                                .lockWaitThreshold(Duration.ofMillis(100))
                                .idleBlockerTimeout(Duration.ofSeconds(30))
                                .activeBlockerTimeout(Duration.ofSeconds(40))
                                .diagnosisDeadline(Duration.ofMillis(20))
                                .escalationInterval(Duration.ofSeconds(2))
                                .signalsPerMinute(5)
                                .certainPerMinute(50)
                                .refutationsAllowed(1)
                                .borrowStacks(4)
                                .stackPreflight(false)
                                .incidentsKept(10)
                                .spare(
                                        java.util.Set.of("root"),
                                        java.util.Set.of("flyway", "psql"),
                                        java.util.Set.of("billing"),
                                        java.util.Set.of("ledger"))
                                .spareStatementTags(java.util.Set.of("nightly-import", "report"))
                                .build()));
    }

    @Test
    void tablesAreNamedAsInSql() {
        runner.withPropertyValues(
                        "pgheal.tables.user_login_info.idle-blocker-timeout=2s",
                        "pgheal.tables.user_login_info.active-blocker-timeout=4s",
                        "pgheal.tables.public.users.idle-blocker-timeout=3s",
                        "pgheal.tables.[audit.*].activeBlockerTimeout=0")
                .run(context -> assertThat(context.getBean(PghealProperties.class)
                                .configOf("any")
                                .limits()
                                .tables())
                        .containsExactlyInAnyOrder(
                                new TableRule("user_login_info", Duration.ofSeconds(2), Duration.ofSeconds(4)),
                                new TableRule("public.users", Duration.ofSeconds(3), null),
                                new TableRule("audit.*", null, Duration.ZERO)));
    }

    @Test
    void aDataSourceSaysOnlyWhatIsAnotherForItsTables() {
        runner.withPropertyValues(
                        "pgheal.tables.users.idle-blocker-timeout=2s",
                        "pgheal.tables.users.active-blocker-timeout=4s",
                        "pgheal.data-sources.own.tables.users.idle-blocker-timeout=9s")
                .run(context -> assertThat(context.getBean(PghealProperties.class)
                                .configOf("own")
                                .limits()
                                .tables())
                        .containsExactly(new TableRule("users", Duration.ofSeconds(9), Duration.ofSeconds(4))));
    }

    /** Spring Boot drops what it does not know in a name: the rule must not silently become one for another table. */
    @Test
    void aPatternWithoutItsBracketsStopsTheStart() {
        runner.withPropertyValues("pgheal.tables.audit.*.idle-blocker-timeout=2s")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasMessageContaining("pgheal.tables.audit.*.idle-blocker-timeout has a * outside brackets")
                        .hasMessageContaining("pgheal.tables.[audit.*]"));
    }

    @Test
    void theControlConnectionsDefaultsAreThoseOfTheMetadata() throws IOException {
        ControlSettings defaults = ControlSettings.of("jdbc:postgresql://db/app", java.util.Properties::new);
        assertThat(metadata().get("pgheal.control.connect-timeout"))
                .containsEntry("defaultValue", defaults.connectTimeout().toSeconds() + "s");
        assertThat(metadata().get("pgheal.control.statement-timeout"))
                .containsEntry("defaultValue", defaults.statementTimeout().toSeconds() + "s");
        assertThat(metadata().get("pgheal.control.socket-timeout"))
                .containsEntry("defaultValue", defaults.socketTimeout().toSeconds() + "s");
    }

    @Test
    void withoutTheServletScopeThereIsNoFilter() {
        WebApplicationContextRunner web = new WebApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class));
        web.run(context -> assertThat(context).hasBean("pghealRequestScopeFilter"));
        web.withPropertyValues("pgheal.scopes.servlet=false")
                .run(context -> assertThat(context).doesNotHaveBean("pghealRequestScopeFilter"));
    }

    @Test
    void thePasswordIsInNoText() {
        runner.withPropertyValues(
                        "pgheal.control.url=jdbc:postgresql://db/app?password=hidden",
                        "pgheal.control.username=healer",
                        "pgheal.control.password=hidden")
                .run(context -> {
                    assertThat(context.getBean(PghealProperties.class).control().password())
                            .isEqualTo("hidden");
                    assertThat(context.getBean(PghealProperties.class).toString())
                            .doesNotContain("hidden");
                });
    }

    /** The reference that editors show: each property is described, and its default is the core's. */
    @Test
    void theMetadataTellsTheDefaultsOfTheCore() throws IOException {
        Map<String, Map<String, Object>> metadata = metadata();
        assertThat(metadata.values())
                .allSatisfy(property -> assertThat(property.get("description"))
                        .as("description of %s", property.get("name"))
                        .isNotNull());

        List<String> said = new ArrayList<>();
        Map<String, Object> defaults = new TreeMap<>();
        metadata.forEach((name, property) -> {
            if (property.get("defaultValue") != null && !(property.get("defaultValue") instanceof List)) {
                defaults.put(name, property.get("defaultValue"));
                said.add(name + "=" + property.get("defaultValue"));
            }
        });
        assertThat(defaults)
                .containsKeys("pgheal.mode", "pgheal.abandoned.grace", "pgheal.incidents.keep", "pgheal.enabled");
        runner.withPropertyValues(said.stream()
                        .filter(each -> !each.startsWith("pgheal.control."))
                        .toArray(String[]::new))
                .run(context -> assertThat(
                                context.getBean(PghealProperties.class).configOf("any"))
                        .isEqualTo(HealingConfig.defaults()));

        // Everything that has a default in the core has one here.
        assertThat(new TreeSet<>(KnownProperties.names())
                        .stream().filter(name -> !defaults.containsKey(name)).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(
                        "pgheal.exclude-beans",
                        "pgheal.control.url",
                        "pgheal.control.username",
                        "pgheal.control.password",
                        "pgheal.spare.users",
                        "pgheal.spare.application-names",
                        "pgheal.spare.databases",
                        "pgheal.spare.tables",
                        "pgheal.spare.statement-tags",
                        "pgheal.tables.<table>.idle-blocker-timeout",
                        "pgheal.data-sources.<bean>.mode");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Map<String, Object>> metadata() throws IOException {
        // Of all jars on the class path, the one that knows pgheal.
        for (var url : java.util.Collections.list(
                PropertiesTest.class.getClassLoader().getResources("META-INF/spring-configuration-metadata.json"))) {
            try (InputStream in = url.openStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                if (text.contains("\"pgheal.mode\"")) {
                    Map<String, Object> all = JsonParserFactory.getJsonParser().parseMap(text);
                    return ((List<Map<String, Object>>) all.get("properties"))
                            .stream()
                                    .filter(property ->
                                            property.get("name").toString().startsWith("pgheal."))
                                    .collect(Collectors.toMap(
                                            property -> property.get("name").toString(), property -> property));
                }
            }
        }
        throw new AssertionError("no metadata");
    }
}
