@NullMarked
package io.pgheal.demo.database;

import org.jspecify.annotations.NullMarked;
