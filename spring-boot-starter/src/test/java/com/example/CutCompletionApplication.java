package com.example;

import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Where an overflow can be had in the middle of Spring's own completion of a transaction. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(CutCompletionApplication.Transactions.class)
public class CutCompletionApplication {

    @Bean
    Completion transactionManager(DataSource dataSource) {
        return new Completion(dataSource);
    }

    /** Spring's, and the stack ends where the test says. */
    static class Completion extends DataSourceTransactionManager {
        private static final long serialVersionUID = 1L;
        transient String cutIn = "";

        Completion(DataSource dataSource) {
            super(dataSource);
        }

        @Override
        protected void doRollback(DefaultTransactionStatus status) {
            if (cutIn.equals("rollback")) {
                recurse(0);
            }
            super.doRollback(status);
        }

        @Override
        protected void doCleanupAfterCompletion(Object transaction) {
            if (cutIn.equals("marks")) {
                // As if it had come in the middle of clear(), a moment earlier.
                TransactionSynchronizationManager.initSynchronization();
                TransactionSynchronizationManager.setActualTransactionActive(true);
                TransactionSynchronizationManager.setCurrentTransactionReadOnly(true);
                TransactionSynchronizationManager.setCurrentTransactionIsolationLevel(
                        Connection.TRANSACTION_SERIALIZABLE);
                TransactionSynchronizationManager.setCurrentTransactionName("the cut one");
            }
            if (!cutIn.isEmpty()) {
                cutIn = "";
                recurse(0);
            }
            super.doCleanupAfterCompletion(transaction);
        }

        private static int recurse(int depth) {
            return depth < 0 ? 0 : recurse(depth + 1) + 1;
        }
    }

    @RestController
    static class Transactions {
        private final List<Connection> kept = new ArrayList<>();
        private final Completion completion;
        private final TransactionTemplate transaction;
        private final JdbcTemplate jdbc;

        Transactions(Completion completion, JdbcTemplate jdbc) {
            this.completion = completion;
            this.transaction = new TransactionTemplate(completion);
            this.jdbc = jdbc;
        }

        @GetMapping("/count")
        String count(@RequestParam(defaultValue = "") String cut) {
            String found = "bound "
                    + TransactionSynchronizationManager.getResourceMap().size() + ", marked "
                    + (TransactionSynchronizationManager.isSynchronizationActive()
                            || TransactionSynchronizationManager.isActualTransactionActive()
                            || TransactionSynchronizationManager.isCurrentTransactionReadOnly()
                            || TransactionSynchronizationManager.getCurrentTransactionIsolationLevel() != null
                            || TransactionSynchronizationManager.getCurrentTransactionName() != null);
            transaction.executeWithoutResult(status -> {
                jdbc.update("UPDATE counted SET n = n + 1");
                if (!cut.isEmpty()) {
                    kept.add(DataSourceUtils.getConnection(jdbc.getDataSource()));
                    completion.cutIn = cut;
                    if (cut.equals("rollback")) {
                        status.setRollbackOnly();
                    }
                }
            });
            return found + ", new " + Thread.currentThread().getName();
        }
    }
}
