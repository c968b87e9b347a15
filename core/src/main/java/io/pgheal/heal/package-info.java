/**
 * Turns decisions into outcomes: one remedy at a time for a backend, the gentlest first, within a budget, until its effect
 * is seen.
 */
@NullMarked
package io.pgheal.heal;

import org.jspecify.annotations.NullMarked;
