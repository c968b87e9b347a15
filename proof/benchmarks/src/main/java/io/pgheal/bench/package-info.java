/** What pgheal costs, how quick it is, and how others do. */
@NullMarked
package io.pgheal.bench;

import org.jspecify.annotations.NullMarked;
