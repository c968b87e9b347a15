package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * No test silently leaves all tiers: each runs in {@code verify}, or is tagged {@code thorough}, or is a program that prints
 * a table, tagged {@code table} and named where somebody finds it. Reads the sources of all modules, and writes
 * {@code core/target/tiers.txt}, from which {@code .ci/tiers} tells what took how long.
 */
class TiersTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** What surefire takes unless it is told otherwise. */
    private static final String TAKEN = "Test\\w*|\\w*(Test|Tests|TestCase)";

    /** How a pom would choose among the tests, otherwise than by the property {@code excludedGroups}. */
    private static final String CHOICE =
            "<(includes|excludes|includesFile|excludesFile|groups|excludedGroups|test|skipTests"
                    + "|maven\\.test\\.skip|includeJUnit5Engines|excludeJUnit5Engines|testSourceDirectory)[\\s/>]";

    private static final String WITH_A_LIMIT_OF_ITS_OWN = "fence-tests";

    /** By the module whose test-jar it is: the module that runs once more what is in the jar, all of it. */
    private static final Map<String, String> ON_SPRING_BOOT_4 =
            Map.of("spring-boot-starter", "spring-boot-4-tests", "neighbours", "neighbours-spring-boot-4");

    /** An annotation by which a test may not run; an assumption says why in the report. */
    private static final String SWITCH = "Disabled|ArchIgnore|(En|Dis)abledIf\\w*";

    private static final Set<String> TESTS =
            Set.of("Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate", "ArchTest");

    @Test
    void eachTestIsInATier() throws Exception {
        Set<String> lines = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        String docs = docs();
        for (TestClass test : testClasses()) {
            Set<String> tags = new HashSet<>();
            test.tiers().forEach((tier, methods) -> {
                tags.add(tier);
                lines.add(String.join("\t", tier, test.module(), test.name(), String.join(",", methods)));
                String again = ON_SPRING_BOOT_4.get(test.module());
                if (again != null) {
                    lines.add(String.join("\t", "thorough", again, test.name(), String.join(",", methods)));
                }
            });
            String simple = test.name().replaceAll(".*\\.|\\$.*", "");
            if (!Set.of("verify", "thorough", "table").containsAll(tags)) {
                wrong.add(test + " has a tag that is no tier");
            }
            if (tags.contains("table")
                    ? tags.size() > 1 || !docs.matches("(?s).*\\b" + simple + "\\b.*")
                    : !simple.matches(TAKEN)) {
                wrong.add(test + " has a name that surefire does not take, and is no table that a doc names");
            }
            if (test.outOfReach()) {
                wrong.add(
                        test + " has tests, and is disabled, abstract, among the main code, or nested without @Nested");
            }
        }
        Files.createDirectories(Path.of("target"));
        Files.write(Path.of("target/tiers.txt"), lines);
        assertThat(lines).hasSizeGreaterThan(100);
        assertThat(wrong).isEmpty();
    }

    @Test
    void eachModuleWithTestsIsBuiltAndTakesAllOfThem() throws Exception {
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        String modules = pom.substring(pom.indexOf("<modules>"), pom.indexOf("</modules>"));
        for (Path module : modules()) {
            assertThat(modules)
                    .contains("<module>" + ROOT.relativize(module).toString().replace(File.separatorChar, '/')
                            + "</module>");
            if (!module.endsWith("test-server") && !module.endsWith(WITH_A_LIMIT_OF_ITS_OWN)) {
                assertThat(Files.readString(module.resolve("pom.xml")))
                        .as("%s lacks the kit, and with it the limit of each test", module)
                        .contains("<artifactId>pgheal-test-server</artifactId>");
            }
        }
        for (Path its : files(ROOT, "pom.xml", 3)) {
            assertThat(withoutTheTag(withoutWhatIsFormatted(Files.readString(its))))
                    .as("%s chooses among its tests by itself", its)
                    .doesNotContainPattern(CHOICE);
        }
        assertThat(pom.substring(0, pom.indexOf("<profiles>"))).contains("<excludedGroups>thorough</excludedGroups>");
        String thorough = pom.substring(pom.indexOf("<id>thorough</id>"));
        thorough = thorough.substring(0, thorough.indexOf("</profile>"));
        assertThat(thorough).contains("<excludedGroups/>");
        for (Map.Entry<String, String> each : ON_SPRING_BOOT_4.entrySet()) {
            assertThat(thorough).contains("<module>proof/" + each.getValue() + "</module>");
            assertThat(Files.readString(ROOT.resolve("proof/" + each.getValue() + "/pom.xml")))
                    .contains("<dependency>io.pgheal:pgheal-" + each.getKey() + ":test-jar:tests</dependency>");
        }
    }

    /** A class with tests of its own: which methods are in which tier. */
    private record TestClass(String module, String name, boolean outOfReach, Map<String, Set<String>> tiers) {
        @Override
        public String toString() {
            return module + " " + name + " " + tiers.keySet();
        }
    }

    // ---- reading

    private static List<Path> modules() throws IOException {
        return folders().stream()
                .filter(it -> Files.exists(it.resolve("src/test/java")))
                .toList();
    }

    /** Beside the parent's pom, and in {@code proof}. */
    private static List<Path> folders() throws IOException {
        try (Stream<Path> beside = Files.list(ROOT);
                Stream<Path> proof = Files.list(ROOT.resolve("proof"))) {
            return Stream.concat(beside, proof).sorted().toList();
        }
    }

    /** Spotless chooses among sources, too, and that is no matter of tests. */
    private static String withoutWhatIsFormatted(String pom) {
        return pom.replaceAll("(?s)<java>\\s*<includes>.*?</includes>", "<java>");
    }

    /** What the parent chooses by; and what the checks of licences and of dependencies leave out. */
    private static String withoutTheTag(String pom) {
        return pom.replace("<excludedGroups>thorough</excludedGroups>", "")
                .replace("<excludedGroups/>", "")
                .replace("<excludedGroups>io\\.pgheal</excludedGroups>", "")
                .replaceAll("(?s)<requireUpperBoundDeps>.*?</requireUpperBoundDeps>", "");
    }

    private static List<Path> files(Path folder, String end) throws IOException {
        return files(folder, end, Integer.MAX_VALUE);
    }

    private static List<Path> files(Path folder, String end, int depth) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder, depth)) {
            return files.filter(it -> it.toString().endsWith(end)).toList();
        }
    }

    private static String docs() throws IOException {
        StringBuilder docs = new StringBuilder(Files.readString(ROOT.resolve("CONTRIBUTING.md")));
        for (Path file : files(ROOT.resolve("docs"), ".md")) {
            docs.append(Files.readString(file));
        }
        return docs.toString();
    }

    private static List<TestClass> testClasses() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Path folder : folders()) {
            for (Path file : files(folder.resolve("src"), ".java")) {
                String source = Files.readString(file);
                if (TESTS.stream().anyMatch(it -> source.contains("@" + it))) {
                    sources.add(file);
                }
            }
        }
        List<TestClass> found = new ArrayList<>();
        var javac = ToolProvider.getSystemJavaCompiler();
        try (var manager = javac.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            JavacTask task = (JavacTask) javac.getTask(
                    null, manager, null, List.of("-proc:none"), null, manager.getJavaFileObjectsFromPaths(sources));
            for (CompilationUnitTree unit : task.parse()) {
                Path path = ROOT.relativize(Path.of(unit.getSourceFile().toUri()));
                int module = path.startsWith("proof") ? 1 : 0;
                boolean main = !path.getName(module + 2).toString().equals("test");
                new Reader(path.getName(module).toString(), main, found)
                        .scan(unit, new Outer(unit.getPackageName() + ".", List.of()));
            }
        }
        return found;
    }

    /** What stands before a nested class: its name's beginning, and the annotations that hold for it, too. */
    private record Outer(String name, List<String> annotations) {}

    private static final class Reader extends TreeScanner<Void, Outer> {
        private final String module;
        private final boolean main;
        private final List<TestClass> found;

        Reader(String module, boolean main, List<TestClass> found) {
            this.module = module;
            this.main = main;
            this.found = found;
        }

        @Override
        public Void visitClass(ClassTree tree, Outer outer) {
            String name = outer.name() + tree.getSimpleName();
            List<String> own = annotations(tree.getModifiers());
            List<String> all =
                    Stream.concat(outer.annotations().stream(), own.stream()).toList();
            boolean outOfReach = main
                    || !tree.getKind().equals(Tree.Kind.CLASS)
                    || tree.getModifiers().getFlags().contains(Modifier.ABSTRACT)
                    || outer.name().endsWith("$") && !own.contains("Nested");
            Map<String, Set<String>> tiers = new TreeMap<>();
            for (Tree member : tree.getMembers()) {
                Set<String> annotations = new HashSet<>(all);
                String method = "";
                if (member instanceof MethodTree it) {
                    method = it.getName().toString();
                    annotations.addAll(annotations(it.getModifiers()));
                } else if (member instanceof VariableTree it) { // a rule of ArchUnit
                    method = it.getName().toString();
                    annotations.addAll(annotations(it.getModifiers()));
                }
                if (annotations.stream().anyMatch(TESTS::contains)) {
                    outOfReach |= annotations.stream().anyMatch(it -> it.matches(SWITCH));
                    tiers.computeIfAbsent(tier(annotations), tier -> new TreeSet<>())
                            .add(method);
                }
            }
            if (!tiers.isEmpty()) {
                found.add(new TestClass(module, name, outOfReach, tiers));
            }
            return super.visitClass(tree, new Outer(name + "$", all));
        }

        /** The tags as they are, so that a strange one is seen. */
        private static String tier(Set<String> annotations) {
            String tags = annotations.stream()
                    .filter(it -> it.startsWith("Tag "))
                    .map(it -> it.substring("Tag ".length()))
                    .sorted()
                    .collect(Collectors.joining("+"));
            return tags.isEmpty() ? "verify" : tags;
        }

        /** Simple names; of a tag, with what it says. */
        private static List<String> annotations(ModifiersTree modifiers) {
            List<String> found = new ArrayList<>();
            for (AnnotationTree annotation : modifiers.getAnnotations()) {
                String name = annotation.getAnnotationType().toString().replaceAll(".*\\.", "");
                found.add(name);
                if (name.equals("Tag") || name.equals("Tags")) {
                    new TreeScanner<Void, Void>() {
                        @Override
                        public Void visitLiteral(LiteralTree literal, Void none) {
                            found.add("Tag " + literal.getValue());
                            return null;
                        }
                    }.scan(annotation, null);
                }
            }
            return found;
        }
    }
}
