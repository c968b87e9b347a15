package io.pgheal.track;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.AccessTarget.ConstructorCallTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which methods of the driver may talk to the server: by its compiled code, those from which calls lead to the stream of
 * the protocol. A call of an interface or a class of the driver, or of JDBC, may lead to each of its subclasses; a call of
 * any other class of Java leads nowhere.
 */
final class ReachesServer {
    private static final String STREAM = "org.postgresql.core.PGStream";

    /**
     * Steps that the driver takes only of values in binary form, whose types it knows, and never from the callers named:
     * those have looked at the form before, and go this way with text only.
     */
    private static final Set<String> TEXT_ONLY = Set.of(
            "PgResultSet.getFixedString -> PgResultSet.getString",
            "PgResultSet.getBoolean -> PgResultSet.getString",
            "PgResultSet.getByte -> PgResultSet.getString");

    private final JavaClasses driver;
    /** From each method those that call it. */
    private final Map<JavaCodeUnit, Set<JavaCodeUnit>> callers;
    /** From each that may talk to the server the next one on its way there; from the stream's own, nothing. */
    private final Map<JavaCodeUnit, Optional<JavaCodeUnit>> next = new HashMap<>();

    ReachesServer() {
        this(new ClassFileImporter().importPackages("org.postgresql"));
    }

    private ReachesServer(JavaClasses driver) {
        this(driver, callers(driver), TEXT_ONLY);
    }

    private ReachesServer(JavaClasses driver, Map<JavaCodeUnit, Set<JavaCodeUnit>> callers, Set<String> leftOut) {
        this.driver = driver;
        this.callers = callers;
        Deque<JavaCodeUnit> found = new ArrayDeque<>();
        for (JavaCodeUnit callee : callers.keySet()) {
            if (isStream(callee)) {
                next.put(callee, Optional.empty());
                found.add(callee);
            }
        }
        while (!found.isEmpty()) {
            JavaCodeUnit callee = found.poll();
            for (JavaCodeUnit caller : callers.getOrDefault(callee, Set.of())) {
                if (!leftOut.contains(named(caller) + " -> " + named(callee))
                        && next.putIfAbsent(caller, Optional.of(callee)) == null) {
                    found.add(caller);
                }
            }
        }
    }

    private static Map<JavaCodeUnit, Set<JavaCodeUnit>> callers(JavaClasses driver) {
        Map<String, Set<JavaCodeUnit>> bySignature = new HashMap<>();
        Stream<JavaMethod> methods = driver.stream()
                .filter(type -> type.getName().startsWith("org.postgresql."))
                .flatMap(type -> type.getMethods().stream());
        methods.forEach(method -> bySignature
                .computeIfAbsent(
                        signature(method.getName(), method.getRawParameterTypes()), it -> new LinkedHashSet<>())
                .add(method));
        Map<JavaCodeUnit, Set<JavaCodeUnit>> callers = new LinkedHashMap<>();
        for (JavaClass type : driver) {
            for (JavaCodeUnit unit : type.getCodeUnits()) {
                Stream.concat(unit.getCallsFromSelf().stream(), unit.getCodeUnitReferencesFromSelf().stream())
                        .flatMap(it -> targets(it, bySignature).stream())
                        .forEach(target -> callers.computeIfAbsent(target, it -> new LinkedHashSet<>())
                                .add(unit));
            }
        }
        return callers;
    }

    /** The same without these steps, each {@code Class.caller -> Class.callee}: only a way that takes none of them is left. */
    ReachesServer without(Set<String> steps) {
        Set<String> leftOut = new HashSet<>(TEXT_ONLY);
        leftOut.addAll(steps);
        return new ReachesServer(driver, callers, leftOut);
    }

    /** By which steps this class of the driver gets from a method of JDBC to the server; empty if it does not. */
    List<String> path(String type, Method method) {
        String[] parameters =
                Arrays.stream(method.getParameterTypes()).map(Class::getName).toArray(String[]::new);
        JavaCodeUnit at = driver.get(type).getAllMethods().stream()
                .filter(it -> it.getOwner().getName().startsWith("org.postgresql."))
                .filter(it -> it.getName().equals(method.getName()))
                .filter(it -> Arrays.equals(
                        it.getRawParameterTypes().stream()
                                .map(JavaType::getName)
                                .toArray(String[]::new),
                        parameters))
                .findFirst()
                .orElse(null);
        if (at == null && !method.isDefault()) {
            throw new AssertionError(type + " has no " + method);
        }
        List<String> steps = new ArrayList<>();
        while (at != null && next.containsKey(at)) {
            steps.add(named(at));
            at = next.get(at).orElse(null);
        }
        return steps;
    }

    /** The names of the methods of these interfaces that a class calls, or a class within it. */
    Set<String> calls(String caller, Class<?>... called) {
        Set<String> names = new TreeSet<>();
        for (JavaClass type : driver) {
            if (type.getName().equals(caller) || type.getName().startsWith(caller + "$")) {
                Stream.concat(type.getMethodCallsFromSelf().stream(), type.getMethodReferencesFromSelf().stream())
                        .filter(it -> Arrays.stream(called)
                                .anyMatch(each -> it.getTargetOwner().isEquivalentTo(each)))
                        .forEach(it -> names.add(it.getName()));
            }
        }
        return names;
    }

    private static boolean isStream(JavaCodeUnit unit) {
        return unit.getOwner().getName().equals(STREAM)
                && (unit.getName().startsWith("receive")
                        || unit.getName().startsWith("send")
                        || unit.getName().equals("flush"));
    }

    private static String named(JavaCodeUnit unit) {
        return unit.getOwner().getSimpleName() + "." + unit.getName();
    }

    private static Set<JavaCodeUnit> targets(JavaAccess<?> access, Map<String, Set<JavaCodeUnit>> bySignature) {
        CodeUnitAccessTarget target = (CodeUnitAccessTarget) access.getTarget();
        Set<JavaCodeUnit> targets = new LinkedHashSet<>();
        target.resolveMember().ifPresent(targets::add);
        String owner = target.getOwner().getName();
        if (!(target instanceof ConstructorCallTarget)
                && (owner.startsWith("org.postgresql.") || owner.startsWith("java.sql."))) {
            bySignature.getOrDefault(signature(target.getName(), target.getRawParameterTypes()), Set.of()).stream()
                    .filter(it -> it.getOwner().isAssignableTo(owner))
                    .forEach(targets::add);
        }
        return targets;
    }

    private static String signature(String name, List<JavaClass> parameters) {
        return name + parameters.stream().map(JavaClass::getName).toList();
    }
}
