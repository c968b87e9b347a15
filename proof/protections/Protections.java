import com.sun.source.util.JavacTask;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.lang.model.element.Element;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * What {@code proof/protections/run} does once it has the class paths: works in a git worktree of its own, compiles with plain
 * javac, and runs only the tests that a patch names. A patch that does not apply or compile is an error, never red.
 */
final class Protections {
    private static final Path FOLDER = Path.of("proof", "protections");
    private static final Duration LONGEST = Duration.ofMinutes(12);
    private static final List<String> MODULES = List.of("test-server", "core", "fence-tests", "spring-boot-starter");

    /** Those of them that stand in {@code proof}. */
    private static final Set<String> PROOF = Set.of("test-server", "fence-tests");

    private static final Map<String, List<String>> NEEDS = Map.of(
            "core", List.of("test-server", "core"),
            "fence-tests", List.of("core", "fence-tests"),
            "spring-boot-starter", List.of("test-server", "core", "spring-boot-starter"));

    /** What protections are taken out of, by the files' names. */
    private static final Map<String, List<String>> FILES = files();

    /** Of the tests, by module and file name. */
    private static final Map<String, Map<String, String>> SOURCES = new HashMap<>();

    /** A test that must fail: {@code module Class[#method] [-Dproperty=value]}. */
    private record Red(String module, String test, List<String> options) {
        static Red parse(String line) {
            List<String> words = List.of(line.trim().split("\\s+"));
            return new Red(words.get(0), words.get(1), words.subList(2, words.size()));
        }

        String testClass() {
            return test.replaceAll("#.*", "");
        }

        /** The tier in which it runs; null where there is no such test. */
        String tier() throws IOException {
            if (!SOURCES.containsKey(module)) {
                try (Stream<Path> files = Files.walk(Path.of(folder(module), "src/test/java"))) {
                    SOURCES.put(module, files.filter(Files::isRegularFile)
                            .collect(Collectors.toMap(it -> it.getFileName().toString(), Protections::text, (one, two) -> one)));
                }
            }
            String source = SOURCES.get(module).getOrDefault(testClass() + ".java", "");
            // What stands above the class, or between the method and the empty line before it.
            String tags = source.replaceAll("(?s)\\n[\\w ]*\\bclass .*", "");
            if (test.contains("#")) {
                int method = source.indexOf(" void " + test.substring(test.indexOf('#') + 1) + "(");
                String above = source.substring(source.lastIndexOf("\n\n", Math.max(method, 0)) + 1, Math.max(method, 0));
                if (!above.matches("(?s).*@(Test|ParameterizedTest|RepeatedTest|TestFactory)\\b.*")) {
                    return null;
                }
                tags += above;
            }
            return source.isEmpty() ? null : tags.contains("@Tag(\"thorough\")") ? "thorough" : "verify";
        }

        @Override
        public String toString() {
            return module + " " + test;
        }
    }

    /** Lines of a source, and what stands there instead once the protection is gone. */
    private record Replacement(String source, String before, String after) {
        /** The file that has this name, of whatever module. */
        String file() {
            List<String> files = FILES.getOrDefault(source, List.of());
            if (files.size() != 1) {
                throw new IllegalStateException("there are " + files.size() + " files " + source + ": " + files);
            }
            return files.get(0);
        }

        /** Null unless the lines are there exactly once. */
        String in(String text) {
            String found = "\n" + before;
            int at = ("\n" + text).indexOf(found);
            return at < 0 || ("\n" + text).indexOf(found, at + 1) >= 0
                    ? null
                    : text.substring(0, at) + after + text.substring(at + before.length());
        }
    }

