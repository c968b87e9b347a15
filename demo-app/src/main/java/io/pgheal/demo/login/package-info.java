@NullMarked
package io.pgheal.demo.login;

import org.jspecify.annotations.NullMarked;
