/**
 * The whole flow, from a symptom to an incident: the loop that looks at the leases, the cycle that runs the stages (detect,
 * diagnose, decide, heal, report) one after the other, and the servers that the cycle asks.
 */
@NullMarked
package io.pgheal.cycle;

import org.jspecify.annotations.NullMarked;
