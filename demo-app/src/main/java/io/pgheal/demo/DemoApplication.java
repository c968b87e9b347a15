package io.pgheal.demo;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A login service with a fault. Its code does not know pgheal: the dependency on the starter is all that it needs. */
@SpringBootApplication
public class DemoApplication {

    private static final Logger log = LoggerFactory.getLogger(DemoApplication.class);

    public static void main(String[] args) {
        // Through the log, which shortens the thousand frames of an overflow.
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, error) -> log.error("{} was ended by an error", thread.getName(), error));
        SpringApplication.run(DemoApplication.class, args);
    }
}
