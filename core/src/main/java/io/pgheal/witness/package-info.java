/**
 * The garbage collector as witness: whether any code can still come back to a connection.
 */
@NullMarked
package io.pgheal.witness;

import org.jspecify.annotations.NullMarked;
