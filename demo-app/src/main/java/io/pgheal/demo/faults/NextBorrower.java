package io.pgheal.demo.faults;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/** Runs queries whose results are known beforehand: a wrong result can come only from the connection. */
class NextBorrower {

    private static final int PATIENCE_MILLIS = (int) TimeUnit.SECONDS.toMillis(2);

    private final DataSource dataSource;

    NextBorrower(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    Question question(int number) {
        return number % 2 == 0 ? echo() : count();
    }

    private static Question echo() {
        String word = "word-" + ThreadLocalRandom.current().nextInt(1_000_000);
        return new Question("What is '" + word + "'?", word, statement -> {
            try (ResultSet rows = statement.executeQuery("SELECT '" + word + "'")) {
                return rows.next() ? rows.getString(1) : "no row";
            }
        });
    }

    private static Question count() {
        String update = "UPDATE employees SET full_name = full_name" + " WHERE username IN ('alice', 'bob', 'carol')";
        return new Question(
                "Update three rows: how many are changed?",
                "3",
                statement -> String.valueOf(statement.executeUpdate(update)));
    }

    interface Query {
        String run(Statement statement) throws SQLException;
    }

    record Question(String text, String expected, Query query) {}

    String ask(Question question) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            // The second half of a response may never arrive.
            connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
            try (Statement statement = connection.createStatement()) {
                return question.query().run(statement);
            }
        }
    }
}
