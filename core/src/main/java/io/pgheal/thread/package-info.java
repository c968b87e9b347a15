/** The threads that the data sources of a process share. */
@NullMarked
package io.pgheal.thread;

import org.jspecify.annotations.NullMarked;
