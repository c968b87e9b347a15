package io.pgheal.bench;

import java.util.concurrent.Callable;

/**
 * A stack as deep as that of a web request: a chain calls its filters, and each filter the chain, through an interface with
 * so many implementations that the JIT compiler cannot flatten the calls. The depth matters where a pool or a wrapper takes
 * the stack of each borrower.
 */
final class FilterChain<T> {
    /** Two frames each: with those of the thread and of the benchmark, some 80 frames lie below the borrow. */
    static final int FILTERS = 36;

    private interface Filter {
        <T> T filter(FilterChain<T> chain, int position) throws Exception;
    }

    // One class each: lambdas of the same expression would be one implementation.
    private static final Filter[] KINDS = {
        new Filter() {
            @Override
            public <T> T filter(FilterChain<T> chain, int position) throws Exception {
                return chain.proceed(position + 1);
            }
        },
        new Filter() {
            @Override
            public <T> T filter(FilterChain<T> chain, int position) throws Exception {
                return chain.proceed(position + 1);
            }
        },
        new Filter() {
            @Override
            public <T> T filter(FilterChain<T> chain, int position) throws Exception {
                return chain.proceed(position + 1);
            }
        },
        new Filter() {
            @Override
            public <T> T filter(FilterChain<T> chain, int position) throws Exception {
                return chain.proceed(position + 1);
            }
        }
    };

    private final Callable<T> work;

    private FilterChain(Callable<T> work) {
        this.work = work;
    }

    static <T> T through(Callable<T> work) throws Exception {
        return new FilterChain<>(work).proceed(0);
    }

    private T proceed(int position) throws Exception {
        return position == FILTERS ? work.call() : KINDS[position % KINDS.length].filter(this, position);
    }
}
