/**
 * From decisions to outcomes: one remedy at a time for a backend, the gentlest first, within a budget, and seen
 * to have worked.
 */
@NullMarked
package io.pgheal.heal;

import org.jspecify.annotations.NullMarked;
