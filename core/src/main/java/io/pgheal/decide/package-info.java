/**
 * From diagnoses to decisions: what may be done about it, or why it is left alone, as pure functions of
 * immutable values.
 */
@NullMarked
package io.pgheal.decide;

import org.jspecify.annotations.NullMarked;
