/**
 * The PostgreSQL server that the tests use: an embedded one, or a container when asked for.
 */
@NullMarked
package io.pgheal.testserver;

import org.jspecify.annotations.NullMarked;
