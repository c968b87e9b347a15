package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The filter's own steps may fail wherever they like: the application must not notice. */
class RequestScopeFilterTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final GuardedDataSources guarded = new GuardedDataSources();
    private final RequestScopeFilter filter = new RequestScopeFilter(guarded);
    private final Map<String, Object> attributes = new HashMap<>();

    @BeforeEach
    void guard() {
        DataSource target = SERVER.app().dataSource();
        guarded.add("pool", SelfHealingDataSource.builder(target).name("pool").build());
    }

    @AfterEach
    void close() {
        guarded.destroy();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "getAttribute",
                "setAttribute",
                "getMethod",
                "getRequestURI",
                "getDispatcherType",
                "removeAttribute",
                "isAsyncStarted",
                "getAsyncContext"
            })
    void whateverFailsTheApplicationsErrorComesThrough(String failing) {
        StackOverflowError error = new StackOverflowError("the application's own");
        assertThatThrownBy(() -> filter.doFilter(request(Set.of(failing), true), response(), (request, response) -> {
                    throw error;
                }))
                .isSameAs(error);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "getAttribute",
                "setAttribute",
                "getMethod",
                "getRequestURI",
                "getDispatcherType",
                "removeAttribute",
                "isAsyncStarted",
                "getAsyncContext"
            })
    void whateverFailsTheRequestGoesOn(String failing) throws Exception {
        AtomicInteger calls = new AtomicInteger();
        filter.doFilter(request(Set.of(failing), true), response(), (request, response) -> calls.incrementAndGet());
        assertThat(calls).hasValue(1);
    }

    /** Where nobody knows the pattern: sessions, accounts and keys may be among them, and evidence is told. */
    @ParameterizedTest
    @CsvSource({
        "/login, /login",
        "/, /",
        "/login;jsessionid=4711/now;a=b, /login/now",
        "/api/v1/users/4711/orders, /api/v1/users/*/orders",
        "/oauth2/authorization/google, /oauth2/authorization/google",
        "/reset/3f2a9c77-0d1e-4c55-9a67-5b1f0c9d2e11, /reset/*",
        "/reset/dGhlLWtleQ9x, /reset/*",
        "/reset/abcdefghijklmnopqrstuvwxyzabcdefghijklmnop/, /reset/*/",
        "/users/alice@example.org, /users/*",
        "/users/%61lice, /users/*",
        "//static/index.html, //static/index.html"
    })
    void aScopeIsNamedWithoutTheDataInThePath(String path, String name) {
        assertThat(RequestScopeFilter.withoutData(path)).isEqualTo(name);
    }

    @Test
    void aDispatchInsideAnotherOpensNoScopeAndEndsNone() throws Exception {
        HttpServletRequest request = request(Set.of(), false);
        FilterChain inner = (again, response) -> assertThat(attributes).hasSize(1);
        filter.doFilter(request, response(), (outer, response) -> {
            filter.doFilter(outer, response, inner);
            assertThat(attributes).as("the outer one goes on").hasSize(1);
        });
        assertThat(attributes).isEmpty();
    }

    private HttpServletRequest request(Set<String> failing, boolean async) {
        InvocationHandler answers = (proxy, method, arguments) -> {
            if (failing.contains(method.getName())) {
                throw new OutOfMemoryError("of the test");
            }
            return switch (method.getName()) {
                case "getAttribute" -> attributes.get((String) arguments[0]);
                case "setAttribute" -> attributes.put((String) arguments[0], arguments[1]);
                case "removeAttribute" -> attributes.remove((String) arguments[0]);
                case "getMethod" -> "GET";
                case "getRequestURI" -> "/login";
                case "getDispatcherType" -> DispatcherType.REQUEST;
                case "isAsyncStarted" -> async;
                case "getAsyncContext" -> throw new IllegalStateException("over already");
                default -> throw new UnsupportedOperationException(method.getName());
            };
        };
        return (HttpServletRequest)
                Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {HttpServletRequest.class}, answers);
    }

    private HttpServletResponse response() {
        return (HttpServletResponse) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {HttpServletResponse.class},
                (proxy, method, arguments) -> null);
    }
}
