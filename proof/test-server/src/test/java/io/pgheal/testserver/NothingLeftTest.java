package io.pgheal.testserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What looks whether something was left sees it, and says what it is. */
class NothingLeftTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    private ExtensionContext context;

    @RegisterExtension
    final BeforeEachCallback capturing = here -> context = here;

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    @BeforeEach
    void beQuick() {
        Awaitility.setDefaultTimeout(Duration.ofMillis(200)); // what is left here is never going to end by itself
    }

    @AfterEach
    void haveTime() {
        Awaitility.setDefaultTimeout(Patience.PATIENCE);
    }

    @Test
    void aThread() {
        CountDownLatch end = new CountDownLatch(1);
        beside.start("pgheal-forgotten", () -> end.await());
        assertThatThrownBy(() -> NOTHING_LEFT.afterEach(null))
                .hasMessageContaining("threads: \"pgheal-forgotten\"")
                .hasMessageContaining("CountDownLatch");
        end.countDown();
    }

    @Test
    void aSession() throws Exception {
        try (HikariDataSource pool = SERVER.app().pool("forgotten", 1);
                Connection lent = pool.getConnection()) {
            lent.setAutoCommit(false);
            Sql.run(lent, "SELECT 1");
            assertThatThrownBy(() -> NOTHING_LEFT.afterEach(null))
                    .hasMessageContaining("sessions: ")
                    .hasMessageContaining("forgotten, idle in transaction");
            assertThatThrownBy(() -> NothingLeft.everySlotIsBack(pool)).hasMessageContaining("forgotten");
        }
    }

    @Test
    void afterAClassWithAServer() throws Exception {
        PostgresServer its = PostgresServer.shared();
        its.beforeAll(context);
        try (Connection forgotten = its.connection()) {
            assertThatThrownBy(() -> its.afterAll(context))
                    .hasMessageContaining("left after NothingLeftTest")
                    .hasMessageContaining("sessions: ");
            assertThat(forgotten.isValid(5))
                    .as("its database is dropped all the same")
                    .isFalse();
        }
    }

    @Test
    void whatATestRegisters() throws Exception {
        AtomicBoolean lent = new AtomicBoolean(true);
        NothingLeft left = NothingLeft.on(SERVER).and("leases", () -> lent.get() ? List.of("of alice") : List.of());
        assertThatThrownBy(() -> left.afterEach(null)).hasMessageContaining("leases: of alice");
        lent.set(false);
        haveTime();
        left.afterEach(null);
    }

    @Test
    void whatRunsSideBySideEndsWithTheTest() {
        var asleep = beside.start("sleeps", () -> new CountDownLatch(1).await());
        beside.close();
        assertThat(asleep).isCompletedExceptionally();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("sleeps");
    }
}
