/** A bank at work over a guarded pool, and an adversary that leaks, stalls, kills and cuts: the soak. */
@NullMarked
package io.pgheal.chaos;

import org.jspecify.annotations.NullMarked;
