package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.util.ByteStreamWriter;

/** An export: the rows of one statement are the parameter of another one, on the same connection. */
class StreamParameterTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String ALL = "alice\nbob\ncarol\n";

    enum Given {
        STREAM,
        STREAM_OF_ANY_LENGTH,
        READER,
        WRITER
    }

    private static final class Rows extends InputStream {
        private final ResultSet rows;
        private byte[] now = {};
        private int at;

        Rows(ResultSet rows) {
            this.rows = rows;
        }

        @Override
        public int read() throws IOException {
            try {
                while (at == now.length) {
                    if (!rows.next()) {
                        return -1;
                    }
                    now = (rows.getString(1) + "\n").getBytes(StandardCharsets.US_ASCII);
                    at = 0;
                }
                return now[at++];
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }
    }

    private record Written(InputStream rows, int length) implements ByteStreamWriter {
        @Override
        public int getLength() {
            return length;
        }

        @Override
        public void writeTo(ByteStreamTarget target) throws IOException {
            rows.transferTo(target.getOutputStream());
        }
    }

    private static void give(Given given, PreparedStatement insert, InputStream rows) throws SQLException {
        int length = ALL.length();
        switch (given) {
            case STREAM -> insert.setBinaryStream(1, rows, length);
            case STREAM_OF_ANY_LENGTH -> insert.setBinaryStream(1, rows);
            case READER -> insert.setCharacterStream(1, new InputStreamReader(rows, StandardCharsets.US_ASCII));
            case WRITER -> insert.setObject(1, new Written(rows, length));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aParameterMayReadRowsOfItsOwnConnection(Given given) throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            try (Connection connection = pool.guarded.getConnection()) {
                connection.setAutoCommit(false);
                String type = given == Given.READER ? "text" : "bytea";
                Sql.run(connection, "CREATE TEMPORARY TABLE export (data " + type + ")");
                try (Statement select = connection.createStatement();
                        ResultSet rows = select.executeQuery("SELECT username FROM user_login_info ORDER BY username");
                        PreparedStatement insert = connection.prepareStatement("INSERT INTO export VALUES (?)")) {
                    give(given, insert, new Rows(rows));
                    assertThat(insert.executeUpdate()).isOne();
                }
                connection.commit();
                try (Statement select = connection.createStatement();
                        ResultSet row = select.executeQuery("SELECT data FROM export")) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getBytes(1))
                            .asString(StandardCharsets.US_ASCII)
                            .isEqualTo(ALL);
                }
                connection.rollback();
            }
            assertThat(pool.guarded.healer().quarantined()).isZero();
            pool.assertAllSlotsBack();
        }
    }
}
