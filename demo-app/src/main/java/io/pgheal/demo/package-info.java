/**
 * The login application of the story, with the fault in it.
 */
@NullMarked
package io.pgheal.demo;

import org.jspecify.annotations.NullMarked;
