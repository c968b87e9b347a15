package io.pgheal.demo.status;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A session of this database that is in a transaction.
 *
 * @param locks tables with lock modes
 * @param lastStatement without its literals: they may be somebody's personal data
 */
record OpenTransaction(
        int pid,
        String application,
        String state,
        double transactionSeconds,
        double stateSeconds,
        @Nullable String waitsFor,
        List<Integer> blockedBy,
        List<String> locks,
        String lastStatement) {}
