@NullMarked
package io.pgheal.demo.orgchart;

import org.jspecify.annotations.NullMarked;
