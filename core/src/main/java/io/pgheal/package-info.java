/**
 * The public API and the whole flow: a data source that guards another one, its configuration, and the cycle
 * that runs the stages (track, detect, diagnose, decide, heal, report) one after the other.
 */
@NullMarked
package io.pgheal;

import org.jspecify.annotations.NullMarked;
