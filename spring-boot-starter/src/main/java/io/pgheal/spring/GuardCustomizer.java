package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;

/** Adds to a guard what depends on an optional part of the class path. */
@FunctionalInterface
interface GuardCustomizer {
    void customize(SelfHealingDataSource.Builder guard);
}
