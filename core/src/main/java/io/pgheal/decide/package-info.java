/**
 * Turns diagnoses into decisions: what pgheal may do, or why it leaves the session alone, as pure functions of immutable
 * values.
 */
@NullMarked
package io.pgheal.decide;

import org.jspecify.annotations.NullMarked;
