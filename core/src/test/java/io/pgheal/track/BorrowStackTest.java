package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** This package counts as infrastructure; {@link java.util.concurrent} too. */
class BorrowStackTest {
    /** Stands for the application: any class outside pgheal's packages would do, this is the nearest. */
    private static BorrowStack borrowedByTheApplication(int frames) {
        return io.pgheal.application.Borrower.borrow(frames, () -> BorrowStack.capture(3));
    }

    @Test
    void keepsTheInnermostFramesOfTheApplication() {
        BorrowStack stack = borrowedByTheApplication(10);
        assertThat(stack.lines())
                .hasSize(3)
                .allMatch(line -> line.startsWith("io.pgheal.application.Borrower.borrow("));
    }

    @Test
    void findsThemUnderAFrameworkOfAnyHeight() {
        assertThat(underAFramework(300).lines().subList(0, 2))
                .allMatch(line -> line.startsWith("io.pgheal.application.Borrower.borrow("));
    }

    private static BorrowStack underAFramework(int height) {
        return height == 0 ? borrowedByTheApplication(2) : underAFramework(height - 1);
    }

    @Test
    void withoutTheApplicationTheInnermostFramesThatAreNotBelowTheBorrower() throws Exception {
        BorrowStack stack =
                CompletableFuture.supplyAsync(() -> BorrowStack.capture(3)).get();
        assertThat(stack.lines()).noneMatch(line -> line.startsWith("java."));
    }

    @Test
    void offMeansNone() {
        BorrowStack stack = BorrowStack.capture(0);
        assertThat(stack.lines()).isEmpty();
    }
}
