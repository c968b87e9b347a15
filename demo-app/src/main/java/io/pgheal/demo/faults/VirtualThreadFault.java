package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartExport;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component
@Order(3)
class VirtualThreadFault implements Fault {

    private static final String KIND = "leak-in-virtual-thread";
    private static final int FIRST_JAVA_WITH_THEM = 21;

    private final OrgChartExport export;
    private final BackgroundWork background;

    VirtualThreadFault(OrgChartExport export, BackgroundWork background) {
        this.export = export;
        this.background = background;
    }

    @Override
    public FaultCard card() {
        FaultCard card = FaultCard.mustBeHealed(
                KIND,
                "Export in a virtual thread",
                "The same fault in a virtual thread of its own, which the error ends.",
                "As above. That the one thread that ever used it has ended is a suspicion: a reason to ask the garbage"
                        + " collector at once.");
        return supported() ? card : card.unavailable(whyNot());
    }

    @Override
    public FaultAnswer strike(String username, Duration time) throws ReflectiveOperationException {
        if (!supported()) {
            return FaultAnswer.notHere(whyNot());
        }
        Runnable work = background.recorded(KIND, username, () -> {
            export.export(username);
            return "exported";
        });
        virtualThreads().execute(work);
        return FaultAnswer.running("The export of " + username + "'s org chart runs in a virtual thread.");
    }

    // By reflection: the demo is compiled for Java 17, which has no virtual threads.
    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    private static boolean supported() {
        return Runtime.version().feature() >= FIRST_JAVA_WITH_THEM;
    }

    private static String whyNot() {
        return "Needs Java " + FIRST_JAVA_WITH_THEM + " or newer; this is Java "
                + Runtime.version().feature() + ".";
    }
}
