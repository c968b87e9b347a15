package io.pgheal.cycle;

import io.pgheal.heal.Healer;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.ServerAddress;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers of the leases, each with a control connection where one reaches the server. The first control connection is
 * opened at the start, others as soon as the pool has connected to a further host of its URL. Thread-safe.
 */
final class Servers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Servers.class);
    private static final int OTHERS_AT_MOST = 8;
    private static final int NEWS_KEPT = 64;
    private static final Duration RENEWED_AT_MOST_EVERY = Duration.ofSeconds(10);

    private final String dataSource;
    private final ConnectionOpener opener;
    private final Ticker ticker;
    private final Duration escalationInterval;
    private final Logger channelLog;
    private final Reach home;
    private final Map<ServerAddress, Reach> others = new ConcurrentHashMap<>();
    private final Queue<PhysicalIdentity> news = new ArrayBlockingQueue<>(NEWS_KEPT);
    private boolean closed; // guarded by this
    private boolean disconnected; // guarded by this

    Servers(String dataSource, ConnectionOpener opener, Ticker ticker, Duration escalationInterval) {
        this(dataSource, opener, ticker, escalationInterval, ControlChannel.LOG);
    }

    /** @param channelLog where the control connections tell of themselves */
    Servers(String dataSource, ConnectionOpener opener, Ticker ticker, Duration escalationInterval, Logger channelLog) {
        this.dataSource = dataSource;
        this.channelLog = channelLog;
        this.opener = opener;
        this.ticker = ticker;
        this.escalationInterval = escalationInterval;
        this.home = new Reach(new ControlChannel(dataSource, "control", opener, channelLog));
    }

    /** One server that a control connection reaches, with its questions and its healer. */
    final class Reach {
        final ControlChannel channel;
        final Questions questions;
        final Healer healer;
        private volatile long useful = ticker.nanos();

        private Reach(ControlChannel channel) {
            this.channel = channel;
            this.questions = new Questions(channel, ticker);
            this.healer = new Healer(channel, ticker, escalationInterval);
        }

        private boolean leadsTo(ServerIdentity server) {
            if (channel.server()
                    .filter(there -> there.identity().equals(server))
                    .isEmpty()) {
                return false;
            }
            useful = ticker.nanos();
            return true;
        }

        /**
         * Reconnects if the connection leads to a server where no lease was seen for a while: a lease at its address is on
         * another server.
         */
        private synchronized void follow() {
            if (channel.server().isPresent() && ticker.nanos() - useful >= RENEWED_AT_MOST_EVERY.toNanos()) {
                useful = ticker.nanos();
                LOG.info(
                        "[{}] the address of the control connection leads to another server now: it follows",
                        dataSource);
                channel.renew();
            }
        }
    }

    void start() {
        home.channel.start();
    }

    /** The control connection that is opened at the start: it also answers operators. */
    ControlChannel home() {
        return home.channel;
    }

    List<Reach> all() {
        List<Reach> all = new ArrayList<>(others.values());
        all.add(0, home);
        return all;
    }

    /**
     * Where the lease's server can be asked; if nowhere, a server with another identity, on which the healer signals
     * nothing.
     */
    Reach of(LeaseSnapshot lease) {
        PhysicalIdentity identity = lease.physical().identity();
        return identity == null ? home : reach(identity);
    }

    /**
     * Notes a new physical connection of the pool. Called by the application's thread, which starts no thread here: {@link
     * #watch} does the rest. If too many are noted, the server is looked for when a lease is judged.
     */
    void seen(PhysicalIdentity identity) {
        news.offer(identity);
    }

    private Reach reach(PhysicalIdentity identity) {
        for (Reach reach : all()) {
            if (reach.leadsTo(identity.server())) {
                return reach;
            }
        }
        Optional<ControlChannel.Server> there = home.channel.server();
        if (there.isPresent()) {
            if (there.get().address().equals(identity.address())) {
                home.follow();
            } else {
                open(identity.address());
            }
        }
        return home;
    }

    private synchronized void open(ServerAddress address) {
        Reach known = others.get(address);
        if (known != null) {
            known.follow();
            return;
        }
        Optional<ConnectionOpener> way = others.size() < OTHERS_AT_MOST ? opener.at(address) : Optional.empty();
        if (closed || disconnected || way.isEmpty()) {
            return;
        }
        Reach reach = new Reach(new ControlChannel(dataSource, "control-" + address, way.get(), channelLog));
        others.put(address, reach);
        reach.channel.start();
    }

    /** For the healing loop, at each look. */
    void watch(long now) {
        for (PhysicalIdentity each = news.poll(); each != null; each = news.poll()) {
            reach(each);
        }
        home.channel.watch(now);
        others.values().forEach(reach -> reach.channel.watch(now));
    }

    /** Why the healer is blind, or empty. */
    String trouble() {
        return home.channel.server().isEmpty() ? home.channel.trouble() : "";
    }

    List<String> shortcomings() {
        return all().stream()
                .flatMap(reach -> reach.channel.server().stream())
                .flatMap(server -> server.shortcomings().stream())
                .distinct()
                .toList();
    }

    long asked() {
        return all().stream().mapToLong(reach -> reach.channel.asked()).sum();
    }

    long connects() {
        return all().stream().mapToLong(reach -> reach.channel.connects()).sum();
    }

    long losses() {
        return all().stream().mapToLong(reach -> reach.channel.losses()).sum();
    }

    void disconnect() {
        disconnected(true);
        all().forEach(reach -> reach.channel.pause());
    }

    void reconnect() {
        disconnected(false);
        all().forEach(reach -> reach.channel.resume());
    }

    private synchronized void disconnected(boolean now) {
        disconnected = now;
    }

    @Override
    public synchronized void close() {
        closed = true;
        all().forEach(reach -> reach.channel.close());
    }
}
