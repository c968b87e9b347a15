package io.pgheal.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.listener.MethodExecutionContext;
import net.ttddyy.dsproxy.listener.MethodExecutionListener;
import net.ttddyy.dsproxy.listener.NoOpQueryExecutionListener;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One short transaction on a stub driver: what HikariCP costs, and what each layer adds to it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class HotPath {
    private static final String SQL = "SELECT password_hash FROM users WHERE username = ?";

    /** What stands between the benchmark and HikariCP. */
    public enum Layer {
        HIKARI("HikariCP"),
        DATASOURCE_PROXY("datasource-proxy, listeners that do nothing"),
        PGHEAL("pgheal"),
        PGHEAL_NO_STACKS("pgheal, no borrow stacks"),
        PGHEAL_NO_STACKS_NO_PREFLIGHT("pgheal, no borrow stacks, no preflight");

        final String title;

        Layer(String title) {
            this.title = title;
        }
    }

    @Param
    public Layer layer = Layer.HIKARI;

    private final HikariDataSource hikari;
    private DataSource dataSource;
    private AutoCloseable guard = () -> {};

    public HotPath() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(new StubDriver());
        config.setMaximumPoolSize(4);
        config.setPoolName("stub");
        hikari = new HikariDataSource(config);
        dataSource = hikari;
    }

    @Setup
    public void open() {
        switch (layer) {
            case HIKARI -> {}
            case DATASOURCE_PROXY -> dataSource = withListeners(hikari);
            case PGHEAL -> guard(config -> config);
            case PGHEAL_NO_STACKS -> guard(config -> config.borrowStacks(0));
            case PGHEAL_NO_STACKS_NO_PREFLIGHT ->
                guard(config -> config.borrowStacks(0).stackPreflight(false));
        }
    }

    private void guard(UnaryOperator<HealingConfig.Builder> config) {
        SelfHealingDataSource guarded = SelfHealingDataSource.builder(hikari)
                .config(config.apply(HealingConfig.builder()).build())
                .build();
        dataSource = guarded;
        guard = guarded;
    }

    /** As an application would use it: with listeners that do nothing. */
    static DataSource withListeners(DataSource target) {
        return ProxyDataSourceBuilder.create("stub", target)
                .listener(new NoOpQueryExecutionListener())
                .methodListener(new MethodExecutionListener() {
                    @Override
                    public void beforeMethod(MethodExecutionContext context) {}

                    @Override
                    public void afterMethod(MethodExecutionContext context) {}
                })
                .build();
    }

    @TearDown
    public void close() throws Exception {
        guard.close();
        hikari.close();
    }

    @Benchmark
    public int transaction() throws SQLException {
        int seen = 0;
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement select = connection.prepareStatement(SQL)) {
                select.setString(1, "alice");
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        seen += row.getInt(1);
                    }
                }
            }
            connection.commit();
        }
        return seen;
    }
}
