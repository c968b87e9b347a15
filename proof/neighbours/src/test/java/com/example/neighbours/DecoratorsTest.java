package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.gavlyukovskiy.boot.jdbc.decorator.DecoratedDataSource;
import com.p6spy.engine.common.PreparedStatementInformation;
import com.p6spy.engine.common.StatementInformation;
import com.p6spy.engine.event.JdbcEventListener;
import com.vladmihalcea.flexypool.FlexyPoolDataSource;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.pgheal.testserver.PostgresServer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import net.ttddyy.dsproxy.ExecutionInfo;
import net.ttddyy.dsproxy.QueryInfo;
import net.ttddyy.dsproxy.listener.QueryExecutionListener;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;

/** What wraps data sources to see the queries, by auto-configurations of its own. */
@Tag("thorough")
class DecoratorsTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    /** Flexy-pool is on the class path of all; its decorator is taken out, as if it were not. */
    static class WithoutFlexyPool {
        @Bean
        static BeanFactoryPostProcessor withoutFlexyPool() {
            return beans -> {
                for (String name : beans.getBeanDefinitionNames()) {
                    if (name.startsWith("flexyPool")) {
                        ((BeanDefinitionRegistry) beans).removeBeanDefinition(name);
                    }
                }
            };
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(WithoutFlexyPool.class)
    static class P6Spy {
        static class Seen extends JdbcEventListener {
            final List<String> queries = new CopyOnWriteArrayList<>();

            @Override
            public void onBeforeExecuteQuery(PreparedStatementInformation statement) {
                queries.add(statement.getSql());
            }

            @Override
            public void onBeforeExecuteQuery(StatementInformation statement, String sql) {
                queries.add(sql);
            }
        }

        @Bean
        Seen seen() {
            return new Seen();
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(WithoutFlexyPool.class)
    static class DatasourceProxy {
        static class Seen implements QueryExecutionListener {
            final List<String> queries = new CopyOnWriteArrayList<>();

            @Override
            public void beforeQuery(ExecutionInfo execution, List<QueryInfo> infos) {
                infos.forEach(info -> queries.add(info.getQuery()));
            }

            @Override
            public void afterQuery(ExecutionInfo execution, List<QueryInfo> infos) {
                // the query was seen before
            }
        }

        @Bean
        Seen seen() {
            return new Seen();
        }
    }

    @Test
    void p6spy() {
        try (Trial trial = Trial.of(SERVER, "5a p6spy's starter", P6Spy.class, "gavlyukovskiy")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it sees each query once", () -> {
                List<String> queries = trial.bean(P6Spy.Seen.class).queries;
                queries.clear();
                query(trial);
                assertThat(queries).containsExactly("SELECT 1");
            });
        }
    }

    @Test
    void datasourceProxy() {
        try (Trial trial = Trial.of(SERVER, "5b datasource-proxy's starter", DatasourceProxy.class, "gavlyukovskiy")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it sees each query once", () -> {
                List<String> queries = trial.bean(DatasourceProxy.Seen.class).queries;
                queries.clear();
                query(trial);
                assertThat(queries).containsExactly("SELECT 1");
            });
        }
    }

    @Test
    void flexyPool() {
        try (Trial trial = Trial.of(SERVER, "5c flexy-pool's starter", Plain.class, "gavlyukovskiy")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it is there, and lends", () -> {
                query(trial);
                assertThat(trial.dataSource("dataSource")
                                .unwrap(DecoratedDataSource.class)
                                .getDecoratingChain())
                        .anySatisfy(it -> assertThat(it.getDataSource()).isInstanceOf(FlexyPoolDataSource.class));
            });
        }
    }

    @Test
    void datasourceMicrometer() {
        try (Trial trial = Trial.of(SERVER, "5d datasource-micrometer", Plain.class, "ttddyy")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it observes connections and queries", () -> {
                List<String> observed = new CopyOnWriteArrayList<>();
                trial.bean(ObservationRegistry.class).observationConfig().observationHandler(new Observed(observed));
                query(trial);
                assertThat(observed).containsOnlyOnce("jdbc.connection").containsOnlyOnce("jdbc.query");
            });
        }
    }

    private record Observed(List<String> names) implements ObservationHandler<Observation.Context> {
        @Override
        public void onStart(Observation.Context context) {
            names.add(context.getName());
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }
    }

    private static void query(Trial trial) {
        assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                .isOne();
    }
}
