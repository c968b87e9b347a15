package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BorrowSitesTest {
    private final BorrowSites sites = new BorrowSites();

    @Test
    void forgetsThePlaceThatWasTouchedLongestAgo() {
        for (int i = 0; i <= 1000; i++) {
            sites.learnMove("site " + i);
        }
        assertThat(sites.moving()).hasSize(1000);
        assertThat(sites.moves("site 0")).isFalse();
        assertThat(sites.moves("site 1000")).isTrue();
    }

    @Test
    void aRefutationCountsForItsPlaceAndItsEvidence() {
        sites.learnRefutation("here", "OWNER_ENDED");
        assertThat(sites.isRefuted("here", "OWNER_ENDED")).isTrue();
        assertThat(sites.isRefuted("here", "SCOPE_ENDED")).isFalse();
        assertThat(sites.isRefuted("there", "OWNER_ENDED")).isFalse();
    }
}
