/**
 * What a user types: the data source that guards another one, its configuration, the retry, and what an operator says.
 */
@NullMarked
package io.pgheal;

import org.jspecify.annotations.NullMarked;
