package io.pgheal.demo.faults;

import java.time.Duration;

/** One way to get stuck. */
interface Fault {

    FaultCard card();

    FaultAnswer strike(String username, Duration time) throws Exception;
}
