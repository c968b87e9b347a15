import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * What {@code protections/run} does once it has the class paths: works in a git worktree of its own, compiles with plain
 * javac, and runs only the tests that a patch names. A patch that does not apply or compile is an error, never red.
 */
final class Protections {
    private static final Path FOLDER = Path.of("protections");
    private static final Duration LONGEST = Duration.ofMinutes(5);
    private static final List<String> MODULES = List.of("test-server", "core", "fence-tests", "spring-boot-starter");
    private static final Map<String, List<String>> NEEDS = Map.of(
            "core", List.of("test-server", "core"),
            "fence-tests", List.of("core", "fence-tests"),
            "spring-boot-starter", List.of("test-server", "core", "spring-boot-starter"));

    /** A test that must fail: {@code module Class[#method] [-Dproperty=value]}. */
    private record Red(String module, String test, List<String> options) {
        static Red parse(String line) {
            List<String> words = List.of(line.trim().split("\\s+"));
            return new Red(words.get(0), words.get(1), words.subList(2, words.size()));
        }

        @Override
        public String toString() {
            return module + " " + test;
        }
    }

    private record Patch(String name, Path file, String protection, String against, List<Red> reds) {
        static Patch read(Path file) {
            Map<String, List<String>> header = new LinkedHashMap<>();
            for (String line : text(file).lines().takeWhile(it -> !it.startsWith("diff ")).toList()) {
                int colon = line.indexOf(": ");
                if (colon > 0) {
                    header.computeIfAbsent(line.substring(0, colon), key -> new ArrayList<>())
                            .add(line.substring(colon + 2).trim());
                }
            }
            if (!header.keySet().equals(Set.of("Protection", "Against", "Red"))) {
                throw new IllegalStateException(file + " needs a header of Protection, Against and Red");
            }
            return new Patch(
                    file.getFileName().toString().replace(".patch", ""),
                    file,
                    String.join(" ", header.get("Protection")),
                    String.join(" ", header.get("Against")),
                    header.get("Red").stream().map(Red::parse).toList());
        }
    }

    private record Ended(int code, String output) {}

    private final Path work;
    private final String key;
    private final Path tree;

    private Protections(Path work, String key) {
        this.work = work;
        this.key = key;
        this.tree = work.resolve("tree");
    }

    public static void main(String[] arguments) throws Exception {
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        switch (arguments[0]) {
            case "--check" -> System.exit(check() ? 0 : 1);
            case "--table" -> table();
            default -> {
                List<String> names = new ArrayList<>(Arrays.asList(arguments).subList(2, arguments.length));
                boolean fast = names.remove("--fast");
                List<Patch> chosen = patches().stream()
                        .filter(patch -> names.isEmpty() || names.stream().anyMatch(patch.name()::startsWith))
                        .toList();
                System.exit(new Protections(Path.of(arguments[0]), arguments[1]).run(chosen, fast) ? 0 : 1);
            }
        }
    }

