/**
 * What runs on the application's threads: every borrowed connection as a lease, its state changed only by named
 * compare-and-set moves, and the fence that keeps a revoked one from the server. The raw connection never
 * leaves this package, and its ticker is the only clock.
 */
@NullMarked
package io.pgheal.track;

import org.jspecify.annotations.NullMarked;
