package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/** A row is locked by a lease whose owner is gone: each kind of evidence, with one of ours and a stranger waiting. */
class AbandonedRowLockTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private Scene scene;

    @BeforeEach
    void open() throws Exception {
        scene = Scene.on(SERVER);
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
    }

    /** The whole story of alice's row, whatever the evidence. */
    private void isHealed(int culprit, Stuck ours, Stuck foreign, EvidenceKind kind, Strength strength)
            throws Exception {
        ours.goesOn();
        foreign.goesOn();
        scene.healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .evidence(kind, strength)
                .tables("login")
                .tableUnknown(false)
                .holds("login", "RowExclusiveLock")
                .waiters(2)
                .rowWaiter(ours, true, "login")
                .waiter(foreign, false, "login", "tuple", "ExclusiveLock")
                .state("idle in transaction")
                .because(strength == Strength.CERTAIN ? "for certain" : "its owner looks gone, and somebody waits")
                .healedBy(Rung.ABORT);
        assertThat(scene.admin("SELECT n FROM login WHERE username = 'alice'")).isEqualTo("2");
    }

    // ---- HANDLE_UNREACHABLE

    @Test
    void handleUnreachable() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int[] pid = new int[1];
        Connection[] reachable = {owner.run(() -> lockAlice(pid))};
        Stuck ours = scene.ours(Scene.update("alice"));
        Stuck foreign = scene.foreign(Scene.update("alice"));
        reachable[0] = null;
        Garbage.collectUntil(() -> ours.isOver() && foreign.isOver());
        isHealed(pid[0], ours, foreign, EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN);
    }

    /** As long as the application has any of these it can go on, for each leads back to the connection. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "statement",
                "result set",
                "metadata",
                "rows of an array",
                "large-object stream",
                "driver's connection",
                "driver's view"
            })
    void handleReachableThrough(String what) throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int[] pid = new int[1];
        Object[] reachable = {owner.run(() -> madeThrough(lockAlice(pid), what))};
        Stuck ours = scene.ours(Scene.update("alice"));
        Stuck foreign = scene.foreign(Scene.update("alice"));

        int[] forgotten = new int[1];
        owner.run(() -> {
            Connection connection = scene.begin(Scene.update("bob"));
            forgotten[0] = Sql.pid(connection);
            return null;
        });
        Garbage.collectUntil(() -> !scene.incidents(OutcomeKind.HEALED).isEmpty());
        scene.healed(forgotten[0]).onlyEvidence(EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN);
        scene.reported(pid[0])
                .as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .because("its owner looks alive")
                .leftAlone();
        assertThat(ours.isOver()).isFalse();

        assertThat(reachable[0]).isNotNull();
        reachable[0] = null;
        Garbage.collectUntil(() -> ours.isOver() && foreign.isOver());
        isHealed(pid[0], ours, foreign, EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN);
    }

    private Connection lockAlice(int[] pid) throws Exception {
        Connection connection = scene.begin(Scene.update("alice"));
        pid[0] = Sql.pid(connection);
        return connection;
    }

    private static Object madeThrough(Connection connection, String what) throws Exception {
        Statement statement = connection.createStatement();
        return switch (what) {
            case "statement" -> statement;
            case "result set" -> statement.executeQuery("SELECT 1");
            case "metadata" -> connection.getMetaData();
            case "rows of an array" -> {
                ResultSet row = statement.executeQuery("SELECT ARRAY[1, 2]");
                row.next();
                yield row.getArray(1).getResultSet();
            }
            case "driver's connection" -> connection.unwrap(PGConnection.class);
            case "driver's view" -> statement.unwrap(PGStatement.class);
            default -> {
                ResultSet row = statement.executeQuery("SELECT lo_from_bytea(0, 'large')");
                row.next();
                yield row.getBlob(1).getBinaryStream();
            }
        };
    }

    // ---- SCOPE_ENDED

    /** A scope of the application's own needs no throwable to prove that its work is over. */
    @Test
    void scopeOfTheApplicationEnded() throws Exception {
        scene.guard();
        endsInScope(scene.guarded().scope("nightly-import"), null, Strength.CERTAIN, "nightly-import ended");
    }

    @Test
    void scopeOfAFrameworkEndedByAThrowable() throws Exception {
        scene.guard();
        endsInScope(
                scene.guarded().frameworkScope("POST /login"),
                new StackOverflowError(),
                Strength.CERTAIN,
                "POST /login ended by java.lang.StackOverflowError");
    }

    @Test
    void scopeOfAFrameworkEndedWell() throws Exception {
        scene.guard();
        endsInScope(scene.guarded().frameworkScope("POST /login"), null, Strength.SUSPICION, "POST /login ended");
    }

    /** The owner lives on, as a request's thread does. */
    private void endsInScope(LeaseScope scope, Throwable thrown, Strength strength, String told) throws Exception {
        Connection connection = scene.leak(Scene.update("alice"));
        int pid = Sql.pid(connection);
        // Statements of ours are on threads without a scope; those who begin them here are not.
        Stuck ours = outOfScope(() -> scene.ours(Scene.update("alice")));
        Stuck foreign = scene.foreign(Scene.update("alice"));
        if (thrown != null) {
            scope.failed(thrown);
        }
        scope.close();
        isHealed(pid, ours, foreign, EvidenceKind.SCOPE_ENDED, strength);
        assertThat(scene.healed(pid).incident().evidence().get(0).detail()).isEqualTo(told);
    }

    private static Stuck outOfScope(java.util.concurrent.Callable<Stuck> work) throws Exception {
        return Owner.platform().run(work);
    }

    // ---- the owner

    @Test
    void ownerEndedPlatformThread() throws Exception {
        scene.guard();
        ownerEnds(Owner.platform());
    }

    @Test
    void ownerEndedVirtualThread() throws Exception {
        Owner owner = Owner.virtual();
        scene.guard();
        ownerEnds(owner);
    }

    private void ownerEnds(Owner owner) throws Exception {
        int pid = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        Stuck ours = scene.ours(Scene.update("alice"));
        Stuck foreign = scene.foreign(Scene.update("alice"));
        owner.end();
        isHealed(pid, ours, foreign, EvidenceKind.OWNER_ENDED, Strength.SUSPICION);
    }

    // ---- the collector is asked

    /** Nothing looks as if the owner had gone, and the test collects nothing: that somebody waits is enough. */
    @Test
    void ownerThatForgotItAndLivesOn() throws Exception {
        scene.guard(config -> config.abandonedRetained(Retained.REPORT));
        Owner owner = Owner.platform();
        int pid = owner.run(() -> Sql.pid(scene.begin(Scene.update("alice"))));
        isProven(pid);
        owner.end();
    }

    @Test
    void ownerThatForgotItAndEnded() throws Exception {
        scene.guard(config -> config.abandonedRetained(Retained.REPORT));
        Owner owner = Owner.platform();
        int pid = owner.run(() -> Sql.pid(scene.begin(Scene.update("alice"))));
        owner.end();
        isProven(pid);
    }

    private void isProven(int pid) throws Exception {
        Stuck ours = scene.ours(Scene.update("alice"));
        Stuck foreign = scene.foreign(Scene.update("alice"));
        isHealed(pid, ours, foreign, EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN);
        assertThat(scene.healed(pid).incident().proof()).satisfies(proof -> {
            assertThat(proof.asked()).isPositive();
            assertThat(proof.answered()).isPositive();
            assertThat(proof.took()).isPositive();
        });
    }

    /** Something may come back to it: it is told, and left alone; until nothing refers to it any more. */
    @Test
    void ownerThatEndedWhileSomethingStillRefersToIt() throws Exception {
        scene.guard(config -> config.abandonedRetained(Retained.REPORT));
        Owner owner = Owner.platform();
        int pid = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        owner.end();
        Stuck ours = scene.ours(Scene.update("alice"));
        Stuck foreign = scene.foreign(Scene.update("alice"));

        scene.reported(pid)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .evidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .because("retained: ")
                .leftAlone();
        await().until(() -> scene.guarded().healer().retained() == 1);
        assertThat(ours.isOver()).isFalse();

        scene.kept.clear();
        Garbage.collectUntil(() -> ours.isOver() && foreign.isOver());
        isHealed(pid, ours, foreign, EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN);
    }
}
