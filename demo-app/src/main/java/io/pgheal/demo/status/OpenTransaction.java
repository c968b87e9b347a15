package io.pgheal.demo.status;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A session of this database with an open transaction.
 *
 * @param locks tables with lock modes
 * @param lastStatement without its literals, which may be personal data
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
