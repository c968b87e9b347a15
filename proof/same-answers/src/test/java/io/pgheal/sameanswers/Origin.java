package io.pgheal.sameanswers;

import io.pgheal.testserver.Login;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;

/** Where an object comes from: what was made on the way to it, from the connection on. */
final class Origin implements AutoCloseable {
    private final Way way;
    private final boolean guarded;
    private final Login login;
    private final Lender lender;
    private final Map<String, AutoCloseable> parents = new LinkedHashMap<>();
    private final Deque<AutoCloseable> others = new ArrayDeque<>();

    Origin(Way way, boolean guarded, Login login, Lender lender) {
        this.way = way;
        this.guarded = guarded;
        this.login = login;
        this.lender = lender;
    }

    Connection connection() throws SQLException {
        return lender.connection();
    }

    /** A data source that no other call has. */
    DataSource newDataSource() {
        Lender another = way.open(login, guarded);
        others.push(another);
        return another.source;
    }

    /** Something on the way to the object, which can be closed before the object is used. */
    <T extends AutoCloseable> T parent(String name, T parent) {
        parents.put(name, parent);
        others.push(parent);
        return parent;
    }

    Map<String, AutoCloseable> parents() {
        return parents;
    }

    @Override
    public void close() {
        for (AutoCloseable each : others) {
            try {
                each.close();
            } catch (Exception e) {
                // a call may have closed or broken it
            }
        }
    }
}
