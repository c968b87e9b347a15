/** The API for users: the data source that guards another one, its configuration, the retry, and the acts of operators. */
@NullMarked
package io.pgheal;

import org.jspecify.annotations.NullMarked;
