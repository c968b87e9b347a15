/**
 * Turns symptoms and the server's view into diagnoses: what is wrong, and on what evidence, as pure functions of immutable
 * values.
 */
@NullMarked
package io.pgheal.diagnose;

import org.jspecify.annotations.NullMarked;