    /** A protection, and how to take it out. */
    private record Patch(
            String name, Path file, String protection, String against, List<Red> reds, List<Replacement> replacements) {
        /** The files that it changes. */
        List<String> changes() {
            return replacements.stream().map(Replacement::file).distinct().toList();
        }

        /** Each changed file without the protection; where it cannot be taken out, why. */
        Map<String, String> without(Path root) throws Lost {
            Map<String, String> changed = new LinkedHashMap<>();
            for (Replacement replacement : replacements) {
                String file = replacement.file();
                String source = changed.containsKey(file) ? changed.get(file) : text(root.resolve(file));
                String without = replacement.in(source);
                if (without == null) {
                    throw new Lost("these lines are not there exactly once in " + file + ":\n" + replacement.before());
                }
                changed.put(file, without);
            }
            return changed;
        }

        /** All of a file: each begins with {@code == name}, then its header, then {@code @@ Source.java} and its lines. */
        static List<Patch> read(Path file) {
            return Arrays.stream(text(file).split("(?m)^== "))
                    .skip(1)
                    .map(it -> parse(file, it.lines().toList()))
                    .toList();
        }

        private static Patch parse(Path file, List<String> lines) {
            Map<String, List<String>> header = new LinkedHashMap<>();
            int line = 1;
            for (; line < lines.size() && !lines.get(line).startsWith("@@ "); line++) {
                int colon = lines.get(line).indexOf(": ");
                header.computeIfAbsent(lines.get(line).substring(0, Math.max(colon, 0)), key -> new ArrayList<>())
                        .add(lines.get(line).substring(colon + 2).trim());
            }
            List<Replacement> replacements = new ArrayList<>();
            while (line < lines.size()) {
                String source = lines.get(line).substring(3);
                StringBuilder before = new StringBuilder();
                StringBuilder after = new StringBuilder();
                int end = line + 1;
                while (end < lines.size() && !lines.get(end).startsWith("@@ ")) {
                    end++;
                }
                int last = end;
                while (lines.get(last - 1).isEmpty()) {
                    last--; // between this one and the next
                }
                for (String each : lines.subList(line + 1, last)) {
                    String rest = each.isEmpty() ? "" : each.substring(1);
                    switch (each.isEmpty() ? ' ' : each.charAt(0)) {
                        case '-' -> before.append(rest).append('\n');
                        case '+' -> after.append(rest).append('\n');
                        case ' ' -> {
                            before.append(rest).append('\n');
                            after.append(rest).append('\n');
                        }
                        default -> throw new IllegalStateException(file + ": a line of " + lines.get(0) + " begins with none of - + and space: " + each);
                    }
                }
                replacements.add(new Replacement(source, before.toString(), after.toString()));
                line = end;
            }
            if (!header.keySet().equals(Set.of("Protection", "Against", "Red")) || replacements.isEmpty()) {
                throw new IllegalStateException(
                        file + ": " + lines.get(0) + " needs a header of Protection, Against and Red, and a replacement");
            }
            return new Patch(
                    lines.get(0).strip(),
                    file,
                    String.join(" ", header.get("Protection")),
                    String.join(" ", header.get("Against")),
                    header.get("Red").stream().map(Red::parse).toList(),
                    replacements);
        }
    }

    /** The lines that a protection consists of are not there any more. */
    private static final class Lost extends Exception {
        private static final long serialVersionUID = 1;

        Lost(String message) {
            super(message);
        }
    }

    private record Ended(int code, String output) {}

    private final Path work;
    private final String key;
    private final Path tree;
    private final Path classes;

    private Protections(Path work, String key, Path tree, Path classes) {
        this.work = work;
        this.key = key;
        this.tree = tree;
        this.classes = classes;
    }

    public static void main(String[] arguments) throws Exception {
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        switch (arguments[0]) {
            case "--table" -> System.out.print(table());
            case "--look" -> {
                String table = table();
                System.exit(told(patches(), lost(patches()), "apply") + saysSo(table));
            }
            default -> {
                Path work = Path.of(arguments[0]);
                List<String> names = new ArrayList<>(Arrays.asList(arguments).subList(2, arguments.length));
                boolean check = names.remove("--check");
                boolean fast = names.remove("--fast");
                int option = names.indexOf("--part");
                String part = option < 0 ? "1/1" : names.remove(option + 1);
                names.remove("--part");
                List<Patch> chosen = part(patches(), part).stream()
                        .filter(patch -> names.isEmpty() || names.stream().anyMatch(patch.name()::startsWith))
                        .toList();
                if (chosen.isEmpty()) {
                    System.out.println("no patch has such a name");
                    System.exit(1);
                }
                System.exit(
                        check
                                ? new Protections(work, arguments[1], Path.of(""), work.resolve("unpatched")).check(chosen)
                                : new Protections(work, arguments[1], work.resolve("tree"), work.resolve("classes"))
                                        .run(chosen, fast));
            }
        }
    }

