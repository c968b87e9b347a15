package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;

/** Adds to a guard the features that depend on an optional part of the class path. */
@FunctionalInterface
interface GuardCustomizer {
    void customize(SelfHealingDataSource.Builder guard);
}
