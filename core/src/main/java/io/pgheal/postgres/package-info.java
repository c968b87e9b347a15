/**
 * Everything that is asked of the server, and all the SQL: backends and transactions by identity, who waits for
 * whom, SQLSTATEs, and what the server and our role on it allow.
 */
@NullMarked
package io.pgheal.postgres;

import org.jspecify.annotations.NullMarked;
