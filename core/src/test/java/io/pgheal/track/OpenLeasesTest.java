package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

class OpenLeasesTest {
    private static final int MORE_THAN_THERE_ARE_PLACES = 300;

    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());
    private final OpenLeases open = new OpenLeases();

    private Lease lend(BaseConnection driver) throws Exception {
        return registry.lend(new Raw().as(Connection.class), driver).lease;
    }

    @Test
    void eachIsSeenUntilItIsRemovedAndIsRemovedOnce() throws Exception {
        List<Lease> all = new ArrayList<>();
        for (int i = 0; i < MORE_THAN_THERE_ARE_PLACES; i++) {
            Lease lease = lend(new Raw().as(BaseConnection.class));
            open.add(lease);
            all.add(lease);
        }
        assertThat(open).containsExactlyInAnyOrderElementsOf(all);
        assertThat(open.count()).isEqualTo(MORE_THAN_THERE_ARE_PLACES);
        Set<Lease> left = new HashSet<>(all);
        for (Lease lease : all) {
            assertThat(open.contains(lease)).isTrue();
            assertThat(open.remove(lease)).isTrue();
            assertThat(open.remove(lease)).isFalse();
            assertThat(open.contains(lease)).isFalse();
            left.remove(lease);
            assertThat(open.count()).isEqualTo(left.size());
        }
        assertThat(open).isEmpty();
    }

    /** Until the first has left, the pool may have lent its connection anew. */
    @Test
    void twoLeasesOfOneConnectionAreBothSeen() throws Exception {
        BaseConnection driver = new Raw().as(BaseConnection.class);
        Lease first = lend(driver);
        Lease second = lend(driver);
        assertThat(second.place()).isEqualTo(first.place());
        open.add(first);
        open.add(second);
        assertThat(open).containsExactlyInAnyOrder(first, second);
        assertThat(open.remove(first)).isTrue();
        assertThat(open).containsExactly(second);
        Lease third = lend(driver);
        open.add(third);
        assertThat(open.remove(second)).isTrue();
        assertThat(open).containsExactly(third);
    }

    @Test
    void whatIsKnownOfAConnectionIsKnownOfNoOther() throws Exception {
        Map<BaseConnection, PhysicalConnection> known = new IdentityHashMap<>();
        Set<PhysicalConnection> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < MORE_THAN_THERE_ARE_PLACES; i++) {
            BaseConnection driver = new Raw().as(BaseConnection.class);
            PhysicalConnection physical = lend(driver).physical();
            assertThat(seen.add(physical)).isTrue();
            assertThat(lend(driver).physical()).isSameAs(physical);
            known.put(driver, physical);
        }
        for (BaseConnection driver : known.keySet()) {
            assertThat(lend(driver).physical()).isSameAs(known.get(driver));
        }
    }
}
