@NullMarked
package io.pgheal.demo.faults;

import org.jspecify.annotations.NullMarked;
