package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.support.GenericApplicationContext;

/** For a checkpoint (CRaC), or while a test context pauses, the context is stopped: then no connection may be open. */
class StoppedContextTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void pghealHasNoConnectionWhileTheContextIsStopped() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
                .withBean(DataSource.class, () -> SERVER.app().dataSource())
                .run(context -> {
                    SelfHealingDataSource guard = Guards.of(context);
                    await().until(() -> guard.server().isPresent());

                    context.stop();
                    await().untilAsserted(() ->
                            assertThat(SERVER.app().sessions("true")).isZero());
                    assertThat(guard.healer().trouble()).contains("closed until the context starts again");

                    context.start();
                    await().until(() -> guard.server().isPresent());
                });
    }

    /** The last tasks, for which the application waits, can be stuck, too. */
    @Test
    void whileTheApplicationIsBeingClosedTheGuardKeepsItsConnection() {
        AtomicBoolean connected = new AtomicBoolean();
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
                .withBean(DataSource.class, () -> SERVER.app().dataSource())
                .run(context -> {
                    SelfHealingDataSource guard = Guards.of(context);
                    await().until(() -> guard.server().isPresent());
                    ((GenericApplicationContext) context.getSourceApplicationContext())
                            .getDefaultListableBeanFactory()
                            .registerDisposableBean("lastTask", (DisposableBean)
                                    () -> connected.set(guard.server().isPresent()));
                });
        assertThat(connected).isTrue();
    }

    @Test
    void aGuardThatIsMadeWhileTheContextIsStoppedConnectsWhenItStarts() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
                .withBean(DataSource.class, () -> SERVER.app().dataSource(), definition -> definition.setLazyInit(true))
                .run(context -> {
                    context.stop();
                    context.getBean(DataSource.class);
                    SelfHealingDataSource guard = Guards.of(context);
                    assertThat(guard.healer().trouble()).contains("closed until the context starts again");

                    context.start();
                    await().until(() -> guard.server().isPresent());
                });
    }
}
