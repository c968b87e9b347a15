package io.pgheal.spring;

import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes each dispatch of a request a unit of work on every guarded data source: a borrowed connection must not outlive
 * its dispatch. An asynchronous request ends when its container says so. A dispatch inside another (forward, include)
 * belongs to the outer one.
 *
 * <p>Outermost, so that it sees the end of everything. No failure of pgheal reaches the application: a failure costs
 * the scope, not the request.
 */
final class RequestScopeFilter implements Filter {
    private static final Logger LOG = LoggerFactory.getLogger(RequestScopeFilter.class);
    private static final String INSIDE = RequestScopeFilter.class.getName() + ".INSIDE";

    /** The attribute in which Spring MVC keeps an exception that a resolver turned into a response. */
    private static final String RESOLVED = "org.springframework.web.servlet.DispatcherServlet.EXCEPTION";

    /**
     * The attribute in which Spring MVC keeps the handler's pattern: known only at the end, with names instead of
     * values.
     */
    private static final String PATTERN = "org.springframework.web.servlet.HandlerMapping.bestMatchingPattern";

    /** A segment such as {@code login}, {@code v2} or {@code index.html}; no number, no token. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z][A-Za-z_.-]{0,30}[0-9]{0,2}");

    private final GuardedDataSources guarded;

    RequestScopeFilter(GuardedDataSources guarded) {
        this.guarded = guarded;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!(request instanceof HttpServletRequest http) || isInside(request)) {
            chain.doFilter(request, response);
            return;
        }
        Throwable before = swallowed(request);
        WorkScopes scopes = enter(http);
        try {
            chain.doFilter(request, response);
        } catch (Throwable thrown) {
            scopes.failed(rootOf(thrown));
            throw thrown;
        } finally {
            leave(scopes, request, before);
        }
    }

    private static boolean isInside(ServletRequest request) {
        try {
            return request.getAttribute(INSIDE) != null;
        } catch (Throwable e) {
            debug(e);
            return true; // then the dispatch is no unit of work
        }
    }

    private WorkScopes enter(HttpServletRequest request) {
        try {
            request.setAttribute(INSIDE, true);
            return WorkScopes.begin(guarded.byName().values(), name(request, withoutData(request.getRequestURI())));
        } catch (Throwable e) {
            debug(e);
            return WorkScopes.none();
        }
    }

    private static String name(HttpServletRequest request, String path) {
        String name = request.getMethod() + " " + path;
        return request.getDispatcherType() == DispatcherType.REQUEST
                ? name
                : name + " (" + request.getDispatcherType() + ")";
    }

    /** Removes from a path what may identify a user: parameters, and all segments except plain words. */
    static String withoutData(String path) {
        StringBuilder kept = new StringBuilder();
        for (String segment : path.split("/", -1)) {
            int parameters = segment.indexOf(';');
            String plain = parameters < 0 ? segment : segment.substring(0, parameters);
            kept.append('/').append(plain.isEmpty() || PLAIN.matcher(plain).matches() ? plain : "*");
        }
        return kept.substring(1);
    }

    /** Separate steps: if one fails, the others still run. */
    private static void leave(WorkScopes scopes, ServletRequest request, @Nullable Throwable before) {
        try {
            request.removeAttribute(INSIDE);
            Throwable swallowed = swallowed(request);
            if (swallowed != null && swallowed != before) {
                scopes.failed(rootOf(swallowed));
            }
        } catch (Throwable e) {
            debug(e);
        }
        try {
            if (request instanceof HttpServletRequest http && request.getAttribute(PATTERN) instanceof String pattern) {
                scopes.rename(name(http, pattern));
            }
        } catch (Throwable e) {
            debug(e);
        }
        try {
            if (request.isAsyncStarted()) {
                scopes.continueElsewhere();
                request.getAsyncContext().addListener(new EndOfAsync(scopes));
            }
        } catch (Throwable e) {
            // Without the listener the end is never seen: then there is no evidence, and no wrong evidence.
            debug(e);
        }
        scopes.close();
    }

    private static @Nullable Throwable swallowed(ServletRequest request) {
        try {
            if (request.getAttribute(RESOLVED) instanceof Throwable resolved) {
                return resolved;
            }
            return request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof Throwable error ? error : null;
        } catch (Throwable e) {
            debug(e);
            return null;
        }
    }

    /** Spring MVC and containers wrap an Error in a ServletException; incidents should name the error. */
    private static Throwable rootOf(Throwable thrown) {
        return thrown instanceof ServletException && thrown.getCause() != null ? thrown.getCause() : thrown;
    }

    private static void debug(Throwable e) {
        try {
            LOG.debug("a request runs without a pgheal scope: {}", e.getClass().getName());
        } catch (Throwable ignored) {
            // Even logging failed: the request goes on.
        }
    }

    /** Notified when the container has finished an asynchronous request. */
    private record EndOfAsync(WorkScopes scopes) implements AsyncListener {
        @Override
        public void onComplete(AsyncEvent event) {
            scopes.completed();
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            // Afterwards the container completes or dispatches the request.
        }

        @Override
        public void onError(AsyncEvent event) {
            Throwable thrown = event.getThrowable();
            if (thrown != null) {
                scopes.failed(rootOf(thrown));
            }
        }

        /** Each new asynchronous cycle drops its listeners. */
        @Override
        public void onStartAsync(AsyncEvent event) {
            event.getAsyncContext().addListener(this);
        }
    }
}
