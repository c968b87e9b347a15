/**
 * Guards every data source of a Spring Boot application, on Boot 3 and 4 alike.
 */
@NullMarked
package io.pgheal.spring;

import org.jspecify.annotations.NullMarked;
