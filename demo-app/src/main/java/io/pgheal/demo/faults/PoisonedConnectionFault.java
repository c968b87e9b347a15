package io.pgheal.demo.faults;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component
@Order(5)
class PoisonedConnectionFault implements Fault {

    private static final int OVERFLOWS = 10;
    private static final long SMALL_STACK = 208 * 1024L;
    private static final long PATIENCE_SECONDS = 10;

    // Overflows and borrowers may hang; the request must not.
    private static final long ENOUGH_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final ChainOfCommand chain;
    private final NextBorrower nextBorrower;

    PoisonedConnectionFault(DataSource dataSource) {
        this.chain = new ChainOfCommand(dataSource);
        this.nextBorrower = new NextBorrower(dataSource);
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeHealed(
                "poisoned-connection",
                "Poison a connection",
                "Walks up the reporting lines with a query at each step, so that the stack overflows within the"
                        + " driver, in the middle of a message. Every connection is closed in a finally block. Done up to "
                        + OVERFLOWS + " times; after each, the next borrower asks a question whose answer is known.",
                "No lock and no transaction. But the half-read connection goes back to the pool, and the next borrower"
                        + " may fail, or get the previous answer, without any error.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) throws InterruptedException {
        List<Map<String, String>> borrowers = new ArrayList<>();
        int wrong = 0;
        long start = System.nanoTime();
        for (int i = 0; i < OVERFLOWS && System.nanoTime() - start < ENOUGH_NANOS; i++) {
            Map<String, String> borrower = new LinkedHashMap<>();
            borrower.put("overflow", onSmallStack(() -> overflow(username)));
            NextBorrower.Question question = nextBorrower.question(i);
            borrower.put("question", question.text());
            borrower.put("expected", question.expected());
            String got = onSmallStack(() -> nextBorrower.ask(question));
            borrower.put("got", got);
            borrowers.add(borrower);
            wrong += got.equals(question.expected()) ? 0 : 1;
        }
        return FaultAnswer.done(
                wrong + " of " + borrowers.size() + " next borrowers got a wrong answer or an error.",
                Map.of("overflows", borrowers.size(), "wrong", wrong, "nextBorrowers", borrowers));
    }

    private String overflow(String username) throws SQLException {
        return "none: " + chain.height(username) + " people are above";
    }

    private interface Answering {
        String run() throws SQLException;
    }

    // A thread of its own for each, as with two requests; a small stack overflows soon.
    private static String onSmallStack(Answering work) throws InterruptedException {
        FutureTask<String> task = new FutureTask<>(() -> {
            try {
                return work.run();
            } catch (Throwable e) {
                return e.toString();
            }
        });
        Thread thread = new Thread(null, task, "chain-of-command", SMALL_STACK);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return "no answer within " + PATIENCE_SECONDS + " s";
        } catch (ExecutionException e) {
            return e.toString();
        }
    }
}
