package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.SqlState;
import io.pgheal.testserver.PostgresServer;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Transaction;
import org.hibernate.cfg.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Hibernate calls to clean up after a call that was cut, or on a lease that was revoked. */
@Tag("thorough")
class HibernateTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Entity(name = "Login")
    @Table(name = "user_login_info")
    static class Login {
        @Id
        String username;

        int logins;
    }

    private enum Cut {
        QUERY,
        FLUSH,
        COMMIT
    }

    private static SessionFactory sessions(DataSource dataSource) {
        Configuration configuration = new Configuration().addAnnotatedClass(Login.class);
        configuration.getProperties().put("hibernate.connection.datasource", dataSource);
        return configuration.buildSessionFactory();
    }

    private static Method method(Cut cut) throws NoSuchMethodException {
        return switch (cut) {
            case QUERY -> PreparedStatement.class.getMethod("executeQuery");
            case FLUSH -> PreparedStatement.class.getMethod("executeUpdate");
            case COMMIT -> Connection.class.getMethod("commit");
        };
    }

    @ParameterizedTest
    @EnumSource(Cut.class)
    void theFirstErrorIsSeenAndTheSlotComesBack(Cut cut) throws Exception {
        try (GuardedPool made = GuardedPool.on(SERVER, config -> config)) {
            Sabotage sabotage = new Sabotage();
            try (HikariDataSource pool = SERVER.app()
                            .pool(
                                    "sabotaged",
                                    1,
                                    config -> config.setDataSource(
                                            sabotage.inFrontOf(SERVER.app().dataSource())));
                    SelfHealingDataSource guarded =
                            SelfHealingDataSource.builder(pool).build();
                    SessionFactory sessions = sessions(guarded)) {
                for (int i = 1; i <= 3; i++) {
                    cutOnce(cut, sabotage, sessions);
                    assertThat(guarded.healer().quarantined()).isEqualTo(i);
                    await().until(() -> guarded.leases().isEmpty());
                    try (Connection next = guarded.getConnection()) {
                        OverflowSweepTest.ask(next, i);
                    }
                }
                assertThat(made.logins("alice")).isZero();
            }
        }
    }

    private static void cutOnce(Cut cut, Sabotage sabotage, SessionFactory sessions) throws Exception {
        Error error = new StackOverflowError("in a test");
        Session session = sessions.openSession();
        Transaction transaction = session.beginTransaction();
        sabotage.arm(method(cut), error);
        Throwable seen = catchThrowable(() -> {
            Login login = session.find(Login.class, "alice");
            login.logins++;
            session.flush();
            transaction.commit();
        });
        assertThat(root(seen)).isSameAs(error);
        Throwable rolledBack = catchThrowable(() -> {
            if (transaction.getStatus().canRollback()) {
                transaction.rollback();
            }
        });
        if (cut == Cut.COMMIT) {
            assertThat(SqlState.of(rolledBack)).isEqualTo("08007");
        } else {
            assertThat(rolledBack).isNull();
        }
        assertThatCode(session::close).doesNotThrowAnyException();
    }

    private static Throwable root(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nobodyBehindAnOverflowSeesAnythingOfIt(boolean preflight) throws Exception {
        SessionFactory[] sessions = new SessionFactory[1];
        try {
            OverflowSweepTest.sweep(SERVER, preflight, dataSource -> {
                if (sessions[0] == null) {
                    sessions[0] = sessions(dataSource);
                }
                try (Session session = sessions[0].openSession()) {
                    Transaction transaction = session.beginTransaction();
                    try {
                        Login login = session.find(Login.class, "alice");
                        OverflowSweepTest.right(login.username.equals("alice"));
                        login.logins++;
                        session.flush();
                    } finally {
                        transaction.rollback();
                    }
                }
            });
        } finally {
            sessions[0].close();
        }
    }

    /** The owner was judged lost, and comes back: it is told, and its clean-up does not hide what it was told. */
    @Test
    void aRevokedLeaseIsToldOnceAndCleanedUpInSilence() throws Exception {
        try (GuardedPool pool = GuardedPool.on(
                        SERVER,
                        config -> config.table(
                                "user_login_info", rule -> rule.idleBlockerTimeout(Duration.ofSeconds(1))));
                SessionFactory sessions = sessions(pool.guarded)) {
            Session session = sessions.openSession();
            Transaction transaction = session.beginTransaction();
            session.find(Login.class, "alice").logins++;
            session.flush();
            pool.login("alice").get();
            pool.awaitIncident(OutcomeKind.HEALED);
            Throwable seen = catchThrowable(transaction::commit);
            assertThat(SqlState.of(seen)).isEqualTo("40000");
            assertThatCode(session::close).doesNotThrowAnyException();
            assertThat(pool.logins("alice")).isEqualTo(1);
            pool.assertAllSlotsBack();
        }
    }
}
