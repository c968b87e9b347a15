package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Method;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.ConnectionIdManager;
import net.ttddyy.dsproxy.listener.MethodExecutionContext;
import net.ttddyy.dsproxy.listener.MethodExecutionListener;
import net.ttddyy.dsproxy.proxy.ProxyJdbcObject;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

class InterceptedDataSourceTest {
    private final Raw raw = new Raw();
    private final Connection lent = raw.as(BaseConnection.class);
    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());

    private InterceptedDataSource over(Connection connection, Consumer<ProxyDataSourceBuilder> listeners) {
        return over(connection, registry, listeners);
    }

    private static InterceptedDataSource over(
            Connection connection, LeaseRegistry registry, Consumer<ProxyDataSourceBuilder> listeners) {
        Raw source = new Raw() {
            @Override
            Object answer(Class<?> type) {
                return type == Connection.class ? connection : super.answer(type);
            }
        };
        return new InterceptedDataSource(
                "test", source.as(DataSource.class), registry, new Waiting(Ticker.system()), listeners);
    }

    private long closes() {
        return raw.calls.stream().filter(it -> it.getName().equals("close")).count();
    }

    @Test
    void lendsABareHandleWhereNobodyListens() throws Exception {
        Connection connection = over(lent, builder -> {}).getConnection();
        assertThat(connection).isInstanceOf(ConnectionHandle.class);
        assertThat(registry.openCount()).isEqualTo(1);
        assertThat(raw.calls).noneMatch(it -> it.getName().equals("getTransactionIsolation"));
        connection.close();
        assertThat(registry.openCount()).isZero();
        assertThat(closes()).isEqualTo(1);
    }

    @Test
    void listenersSeeWhatDatasourceProxyShowsThem() throws Exception {
        AtomicInteger seen = new AtomicInteger();
        Connection connection = over(
                        lent, builder -> builder.afterQuery((info, queries) -> seen.addAndGet(queries.size())))
                .getConnection();
        assertThat(connection).isInstanceOf(ProxyJdbcObject.class);
        var statement = connection.prepareStatement("select 1");
        statement.executeQuery();
        assertThat(seen).hasValue(1);
        assertThat(statement.getConnection()).isSameAs(connection);
        assertThat(connection.unwrap(HealingLease.class)).isNotNull();
        connection.close();
        assertThat(registry.openCount()).isZero();
    }

    @Test
    void countsWhoWaitsWhereThePoolDoesNotTell() throws Exception {
        AtomicLong now = new AtomicLong();
        Waiting waiting = new Waiting(new Ticker() {
            @Override
            public long nanos() {
                return now.get();
            }
        });
        AtomicInteger most = new AtomicInteger();
        Raw source = new Raw();
        source.during = () -> {
            for (int look = 0; look < 3; look++) {
                now.addAndGet(Duration.ofSeconds(1).toNanos());
                most.accumulateAndGet(waiting.getAsInt(), Math::max);
            }
        };
        LeaseRegistry unknown = Leases.registry(new Pool.UnknownPool(waiting));
        new InterceptedDataSource("test", source.as(DataSource.class), unknown, waiting, builder -> {}).getConnection();
        assertThat(most).hasValue(1);
        assertThat(waiting.getAsInt()).isZero();
    }

    @Test
    void leavesAForeignConnectionAlone() throws Exception {
        Connection foreign = new Raw().as(Connection.class);
        assertThat(over(foreign, builder -> {}).getConnection()).isSameAs(foreign);
        assertThat(registry.openCount()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"before", "after"})
    void aListenerThatFailsLosesNothing(String when) {
        for (Throwable thrown : List.of(new IllegalStateException("listener"), new StackOverflowError())) {
            raw.calls.clear();
            InterceptedDataSource source = over(lent, builder -> builder.methodListener(failing(when, thrown)));
            assertThatThrownBy(source::getConnection).isSameAs(thrown);
            assertThat(registry.openCount()).isZero();
            assertThat(closes()).isEqualTo(when.equals("after") ? 1 : 0);
        }
    }

    @Test
    void anIdManagerThatFailsLosesNothing() {
        IllegalStateException thrown = new IllegalStateException("ids");
        ConnectionIdManager ids = new ConnectionIds() {
            @Override
            public String getId(Connection connection) {
                throw thrown;
            }
        };
        assertThatThrownBy(over(lent, builder -> builder.connectionIdManager(ids))::getConnection)
                .isSameAs(thrown);
        assertThat(closes()).isEqualTo(1);
    }

    private static MethodExecutionListener failing(String when, Throwable thrown) {
        return new MethodExecutionListener() {
            @Override
            public void beforeMethod(MethodExecutionContext context) {
                fail("before", context);
            }

            @Override
            public void afterMethod(MethodExecutionContext context) {
                fail("after", context);
            }

            private void fail(String moment, MethodExecutionContext context) {
                if (moment.equals(when) && context.getMethod().getName().equals("getConnection")) {
                    if (thrown instanceof Error error) {
                        throw error;
                    }
                    throw (RuntimeException) thrown;
                }
            }
        };
    }

    /** A wrapper in between need not tell. Two healers would judge one session, and neither would see all of its owner. */
    @Test
    void whatIsGuardedAlreadyIsNotTrackedAgain() throws Exception {
        Raw pooled = new Raw() {
            @Override
            public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
                return switch (method.getName()) {
                    case "isWrapperFor" -> true;
                    case "unwrap" -> lent;
                    default -> super.invoke(proxy, method, arguments);
                };
            }
        };
        Connection guarded =
                over(pooled.<Connection>as(Connection.class), builder -> {}).getConnection();
        Raw wrapper = new Raw() {
            @Override
            public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
                return method.invoke(guarded, arguments);
            }
        };
        for (Connection connection : List.of(guarded, wrapper.<Connection>as(Connection.class))) {
            LeaseRegistry outer = Leases.registry(new Leases.TestPool());
            assertThat(over(connection, outer, builder -> {}).getConnection()).isSameAs(connection);
            assertThat(outer.openCount()).isZero();
        }
        guarded.close();
    }

    @Test
    void whatTrackingThrowsIsNotTheApplicationsProblem() throws Exception {
        for (Throwable thrown : List.of(new IllegalStateException("isWrapperFor"), new AbstractMethodError())) {
            Raw odd = new Raw();
            odd.thrown = thrown;
            Connection connection = odd.as(Connection.class);
            assertThat(over(connection, builder -> {}).getConnection()).isSameAs(connection);
        }
    }

    /** What the next question is answered on it would be this one's answer. */
    @Test
    void aConnectionWhoseFirstQuestionWasCutIsNotLent() {
        StackOverflowError cut = new StackOverflowError();
        raw.transaction = TransactionState.IDLE;
        raw.during = () -> {
            if (raw.calls.get(raw.calls.size() - 1).getName().equals("unwrap")) {
                throw cut;
            }
        };
        assertThatThrownBy(over(lent, builder -> {})::getConnection).isSameAs(cut);
        assertThat(raw.calls).anyMatch(call -> call.getName().equals("abort"));
        assertThat(closes()).isEqualTo(1);
        assertThat(registry.openCount()).isZero();
    }

    @Test
    void whatIsCutWhileItIsTrackedGoesBackToThePool() {
        StackOverflowError cut = new StackOverflowError();
        Raw odd = new Raw();
        odd.thrown = cut;
        Connection connection = odd.as(Connection.class);
        assertThatThrownBy(over(connection, builder -> {})::getConnection).isSameAs(cut);
        assertThat(odd.calls).filteredOn(it -> it.getName().equals("close")).hasSize(1);
        assertThat(registry.openCount()).isZero();
    }

    @Test
    void theIdsOfOpenConnectionsAreBounded() {
        ConnectionIds ids = new ConnectionIds();
        for (int i = 0; i < 20_000; i++) {
            ids.getId(lent);
        }
        assertThat(ids.getOpenConnectionIds()).hasSize(10_000);
    }
}