    private static List<Patch> patches() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(it -> it.toString().endsWith(".patch")).sorted().map(Patch::read).toList();
        }
    }

    // ---- without running anything

    private static boolean check() throws Exception {
        int lost = 0;
        List<Patch> patches = patches();
        for (Patch patch : patches) {
            Ended ended = command(Path.of(""), LONGEST, List.of("git", "apply", "--check", patch.file().toString()));
            if (ended.code() != 0) {
                lost++;
                System.out.println(patch.name() + " does not apply: " + ended.output().strip());
            }
        }
        System.out.println((patches.size() - lost) + " of " + patches.size() + " apply");
        return lost == 0;
    }

    private static void table() throws IOException {
        System.out.println("""
                # Protections

                Each line is a patch in `protections/` that takes one protection out of the code, and the tests that fail then.
                Generated by `protections/run --table`.

                | command | what it does |
                |---|---|
                | `protections/run` | applies each patch in turn in a git worktree of its own, runs the tests that it names, and fails if any of them stays green |
                | `protections/run fence guard` | only those whose names begin so |
                | `protections/run --check` | whether each still applies; the build checks that, too |

                A patch that does not apply any more is refreshed by hand: take the protection out again, and put the output of
                `git diff -U1` below the patch's header.

                | protection | against | patch | tests that fail without it |
                |---|---|---|---|""");
        for (Patch patch : patches()) {
            System.out.printf(
                    "| %s | %s | [%s](../protections/%s.patch) | %s |%n",
                    patch.protection(),
                    patch.against(),
                    patch.name(),
                    patch.name(),
                    patch.reds().stream()
                            .map(red -> "`" + red.test() + "`" + (red.module().equals("core") ? "" : " of " + red.module()))
                            .distinct()
                            .collect(Collectors.joining("<br>")));
        }
    }

    // ---- the real thing

    private boolean run(List<Patch> patches, boolean fast) throws Exception {
        if (patches.isEmpty()) {
            System.out.println("no patch has such a name");
            return false;
        }
        Path root = Path.of("").toAbsolutePath();
        command(root, LONGEST, List.of("git", "worktree", "remove", "--force", tree.toString()));
        must(command(root, LONGEST, List.of("git", "worktree", "add", "--detach", "--force", tree.toString(), "HEAD")));
        try {
            takeOverChanges(root);
            for (String module : MODULES) {
                if (patches.stream().flatMap(it -> it.reds().stream()).anyMatch(it -> NEEDS.get(it.module()).contains(module))) {
                    compile(module, "main", out(module, "main"));
                    compile(module, "test", out(module, "test"));
                }
            }
            if (!fast && !isGreen(patches)) {
                return false;
            }
            int bad = 0;
            for (Patch patch : patches) {
                bad += proves(patch) ? 0 : 1;
            }
            System.out.printf("%d protections, %d of them not proven%n", patches.size(), bad);
            return bad == 0;
        } finally {
            command(root, LONGEST, List.of("git", "worktree", "remove", "--force", tree.toString()));
        }
    }

    /** What is changed and not committed counts, too. */
    private void takeOverChanges(Path root) throws Exception {
        Path diff = work.resolve("uncommitted.patch");
        must(command(root, LONGEST, List.of("git", "diff", "--binary", "--output", diff.toString(), "HEAD")));
        if (Files.size(diff) > 0) {
            must(command(tree, LONGEST, List.of("git", "apply", diff.toString())));
        }
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

    private boolean proves(Patch patch) throws Exception {
        Ended applied = command(tree, LONGEST, List.of("git", "apply", patch.file().toAbsolutePath().toString()));
        if (applied.code() != 0) {
            return say(patch, "DOES NOT APPLY", applied.output());
        }
        try {
            for (String module : changedModules()) {
                compile(module, "main", out(module, "patched"));
            }
            boolean proven = true;
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
                }
                proven &= isRed;
            }
            return proven;
        } catch (UncheckedIOException e) {
            return say(patch, "DOES NOT COMPILE", e.getCause().getMessage());
        } finally {
            for (String module : MODULES) {
                delete(out(module, "patched"));
            }
            must(command(tree, LONGEST, List.of("git", "apply", "-R", patch.file().toAbsolutePath().toString())));
        }
    }

    private static boolean say(Patch patch, String what, String why) {
        System.out.printf("%-7s %-45s %s%n%s", "ERROR", patch.name(), what, why.indent(8));
        return false;
    }

    private List<String> changedModules() throws Exception {
        String diff = must(command(tree, LONGEST, List.of("git", "diff", "--name-only"))).output();
        return MODULES.stream()
                .filter(module -> diff.lines().anyMatch(file -> file.startsWith(module + "/src/main/")))
                .toList();
    }

    // ---- javac and JUnit

    private void compile(String module, String kind, Path out) throws IOException {
        Path source = tree.resolve(module).resolve("src").resolve(kind);
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
        try (Stream<Path> files = Files.walk(source.resolve("java"))) {
            files.map(Path::toString).filter(it -> it.endsWith(".java")).forEach(options::add);
        }
        var messages = new java.io.ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler()
                .run(null, messages, messages, options.toArray(String[]::new));
        if (code != 0) {
            throw new UncheckedIOException(new IOException(messages.toString(StandardCharsets.UTF_8)));
        }
    }

    /** What Maven copied there. */
    private Path onlyFile(String folder) throws IOException {
        try (Stream<Path> jars = Files.list(work.resolve(folder))) {
            return jars.findFirst().orElseThrow();
        }
    }

    private Path out(String module, String kind) {
        return work.resolve("classes").resolve(module).resolve(kind);
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
                "--fail-if-no-tests"));
        for (Red red : reds) {
            int hash = red.test().indexOf('#');
            command.add("--select-class=" + qualified(module, hash < 0 ? red.test() : red.test().substring(0, hash)));
            if (hash >= 0 && reds.size() == 1) {
                command.add("--include-methodname=.*[.#]" + red.test().substring(hash + 1));
            }
        }
        return command(tree.resolve(module), longest, command);
    }

    private String qualified(String module, String simple) throws IOException {
        Path sources = tree.resolve(module).resolve("src/test/java");
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

    private static Set<String> failed(String output) {
        Matcher matcher = Pattern.compile("(?:MethodSource \\[className = '[\\w.$]*\\.([\\w$]+)', methodName = '(\\w+)')|(?:ClassSource \\[className = '[\\w.$]*\\.([\\w$]+)')")
                .matcher(output);
        Set<String> found = new LinkedHashSet<>();
        while (matcher.find()) {
            found.add(matcher.group(2) == null ? matcher.group(3) : matcher.group(2));
        }
        return found;
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

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
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
