@NullMarked
package io.pgheal.demo.status;

import org.jspecify.annotations.NullMarked;
