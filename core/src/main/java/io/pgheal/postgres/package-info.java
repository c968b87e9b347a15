/**
 * Everything that pgheal asks of PostgreSQL, and all of its SQL.
 *
 * <p>Three rules hold for every statement in this package: whatever it names is qualified with {@code pg_catalog}, so that
 * no {@code search_path} can substitute another function; values travel as bind parameters only; and it runs in
 * auto-commit, because {@code pg_stat_activity} is frozen for the length of a transaction and a kill that is judged by a
 * frozen row hits an innocent transaction.
 */
@NullMarked
package io.pgheal.postgres;

import org.jspecify.annotations.NullMarked;
