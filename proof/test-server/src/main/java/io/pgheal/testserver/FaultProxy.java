package io.pgheal.testserver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A network that fails on demand: listens on the loopback address and forwards each connection to a server.
 *
 * <p>While the network is {@link #silence() silent} or {@link #cut(Direction) cut}, nothing is lost: what was sent arrives
 * after {@link #heal()}, late, as TCP would send it again. What was {@link #forget() forgotten} never arrives, and its end
 * is not told either: that is what a NAT does to a connection that was idle for too long. Thread-safe; its threads are
 * daemons, and end with {@link #close()}.
 */
public final class FaultProxy implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("(jdbc:postgresql://)([^:/,]+):(\\d+)/(.*)");
    private static final AtomicLong NUMBER = new AtomicLong();

    private volatile InetSocketAddress server;
    private final String name = "fault-proxy-" + NUMBER.incrementAndGet();
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final AtomicLong accepted = new AtomicLong();
    private final int port;
    private final Object lock = new Object();

    // Guarded by lock.
    private final Set<Direction> cut = ConcurrentHashMap.newKeySet();
    private ServerSocket listener;
    private boolean closed;

    private volatile Duration delay = Duration.ZERO;

    /** Where bytes flow to. */
    public enum Direction {
        TO_SERVER,
        TO_CLIENT
    }

    private FaultProxy(String host, int port) throws IOException {
        this.server = new InetSocketAddress(host, port);
        this.listener = listen(0);
        this.port = listener.getLocalPort();
        accept(listener);
    }

    /** In front of the server that the JDBC URL names: one host, with its port. */
    public static FaultProxy to(String jdbcUrl) throws IOException {
        Matcher address = parse(jdbcUrl);
        return new FaultProxy(address.group(2), Integer.parseInt(address.group(3)));
    }

    private static Matcher parse(String jdbcUrl) {
        Matcher address = ADDRESS.matcher(jdbcUrl);
        if (!address.matches()) {
            throw new IllegalArgumentException("not a JDBC URL with one host and a port: " + jdbcUrl);
        }
        return address;
    }

    /** The same database, by the way of this proxy. */
    public String url(String jdbcUrl) {
        Matcher address = parse(jdbcUrl);
        return address.group(1) + "127.0.0.1:" + port + "/" + address.group(4);
    }

    public int port() {
        return port;
    }

    /** Connections that are open now. */
    public int connections() {
        return links.size();
    }

    /** Connections that were made since the start. */
    public long accepted() {
        return accepted.get();
    }

    /** Ends every connection with a TCP reset, on both sides; new ones are accepted. */
    public void reset() {
        links.forEach(Link::reset);
    }

    /** Refuses new connections; those that are open live on. */
    public void refuse() {
        synchronized (lock) {
            quietly(listener);
        }
    }

    /** Forwards nothing any more, in no direction, and closes nothing. New connections are accepted, and silent too. */
    public void silence() {
        synchronized (lock) {
            cut.addAll(Set.of(Direction.values()));
        }
    }

    /** The same in one direction. */
    public void cut(Direction direction) {
        synchronized (lock) {
            cut.add(direction);
        }
    }

    /** Each piece of data arrives so much later. */
    public void delay(Duration time) {
        delay = time;
    }

    /** The connections that are open now are silent for ever; new ones work. */
    public void forget() {
        links.forEach(link -> link.forgotten = true);
    }

    /** New connections go to the server that this JDBC URL names: as after a change of a DNS entry or a virtual address. */
    public void redirect(String jdbcUrl) {
        Matcher address = parse(jdbcUrl);
        server = new InetSocketAddress(address.group(2), Integer.parseInt(address.group(3)));
    }

    /** Ends every fault. What was held back arrives now. */
    public void heal() {
        delay = Duration.ZERO;
        synchronized (lock) {
            cut.clear();
            lock.notifyAll();
            if (listener.isClosed() && !closed) {
                try {
                    listener = listen(port);
                } catch (IOException e) {
                    throw new UncheckedIOException("the proxy's port is taken meanwhile: " + port, e);
                }
                accept(listener);
            }
        }
    }

    /** Ends the connections, the listener and every thread. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            quietly(listener);
            lock.notifyAll();
        }
        reset();
        boolean interrupted = false;
        while (!threads.isEmpty()) { // one that is ending may have started another
            for (Thread thread : threads) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            forgetThoseThatEnded();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static ServerSocket listen(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return socket;
    }

    private void accept(ServerSocket from) {
        start("accept", () -> {
            while (!from.isClosed()) {
                try {
                    Socket client = from.accept();
                    if (from.isClosed()) { // the last accept may still get one that came after it was closed
                        abort(client);
                        return;
                    }
                    accepted.incrementAndGet();
                    start("connect", () -> connect(client));
                } catch (IOException closedOrRefused) {
                    // the loop ends when it is closed
                }
            }
        });
    }

    private void connect(Socket client) {
        try {
            if (!awaitFlow(Direction.TO_SERVER, null)) {
                abort(client);
                return;
            }
            Socket there = new Socket();
            there.connect(server);
            client.setTcpNoDelay(true);
            there.setTcpNoDelay(true);
            Link link = new Link(client, there);
            links.add(link);
            synchronized (lock) {
                if (closed) {
                    link.reset();
                    return;
                }
            }
            start("to-client", () -> link.pump(there, client, Direction.TO_CLIENT));
            link.pump(client, there, Direction.TO_SERVER);
        } catch (IOException noServer) {
            abort(client);
        }
    }

    private void start(String what, Runnable work) {
        Thread thread = new Thread(work, name + "-" + what);
        thread.setDaemon(true);
        forgetThoseThatEnded();
        threads.add(thread);
        thread.start();
    }

    /** Never by the thread itself: whoever closes the proxy would not wait for the rest of its way out. */
    private void forgetThoseThatEnded() {
        threads.removeIf(thread -> thread.getState() == Thread.State.TERMINATED);
    }

    /** @return false when there is nothing to wait for any more */
    private boolean awaitFlow(Direction direction, @Nullable Link link) {
        synchronized (lock) {
            while (!closed && cut.contains(direction) && (link == null || !link.ended)) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    return false; // nobody interrupts them but the end of the JVM
                }
            }
            return !closed && (link == null || !link.ended);
        }
    }

    private static void quietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception alreadyClosed) {
            // as wanted
        }
    }

    private static void abort(Socket socket) {
        try {
            socket.setSoLinger(true, 0); // the close is a reset then
        } catch (SocketException alreadyClosed) {
            // as wanted
        }
        quietly(socket);
    }

    /** One connection through the proxy. */
    private final class Link {
        private final Socket client;
        private final Socket there;
        private volatile boolean forgotten;
        private volatile boolean ended;
        private int halvesEnded; // guarded by this

        Link(Socket client, Socket there) {
            this.client = client;
            this.there = there;
        }

        void pump(Socket from, Socket to, Direction direction) {
            byte[] piece = new byte[16 * 1024];
            try {
                while (true) {
                    int length = from.getInputStream().read(piece);
                    if (forgotten) {
                        if (length < 0) {
                            return; // and nobody is told
                        }
                        continue;
                    }
                    long arrived = System.nanoTime();
                    for (long left = delay.toNanos(); left > 0; left = arrived + delay.toNanos() - System.nanoTime()) {
                        LockSupport.parkNanos(left); // it may come back sooner
                    }
                    if (!awaitFlow(direction, this)) {
                        return;
                    }
                    if (length < 0) {
                        endHalf(to);
                        return;
                    }
                    to.getOutputStream().write(piece, 0, length);
                }
            } catch (IOException reset) {
                if (!forgotten && awaitFlow(direction, this)) {
                    reset();
                }
            }
        }

        private synchronized void endHalf(Socket to) throws IOException {
            if (++halvesEnded == 2) {
                end();
                quietly(client);
                quietly(there);
            } else {
                to.shutdownOutput();
            }
        }

        void reset() {
            end();
            abort(client);
            abort(there);
        }

        private void end() {
            links.remove(this);
            synchronized (lock) {
                ended = true;
                lock.notifyAll();
            }
        }
    }
}
