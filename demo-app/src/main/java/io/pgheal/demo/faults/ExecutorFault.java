package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartExport;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The application's own executor is no bean, so nothing can wrap its tasks. */
@Component
@Order(2)
class ExecutorFault implements Fault, DisposableBean {

    private static final String KIND = "leak-in-executor";

    private final OrgChartExport export;
    private final BackgroundWork background;
    private final ExecutorService exporters = Executors.newFixedThreadPool(2, task -> {
        Thread thread = new Thread(task, "org-chart-export");
        thread.setDaemon(true);
        return thread;
    });

    ExecutorFault(OrgChartExport export, BackgroundWork background) {
        this.export = export;
        this.background = background;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeHealed(
                KIND,
                "Export in an executor",
                "The same fault in a task of a thread pool. The pool swallows the error into a Future that nobody"
                        + " asks, and its worker waits for the next task as if nothing had happened.",
                "As above, but no request ends here, and the thread lives on. Somebody waits, so the garbage collector is"
                        + " asked, and finds that nothing refers to the connection any more.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) {
        var unasked = exporters.submit(background.recorded(KIND, username, () -> {
            export.export(username);
            return "exported";
        }));
        return FaultAnswer.running("The export of " + username + "'s org chart "
                + (unasked.isDone() ? "has ended." : "runs in the background."));
    }

    @Override
    public void destroy() {
        exporters.shutdownNow();
    }
}
