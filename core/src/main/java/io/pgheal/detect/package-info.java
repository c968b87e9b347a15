/** Turns leases into symptoms: what looks wrong, as pure functions of immutable values. */
@NullMarked
package io.pgheal.detect;

import org.jspecify.annotations.NullMarked;
