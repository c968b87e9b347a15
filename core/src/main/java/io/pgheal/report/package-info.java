/**
 * From outcomes to incidents: kept, logged, measured, and told to whoever listens.
 */
@NullMarked
package io.pgheal.report;

import org.jspecify.annotations.NullMarked;
