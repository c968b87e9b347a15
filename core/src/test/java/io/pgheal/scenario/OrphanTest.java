package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The application gave up a statement that waits for a lock, and gave back what is left of its connection. The backend does
 * not notice: it waits on, with the row that it has locked, and no client can reach it.
 */
class OrphanTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final int SLOTS = 3;

    private Scene scene;

    @BeforeEach
    void open() throws Exception {
        scene = Scene.on(SERVER);
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
    }

    private interface Loss {
        void of(Connection connection, int backend) throws Exception;
    }

    @Test
    void socketTimeoutWhileItWaitsForALock() throws Exception {
        isLeftBehindAndHealed(
                Owner.platform(),
                connection -> connection.setNetworkTimeout(Runnable::run, 300),
                (connection, backend) -> {});
    }

    @Test
    @Tag("thorough") // the URL's least time-out is a second, and holds for the log-in, too
    void socketTimeoutOfTheUrlWhileItWaitsForALock() throws Exception {
        guard("socketTimeout=1");
        isLeftBehindAndHealed(Owner.platform(), connection -> {}, (connection, backend) -> {});
    }

    /** The socket is closed under a virtual thread that is interrupted while it reads. */
    @Test
    void interruptOfAVirtualThreadWhileItWaitsForALock() throws Exception {
        Owner owner = Owner.virtual();
        isLeftBehindAndHealed(owner, connection -> {}, (connection, backend) -> {
            scene.awaitLockWait(backend);
            owner.interrupt();
        });
    }

    @Test
    void abortOfAConnectionThatWaitsForALock() throws Exception {
        isLeftBehindAndHealed(Owner.platform(), connection -> {}, (connection, backend) -> {
            scene.awaitLockWait(backend);
            connection.abort(Runnable::run);
        });
    }

    private void guard(String parameters) throws SQLException {
        scene.guard(SLOTS, parameters, config -> config, builder -> builder);
    }

    private interface Preparation {
        void of(Connection connection) throws SQLException;
    }

    private void isLeftBehindAndHealed(Owner owner, Preparation preparation, Loss loss) throws Exception {
        if (scene.guarded() == null) {
            guard("");
        }
        Connection holder = scene.beginOutside(Scene.update("bob"));
        Connection connection = owner.run(() -> scene.begin(Scene.update("alice")));
        int culprit = owner.run(() -> Sql.pid(connection));
        Stuck first = scene.foreign(Scene.update("alice"));
        Stuck second = scene.foreign(Scene.update("alice"));

        owner.run(() -> {
            preparation.of(connection);
            return null;
        });
        FutureTask<Void> statement = owner.start(() -> {
            try (connection) {
                Sql.run(connection, Scene.update("bob"));
            }
            return null;
        });
        loss.of(connection, culprit);
        assertThatThrownBy(() -> statement.get())
                .isInstanceOf(ExecutionException.class)
                .cause()
                .as("the connection is lost to the application")
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));

        first.goesOn();
        second.goesOn();
        Told told = scene.healed(culprit)
                .as(DiagnosisKind.ORPHANED_BACKEND)
                .noEvidence()
                .state("active")
                .tables("login")
                .holds("login", "RowExclusiveLock")
                .waiters(2)
                .rowWaiter(first, false, "login")
                .waiter(second, false, "login", "tuple", "ExclusiveLock")
                .because("no client can reach this backend");
        assertThat(told.incident().remedies())
                .extracting(rung -> rung.rung())
                .isIn(List.of(Rung.CANCEL), List.of(Rung.CANCEL, Rung.TERMINATE));
        assertThat(Scene.ask(holder, "SELECT 1"))
                .as("who held the lock is untouched")
                .isEqualTo("1");
        holder.rollback();
        allSlotsAreBack();
        assertThat(scene.admin("SELECT n FROM login WHERE username = 'alice'"))
                .as("only those who went on have committed")
                .isEqualTo("2");
    }

    private void allSlotsAreBack() throws SQLException {
        Awaitility.await().until(() -> scene.guarded().healer().leases() == 0);
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < SLOTS; i++) {
                all.add(scene.guarded().getConnection());
            }
        } finally {
            for (Connection each : all) {
                each.close();
            }
        }
    }
}
