package io.pgheal.postgres;

import java.util.Objects;
import org.postgresql.core.BaseConnection;
import org.postgresql.util.HostSpec;

/** Where a connection went to: one of the hosts that its URL names, or a pooler. */
public record ServerAddress(String host, int port) {
    public ServerAddress {
        Objects.requireNonNull(host, "host");
    }

    static ServerAddress of(BaseConnection connection) {
        HostSpec spec = connection.getQueryExecutor().getHostSpec();
        return new ServerAddress(spec.getHost(), spec.getPort());
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : '[' + host + ']') + ':' + port;
    }
}
