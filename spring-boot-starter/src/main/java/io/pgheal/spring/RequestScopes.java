package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.track.LeaseScope;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One scope per guarded data source, for one unit of work. Whatever is asked of it, it throws nothing. */
final class RequestScopes {
    private static final Logger LOG = LoggerFactory.getLogger(RequestScopes.class);

    /** The last one first: scopes are closed in the reverse order. */
    private final Deque<LeaseScope> open = new ArrayDeque<>();

    void open(Collection<SelfHealingDataSource> dataSources, String name) {
        for (SelfHealingDataSource dataSource : dataSources) {
            open.push(dataSource.frameworkScope(name));
        }
    }

    void failed(Throwable thrown) {
        each(scope -> scope.failed(thrown));
    }

    /** The work goes on on other threads, until {@link #completed}. */
    void continueElsewhere() {
        each(LeaseScope::continuesElsewhere);
    }

    void close() {
        each(LeaseScope::close);
    }

    void completed() {
        each(LeaseScope::completed);
    }

    private void each(Consumer<LeaseScope> word) {
        for (LeaseScope scope : open) {
            try {
                word.accept(scope);
            } catch (Throwable e) {
                tell(scope, e);
            }
        }
    }

    private static void tell(LeaseScope scope, Throwable e) {
        try {
            LOG.warn(
                    "pgheal's scope '{}' did not end in order: {}",
                    scope.name(),
                    e.getClass().getName());
        } catch (Throwable ignored) {
            // The next scope is more important.
        }
    }
}
