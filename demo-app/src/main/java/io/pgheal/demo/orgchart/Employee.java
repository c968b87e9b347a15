package io.pgheal.demo.orgchart;

import org.jspecify.annotations.Nullable;

record Employee(String username, String fullName, @Nullable String manager) {}