    /** Every so many, so that each part has its share of the slow ones, which stand side by side. */
    private static List<Patch> part(List<Patch> patches, String part) {
        Matcher matcher = Pattern.compile("(\\d+)/(\\d+)").matcher(part);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("--part takes 2/4 and the like, not " + part);
        }
        int number = Integer.parseInt(matcher.group(1));
        int parts = Integer.parseInt(matcher.group(2));
        if (number < 1 || number > parts) {
            throw new IllegalArgumentException("there is no part " + part);
        }
        return IntStream.range(0, patches.size())
                .filter(it -> it % parts == number - 1)
                .mapToObj(patches::get)
                .toList();
    }

    private static List<Patch> patches() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(it -> it.toString().endsWith(".txt"))
                    .flatMap(it -> Patch.read(it).stream())
                    .sorted(Comparator.comparing(Patch::name))
                    .toList();
        }
    }

    private static Map<String, List<String>> files() {
        Map<String, List<String>> files = new HashMap<>();
        for (String module : MODULES) {
            try (Stream<Path> all = Files.walk(Path.of(folder(module), "src/main"))) {
                all.filter(Files::isRegularFile).forEach(it -> files.computeIfAbsent(
                                it.getFileName().toString(), key -> new ArrayList<>())
                        .add(it.toString().replace(File.separatorChar, '/')));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }

    // ---- without running anything

    /** Which cannot be taken out any more, and why. */
    private static Map<Patch, String> lost(List<Patch> patches) {
        Map<Patch, String> lost = new LinkedHashMap<>();
        for (Patch patch : patches) {
            try {
                patch.without(Path.of(""));
            } catch (Lost | IllegalStateException e) {
                lost.put(patch, e.getMessage());
            }
        }
        return lost;
    }

    private static int told(List<Patch> patches, Map<Patch, String> lost, String what) {
        lost.forEach((patch, why) -> System.out.println(patch.name() + ":\n" + why.strip().indent(4)));
        System.out.printf("%d of %d %s%n", patches.size() - lost.size(), patches.size(), what);
        return lost.isEmpty() ? 0 : 1;
    }

    /**
     * Whether each applies, and the changed files compile against the classes of the others. Where what the others see of
     * them is different, the others are compiled, too.
     */
    private int check(List<Patch> patches) throws Exception {
        long start = System.nanoTime();
        for (String module : MODULES) {
            if (patches.stream().anyMatch(it -> it.changes().stream()
                    .anyMatch(file -> NEEDS.getOrDefault(moduleOf(file), List.of()).contains(module)))) {
                compile(module, "main", out(module, "main"));
            }
        }
        System.out.printf("compiled what is to be patched, %d s%n", seconds(start));
        Map<Patch, String> lost = lost(patches);
        Path copies = Files.createTempDirectory("protections").toRealPath();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(copies)));
        Map<Patch, Future<String>> errors = new LinkedHashMap<>();
        Map<List<String>, String> before = new ConcurrentHashMap<>();
        var javacs = ThreadLocal.withInitial(() -> ToolProvider.getSystemJavaCompiler()
                .getStandardFileManager(null, null, StandardCharsets.UTF_8));
        var threads = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            for (Patch patch : patches) {
                if (!lost.containsKey(patch)) {
                    Path copy = copies.resolve(patch.name());
                    write(patch, Path.of(""), copy);
                    errors.put(patch, threads.submit(() -> errors(patch, copy, before, javacs.get())));
                }
            }
            for (Map.Entry<Patch, Future<String>> entry : errors.entrySet()) {
                String found = entry.getValue().get();
                if (!found.isEmpty()) {
                    lost.put(entry.getKey(), found);
                }
            }
        } finally {
            threads.shutdownNow();
        }
        int code = told(patches, lost, "apply and compile");
        System.out.printf("%d s%n", seconds(start));
        return code;
    }

    private String errors(Patch patch, Path copy, Map<List<String>, String> before, StandardJavaFileManager files)
            throws Exception {
        StringBuilder errors = new StringBuilder();
        for (String file : patch.changes()) {
            if (file.endsWith(".table")) { // what is written from it is compiled where its tests are run
                Path table = copy.resolve(file);
                Ended ended = generate(Path.of(file).resolveSibling("GenerateHandles.java"), table, copy.resolve("handles"));
                errors.append(ended.code() == 0 ? "" : ended.output());
            }
        }
        Map<String, List<String>> changes = patch.changes().stream()
                .filter(it -> it.endsWith(".java"))
                .collect(Collectors.groupingBy(Protections::moduleOf));
        for (Map.Entry<String, List<String>> entry : changes.entrySet()) {
            List<String> changed = entry.getValue();
            String module = entry.getKey();
            List<Path> patched = changed.stream().map(copy::resolve).toList();
            String seen = looks(module, patched, errors, files);
            if (errors.length() == 0 && !seen.equals(before.computeIfAbsent(
                    changed, it -> looks(module, it.stream().map(Path::of).toList(), errors, files)))) {
                List<Path> whole = new ArrayList<>(patched);
                try (Stream<Path> sources = Files.walk(Path.of(folder(module), "src/main/java"))) {
                    sources.filter(it -> it.toString().endsWith(".java") && !changed.contains(it.toString()))
                            .forEach(whole::add);
                }
                looks(module, whole, errors, files);
            }
        }
        return errors.toString();
    }

    /** How others see these files, once javac has judged them. */
    private String looks(String module, List<Path> sources, StringBuilder errors, StandardJavaFileManager files) {
        try {
            var diagnostics = new DiagnosticCollector<JavaFileObject>();
            JavacTask task = (JavacTask) ToolProvider.getSystemJavaCompiler()
                    .getTask(
                            null,
                            files,
                            diagnostics,
                            List.of("-nowarn", "-parameters", "-proc:none", "-cp", classPath(module)),
                            null,
                            files.getJavaFileObjectsFromPaths(sources));
            StringWriter looks = new StringWriter();
            for (Element element : task.analyze()) {
                task.getElements().printElements(looks, element);
            }
            diagnostics.getDiagnostics().stream()
                    .filter(it -> it.getKind() == Diagnostic.Kind.ERROR)
                    .forEach(it -> errors.append(it).append("\n"));
            return looks.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String moduleOf(String file) {
        return MODULES.stream()
                .filter(module -> file.startsWith(folder(module) + "/"))
                .findFirst()
                .orElseThrow();
    }

    /** Where a module stands, from the root. */
    private static String folder(String module) {
        return PROOF.contains(module) ? "proof/" + module : module;
    }

    private static int saysSo(String table) {
        if (text(Path.of("docs/protections.md")).lines().toList().equals(table.lines().toList())) {
            return 0;
        }
        System.out.println("docs/protections.md is not of today: proof/protections/run --table >docs/protections.md");
        return 1;
    }

    private static String table() throws IOException {
        List<Patch> patches = patches();
        StringBuilder rows = new StringBuilder();
        int quick = 0;
        for (Patch patch : patches) {
            Map<String, String> tiers = new LinkedHashMap<>();
            for (Red red : patch.reds()) {
                String tier = red.tier();
                if (tier == null) {
                    throw new IllegalStateException(patch.file() + " names a test that is not there: " + red);
                }
                tiers.put("`" + red.test() + "`" + (red.module().equals("core") ? "" : " of " + red.module()), tier);
            }
            quick += tiers.containsValue("verify") ? 1 : 0;
            rows.append("| %s | %s | [%s](../proof/protections/%s) | %s | %s |\n"
                    .formatted(
                            patch.protection(),
                            patch.against(),
                            patch.name(),
                            patch.file().getFileName(),
                            String.join("<br>", tiers.keySet()),
                            String.join("<br>", Set.copyOf(tiers.values()).size() == 1
                                    ? Set.copyOf(tiers.values())
                                    : tiers.values())));
        }
        return """
                # Protections

                Each line is a patch that takes one protection out of the code, the tests that fail then, and the tier in which
                these run. The patches stand in `proof/protections/`, in a file named after the class that they change. %d of the %d fail a test of `./mvnw verify`, the others one of
                `./mvnw verify -Pthorough`. Generated by `proof/protections/run --table`.

                | command | what it does |
                |---|---|
                | `proof/protections/run` | applies each patch in turn in a git worktree of its own, runs the tests that it names, and fails if any of them stays green |
                | `proof/protections/run fence guard` | only those whose names begin so |
                | `proof/protections/run --part 2/4` | the second quarter of them |
                | `proof/protections/run --check` | whether each still applies and compiles, in a minute or two; `./mvnw verify -Pthorough` checks that, too |
                | `proof/protections/run --look` | whether each still applies, names tests that there are, and stands in this table, in seconds; `./mvnw verify` checks that, too |

                Such a patch is `== name`, three kinds of header lines, and below `@@ Source.java` lines as in a diff: those that
                begin with a space or a minus must be in the source exactly once. One that does not apply or compile any more is
                refreshed by hand.

                ## What is pure
                Mutation testing covers the packages `decide`, `detect` and `diagnose` of the core, and `StateWord`, instead.
                PIT takes out each condition there, and changes each call, constant and result; at least %d %% of these mutants
                must fail a unit test. `./mvnw verify -Pthorough` does this. It alone, in a minute or two:
                `./mvnw verify -pl core -am -Dmaven.test.skip.exec -DskipPitest=false`; the report is
                `core/target/pit-reports/index.html`. A patch of one of these files stays below if PIT has no mutant that takes
                the same out, or if the loss shows only in a race.

                ## What has a patch
                | protection | against | patch | tests that fail without it | tier |
                |---|---|---|---|---|
                %s""".formatted(quick, patches.size(), mutationThreshold(), rows);
    }

    /** Of the mutants of what is pure, so many of a hundred must be killed. */
    private static int mutationThreshold() {
        Matcher matcher = Pattern.compile("<mutationThreshold>(\\d+)<").matcher(text(Path.of("core/pom.xml")));
        if (!matcher.find()) {
            throw new IllegalStateException("core/pom.xml has no mutationThreshold");
        }
        return Integer.parseInt(matcher.group(1));
    }

    // ---- the real thing

    /** What became of a patch: each of its tests is red, one is green, or it could not be tried. */
    private enum Result {
        PROVEN,
        GREEN,
        ERROR
    }

    private int run(List<Patch> patches, boolean fast) throws Exception {
        Path root = Path.of("").toAbsolutePath();
        command(root, LONGEST, List.of("git", "worktree", "remove", "--force", tree.toString()));
        must(command(root, LONGEST, List.of("git", "worktree", "add", "--detach", "--force", tree.toString(), "HEAD")));
        try {
            takeOverChanges(root);
            for (String module : MODULES) {
                if (patches.stream().flatMap(it -> it.reds().stream()).anyMatch(it -> NEEDS.get(it.module()).contains(module))) {
                    compile(module, "main", out(module, "main"));
                }
                if (patches.stream().flatMap(it -> it.reds().stream()).anyMatch(it -> it.module().equals(module))) {
                    compile(module, "test", out(module, "test"));
                }
            }
            if (!fast && !isGreen(patches)) {
                System.out.printf("%d protections: none tried, for tests are red with every protection in place%n", patches.size());
                return 1;
            }
            Map<Result, List<String>> results = new EnumMap<>(Result.class);
            for (Result result : Result.values()) {
                results.put(result, new ArrayList<>());
            }
            for (Patch patch : patches) {
                results.get(proves(patch)).add(patch.name());
            }
            System.out.printf(
                    "%d protections: %d proven, %d green%s, %d errors%s%n",
                    patches.size(),
                    results.get(Result.PROVEN).size(),
                    results.get(Result.GREEN).size(),
                    named(results.get(Result.GREEN)),
                    results.get(Result.ERROR).size(),
                    named(results.get(Result.ERROR)));
            return results.get(Result.PROVEN).size() == patches.size() ? 0 : 1;
        } finally {
            command(root, LONGEST, List.of("git", "worktree", "remove", "--force", tree.toString()));
        }
    }

    private static String named(List<String> names) {
        return names.isEmpty() ? "" : " (" + String.join(", ", names) + ")";
    }

    /** What is changed and not committed counts, too. */
    private void takeOverChanges(Path root) throws Exception {
        Path diff = work.resolve("uncommitted.patch");
        must(command(root, LONGEST, List.of("git", "diff", "--binary", "--output", diff.toString(), "HEAD")));
        if (Files.size(diff) > 0) {
            must(command(tree, LONGEST, List.of("git", "apply", diff.toString())));
        }
        must(command(tree, LONGEST, List.of("git", "add", "--all"))); // what each patch is taken back to
    }

    /** Only what is green without a patch can be red because of it. */
    private boolean isGreen(List<Patch> patches) throws Exception {
        Map<List<String>, Set<Red>> all = new LinkedHashMap<>();
        for (Patch patch : patches) {
            for (Red red : patch.reds()) {
                if (red.options().isEmpty()) {
                    all.computeIfAbsent(List.of(red.module()), key -> new LinkedHashSet<>()).add(red);
                } else {
                    all.computeIfAbsent(List.of(red.module(), red.options().toString()), key -> new LinkedHashSet<>())
                            .add(red);
                }
            }
        }
        long start = System.nanoTime();
        for (Set<Red> reds : all.values()) { // whole classes, but for those that take options
            Ended ended = test(List.copyOf(reds), LONGEST.multipliedBy(4));
            if (ended.code() != 0) {
                System.out.println("red with every protection in place:\n" + summary(ended.output()));
                return false;
            }
        }
        System.out.printf("green with every protection in place, %d s%n", seconds(start));
        return true;
    }

    private Result proves(Patch patch) throws Exception {
        try {
            write(patch, tree, tree);
        } catch (Lost e) {
            return say(patch, "DOES NOT APPLY", e.getMessage());
        }
        try {
            for (String module : changedModules()) {
                compile(module, "main", out(module, "patched"));
            }
            Result result = Result.PROVEN;
            for (Red red : patch.reds()) {
                long start = System.nanoTime();
                Ended ended = test(List.of(red), LONGEST);
                Set<String> failed = failed(ended.output());
                boolean isRed = ended.code() == 1 && !failed.isEmpty();
                System.out.printf(
                        "%-7s %-45s %-60s %3d s  %s%n",
                        isRed ? "red" : ended.code() == 0 ? "GREEN" : "ERROR",
                        patch.name(),
                        red,
                        seconds(start),
                        String.join(", ", failed));
                if (!isRed && ended.code() != 0) {
                    System.out.println(summary(ended.output()).indent(8));
                    result = Result.ERROR;
                } else if (!isRed && result == Result.PROVEN) {
                    result = Result.GREEN;
                }
            }
            return result;
        } catch (UncheckedIOException e) {
            return say(patch, "DOES NOT COMPILE", e.getCause().getMessage());
        } finally {
            for (String module : MODULES) {
                delete(out(module, "patched"));
            }
            must(command(tree, LONGEST, List.of("git", "checkout", "--quiet", "--", ".")));
        }
    }

    private static void write(Patch patch, Path from, Path to) throws Lost, IOException {
        for (Map.Entry<String, String> changed : patch.without(from).entrySet()) {
            Path file = to.resolve(changed.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, changed.getValue());
        }
    }

    private static Result say(Patch patch, String what, String why) {
        System.out.printf("%-7s %-45s %s%n%s", "ERROR", patch.name(), what, why.indent(8));
        return Result.ERROR;
    }

    private List<String> changedModules() throws Exception {
        String diff = must(command(tree, LONGEST, List.of("git", "diff", "--name-only"))).output();
        return MODULES.stream()
                .filter(module -> diff.lines().anyMatch(file -> file.startsWith(folder(module) + "/src/main/")))
                .toList();
    }

    // ---- javac and JUnit

    private void compile(String module, String kind, Path out) throws Exception {
        Path source = tree.resolve(folder(module)).resolve("src").resolve(kind);
        delete(out);
        Files.createDirectories(out);
        if (Files.isDirectory(source.resolve("resources"))) {
            copy(source.resolve("resources"), out);
        }
        if (!Files.isDirectory(source.resolve("java"))) {
            return;
        }
        List<String> options = new ArrayList<>(List.of(
                "-nowarn", "-parameters", "-g", "--release", "17", "-encoding", "UTF-8", "-d", out.toString(), "-cp",
                classPath(module)));
        switch (kind.equals("test") ? "" : module) {
            case "fence-tests" -> options.add("-Xlint:none"); // jcstress, from the class path
            case "spring-boot-starter" -> // the properties' metadata, which a test reads
                options.addAll(List.of("-processorpath", onlyFile("metadata").toString()));
            default -> options.add("-proc:none");
        }
        for (Path folder : sources(source)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.map(Path::toString).filter(it -> it.endsWith(".java")).forEach(options::add);
            }
        }
        var messages = new java.io.ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler()
                .run(null, messages, messages, options.toArray(String[]::new));
        if (code != 0) {
            throw new UncheckedIOException(new IOException(messages.toString(StandardCharsets.UTF_8)));
        }
    }

    /** Those written by hand, and the handles, if the module has a table of them: as Maven writes them from it. */
    private List<Path> sources(Path source) throws Exception {
        Path byHand = source.resolve("java");
        Path handles = source.resolve("handles").toAbsolutePath();
        if (!Files.isDirectory(handles)) {
            return List.of(byHand);
        }
        Path out = source.resolve("../../target/generated-sources/handles").toAbsolutePath().normalize();
        Ended ended = generate(handles.resolve("GenerateHandles.java"), handles.resolve("handles.table"), out);
        if (ended.code() != 0) {
            throw new UncheckedIOException(new IOException(ended.output()));
        }
        return List.of(byHand, out);
    }

    private static Ended generate(Path generator, Path table, Path out) throws Exception {
        return command(Path.of(""), LONGEST, List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                generator.toString(),
                table.toString(),
                "17",
                out.toString()));
    }

    /** What Maven copied there. */
    private Path onlyFile(String folder) throws IOException {
        try (Stream<Path> jars = Files.list(work.resolve(folder))) {
            return jars.findFirst().orElseThrow();
        }
    }

    private Path out(String module, String kind) {
        return classes.resolve(module).resolve(kind);
    }

    /** Our own modules as they are compiled here; everything else as Maven says. */
    private String classPath(String module) throws IOException {
        String known = NEEDS.containsKey(module) ? module : "core";
        // A patched module stands before the whole one.
        Stream<String> own = Stream.of("patched", "test", "main")
                .flatMap(kind -> NEEDS.get(known).stream()
                        .filter(it -> !kind.equals("test") || it.equals(module))
                        .map(it -> out(it, kind).toString()));
        Stream<String> others = Arrays.stream(
                        text(work.resolve("classpath." + key + "." + known)).strip().split(File.pathSeparator))
                .filter(it -> MODULES.stream().noneMatch(ours -> it.contains(File.separator + ours + File.separator + "target")));
        return Stream.concat(own, others).collect(Collectors.joining(File.pathSeparator));
    }

    /** As surefire does: the starter's tests run on Spring Boot 3, without what is of 4. */
    private static String tested(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator))
                .filter(it -> !it.contains("/spring-boot-health/"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** Code 0 is green, 1 red; anything else is neither. */
    private Ended test(List<Red> reds, Duration longest) throws Exception {
        String module = reds.get(0).module();
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx768m"));
        command.addAll(reds.get(0).options());
        String console = onlyFile("console").toString();
        command.addAll(List.of(
                "-cp",
                tested(classPath(module)) + File.pathSeparator + console,
                "org.junit.platform.console.ConsoleLauncher",
                "execute",
                "--disable-banner",
                "--disable-ansi-colors",
                "--details=summary",
                "--include-engine=junit-jupiter",
                "--config=junit.jupiter.execution.timeout.default=2 m", // without its protection a test may hang
                "--fail-if-no-tests"));
        for (Red red : reds) {
            int hash = red.test().indexOf('#');
            command.add("--select-class=" + qualified(module, red.testClass()));
            if (hash >= 0 && reds.size() == 1) {
                command.add("--include-methodname=.*[.#]" + red.test().substring(hash + 1));
            }
        }
        return command(tree.resolve(folder(module)), longest, command);
    }

    private String qualified(String module, String simple) throws IOException {
        Path sources = tree.resolve(folder(module)).resolve("src/test/java");
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(it -> it.endsWith(simple + ".java"))
                    .map(it -> sources.relativize(it).toString().replace(".java", "").replace(File.separatorChar, '.'))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no test " + simple + " in " + module));
        }
    }

    /** What JUnit says, without what the tests logged. */
    private static String summary(String output) {
        int failures = output.indexOf("\nFailures (");
        return output.substring(Math.max(failures, 0)).lines()
                .limit(60)
                .map(line -> line.length() > 300 ? line.substring(0, 300) + " ..." : line)
                .collect(Collectors.joining("\n"));
    }

    /** Tests only: a class that fails at its end, for what it leaves, has shown nothing. */
    private static Set<String> failed(String output) {
        return Pattern.compile("MethodSource \\[className = '[\\w.$]*\\.[\\w$]+', methodName = '(\\w+)'")
                .matcher(output)
                .results()
                .map(it -> it.group(1))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    // ---- files and processes

    private static Ended command(Path directory, Duration longest, List<String> command) throws Exception {
        Path output = Files.createTempFile("protections", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toAbsolutePath().toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(longest.toSeconds(), TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                return new Ended(-1, text(output) + "\nstill running after " + longest);
            }
            return new Ended(process.exitValue(), text(output));
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static Ended must(Ended ended) {
        if (ended.code() != 0) {
            throw new IllegalStateException(ended.output());
        }
        return ended;
    }

    private static long seconds(long start) {
        return Duration.ofNanos(System.nanoTime() - start).toSeconds();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }
}
