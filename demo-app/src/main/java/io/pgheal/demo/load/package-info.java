/** A load of logins from outside, with the fault of the story in it: a program of its own. */
@NullMarked
package io.pgheal.demo.load;

import org.jspecify.annotations.NullMarked;
