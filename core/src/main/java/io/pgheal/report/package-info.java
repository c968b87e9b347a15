/** Turns outcomes into incidents: keeps, logs and measures them, and publishes them to listeners. */
@NullMarked
package io.pgheal.report;

import org.jspecify.annotations.NullMarked;
