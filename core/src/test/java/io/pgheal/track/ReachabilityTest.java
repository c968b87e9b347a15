package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.Garbage;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReachabilityTest {
    @ParameterizedTest
    @ValueSource(strings = {"statement", "result set", "metadata", "metadata result", "blob"})
    void whatWasMadeThroughAHandleKeepsItReachable(String kind) throws Exception {
        Lease lease = Leases.lease(new Raw(), new Raw(), new Leases.TestPool());
        WeakReference<?>[] handle = new WeakReference<?>[1];
        Object held = make(kind, lease, handle);
        collectSomethingElse();
        assertThat(handle[0].refersTo(null)).isFalse();
        Reference.reachabilityFence(held);
        held = null;
        Garbage.collectUntil(() -> handle[0].refersTo(null));
        Reference.reachabilityFence(lease);
    }

    /** No code gets from these to the connection. */
    @ParameterizedTest
    @ValueSource(strings = {"result set metadata", "parameter metadata", "xml"})
    void aMereValueDoesNot(String kind) throws Exception {
        Lease lease = Leases.lease(new Raw(), new Raw(), new Leases.TestPool());
        WeakReference<?>[] handle = new WeakReference<?>[1];
        Object held = make(kind, lease, handle);
        Garbage.collectUntil(() -> handle[0].refersTo(null));
        Reference.reachabilityFence(held);
    }

    private static Object make(String kind, Lease lease, WeakReference<?>[] handle) throws Exception {
        Connection connection = new ConnectionHandle(lease);
        handle[0] = new WeakReference<>(connection);
        return switch (kind) {
            case "statement" -> connection.createStatement();
            case "result set" -> connection.prepareStatement("select 1").executeQuery();
            case "result set metadata" ->
                connection.prepareStatement("select 1").executeQuery().getMetaData();
            case "metadata" -> connection.getMetaData();
            case "metadata result" -> connection.getMetaData().getTables(null, null, null, null);
            case "parameter metadata" -> connection.prepareStatement("select 1").getParameterMetaData();
            case "xml" -> connection.createSQLXML();
            default -> connection.createBlob();
        };
    }

    /** What nothing holds is gone, so what is still there is held. */
    private static void collectSomethingElse() {
        var control = Stream.generate(() -> new WeakReference<>(new Object()))
                .limit(3)
                .toList();
        Garbage.collectUntil(() -> control.stream().allMatch(each -> each.refersTo(null)));
    }
}
