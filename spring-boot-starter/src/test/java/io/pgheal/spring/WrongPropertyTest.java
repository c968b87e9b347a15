package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.example.LoginApplication;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** An application with a wrong property does not start, and says why on its console. */
class WrongPropertyTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pgheal.mode=heel | pgheal.mode is 'heel' | Write one of off, observe, heal.",
                "pgheal.abandoned.grace=-1s | pgheal.abandoned.grace is -1s | Write a time longer than zero, such as 2s.",
                "pgheal.abandoned.grace=soon | pgheal.abandoned.grace is 'soon' | Write a time such as 2s or 500ms.",
                "pgheal.abandoned.patience=1s | pgheal.abandoned.patience (1s) is shorter than | Write a patience that is longer.",
                "pgheal.incidents.keep=many | pgheal.incidents.keep is 'many' | Write a whole number.",
                "pgheal.incidents.keep=0 | pgheal.incidents.keep is 0 | Write a number of at least 1.",
                "pgheal.stack-preflight=maybe | pgheal.stack-preflight is 'maybe' | Write true or false.",
                "pgheal.abandoned.thread-evidence=off | pgheal.abandoned.thread-evidence | pgheal.abandoned.retained=heal",
                "pgheal.grace=2s | pgheal.grace | nearest: pgheal.abandoned.grace.",
                "pgheal.abandonned.grace=2s | pgheal.abandonned.grace | nearest: pgheal.abandoned.grace.",
                "pgheal.tables.users=2s | pgheal.tables.users is no property of pgheal | pgheal.tables.<table>.idle-blocker-timeout",
                "pgheal.tables.users.idle-timeout=2s | pgheal.tables.users.idle-timeout is no property | pgheal.tables.<table>.idle-blocker-timeout",
                "pgheal.tables.users.idle-blocker-timeout=soon | pgheal.tables.users.idle-blocker-timeout is 'soon' | or 0 for never.",
                "pgheal.tables.users.idle-blocker-timeout=-1s | pgheal.tables.users.idle-blocker-timeout is -1s | Write 0 for never",
                "pgheal.tables.a.b.users.idle-blocker-timeout=2s | 'a.b.users' is no table | Write table or schema.table",
                "pgheal.data-sources.dataSource.mode=heel | pgheal.data-sources.datasource.mode is 'heel' | Write one of off, observe, heal.",
                "pgheal.data-sources.dataSource.abandoned.grace=0 | pgheal.data-sources.dataSource.abandoned.grace is 0s | Write a time longer than zero",
                "pgheal.control.url=jdbc:mysql://db/app | pgheal.control: the control connection's url must be like jdbc:postgresql: | Correct pgheal.control",
            })
    void stopsTheStartWithASentenceThatHelps(String property, String description, String action) {
        String output = outputOfFailedStart(property);
        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .containsSubsequence("Description:", description, "Action:", action);
    }

    @Test
    void valuesOfUnknownPropertiesMayBeSecrets() {
        assertThat(outputOfFailedStart("pgheal.control.pasword=hunter2"))
                .contains("pgheal.control.pasword", "nearest: pgheal.control.password")
                .doesNotContain("hunter2");
    }

    /** No subclass can stand in for it. */
    static final class FinalPool extends PGSimpleDataSource {
        private static final long serialVersionUID = 1L;

        FinalPool() {
            setUrl(SERVER.url());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import(LoginApplication.class)
    static class AsksForThePool {
        @Bean
        FinalPool dataSource() {
            return new FinalPool();
        }

        @Bean
        String database(FinalPool pool) {
            return pool.getURL();
        }
    }

    /** Then Spring finds no bean of that class any more. */
    @Configuration(proxyBeanMethods = false)
    @Import(LoginApplication.class)
    static class AsksForThePoolAfterwards {
        @Bean
        FinalPool dataSource() {
            return new FinalPool();
        }

        @Bean
        String database(DataSource guard, FinalPool pool) {
            return pool.getURL();
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {AsksForThePool.class, AsksForThePoolAfterwards.class})
    void aGuardThatIsAskedForAsItsFinalPool(Class<?> application) {
        assertThat(outputOfFailedStart(application, "spring.main.lazy-initialization=false"))
                .contains("APPLICATION FAILED TO START")
                .containsSubsequence(
                        "Description:",
                        "The bean 'dataSource' was asked for as " + FinalPool.class.getName()
                                + ", but pgheal guards it",
                        "Action:",
                        "Inject javax.sql.DataSource and call unwrap(FinalPool.class), or write "
                                + "pgheal.exclude-beans=dataSource");
    }

    @Test
    void aGuardThatIsNotFoundAsItsPool() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
                .withBean("pool", FinalPool.class, FinalPool::new)
                .run(context -> {
                    FailureAnalyzer analyzer = new MissingPoolFailureAnalyzer(
                            context.getSourceApplicationContext().getBeanFactory());
                    assertThatThrownBy(() -> context.getBean(FinalPool.class))
                            .isInstanceOf(NoSuchBeanDefinitionException.class)
                            .satisfies(missing -> assertThat(
                                            analyzer.analyze(missing).getDescription())
                                    .startsWith("The bean 'pool' was asked for as " + FinalPool.class.getName()));
                    assertThatThrownBy(() -> context.getBean(HikariDataSource.class))
                            .satisfies(missing ->
                                    assertThat(analyzer.analyze(missing)).isNull());
                });
    }

    private static String outputOfFailedStart(String property) {
        return outputOfFailedStart(LoginApplication.class, property);
    }

    private static String outputOfFailedStart(Class<?> application, String property) {
        PrintStream console = System.out;
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
        try {
            assertThatThrownBy(() -> SpringApplication.run(application, RunningApplication.arguments(SERVER, property)))
                    .isNotNull();
        } finally {
            System.setOut(console);
        }
        return output.toString(StandardCharsets.UTF_8);
    }
}
