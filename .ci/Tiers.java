import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/** What {@code .ci/tiers} does: surefire's reports, by the tiers that TiersTest found in the sources. */
final class Tiers {
    private record Row(String tier, String module, String name) {}

    private static final class Sum {
        int tests;
        int skipped;
        double seconds;

        void add(int tests, int skipped, double seconds) {
            this.tests += tests;
            this.skipped += skipped;
            this.seconds += seconds;
        }

        String cells() {
            return String.format(
                    Locale.ROOT, "%d%s | %.1f", tests, skipped == 0 ? "" : " (" + skipped + " skipped)", seconds);
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (!Files.exists(Path.of("core/target/tiers.txt"))) {
            System.err.println("No tests of core have run here since `clean`: run ./mvnw verify first");
            System.exit(1);
        }
        Map<String, Map<String, Set<String>>> tiers = new HashMap<>(); // by module and class: the methods of each tier
        for (String line : Files.readAllLines(Path.of("core/target/tiers.txt"))) {
            String[] words = line.split("\t");
            tiers.computeIfAbsent(words[1] + " " + words[2], key -> new TreeMap<>())
                    .put(words[0], Set.of(words[3].split(",")));
        }
        Map<Row, Sum> rows = new HashMap<>();
        Map<String, Sum> sums = new TreeMap<>(Comparator.reverseOrder()); // verify before thorough
        for (Path report : reports()) {
            String module = report.getName(report.getNameCount() - 4).toString();
            Element suite = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(report.toFile())
                    .getDocumentElement();
            var cases = suite.getElementsByTagName("testcase");
            double rest = seconds(suite); // what is before and after the tests, too
            Row row = null;
            for (int i = 0; i < cases.getLength(); i++) {
                Element test = (Element) cases.item(i);
                String method = test.getAttribute("name").replaceAll("\\W.*", "");
                String tier = tier(tiers.get(module + " " + suite.getAttribute("name")), method);
                row = new Row(tier, module, suite.getAttribute("name"));
                rest -= seconds(test);
                add(rows, sums, row, 1, test.getElementsByTagName("skipped").getLength(), seconds(test));
            }
            if (row != null) {
                add(rows, sums, row, 0, 0, Math.max(rest, 0));
            }
        }
        if (!Arrays.asList(arguments).contains("--sums")) {
            System.out.println("| tier | module | class | tests | seconds |\n|---|---|---|--:|--:|");
            List<Row> sorted = new ArrayList<>(rows.keySet());
            sorted.sort(Comparator.comparing(Row::tier)
                    .reversed()
                    .thenComparing(Row::module)
                    .thenComparing(row -> -rows.get(row).seconds));
            for (Row row : sorted) {
                String name = row.name().substring(row.name().lastIndexOf('.') + 1);
                System.out.printf("| %s | %s | %s | %s |%n", row.tier(), row.module(), name, rows.get(row).cells());
            }
            System.out.println();
        }
        System.out.println("| tier | tests | seconds |\n|---|--:|--:|");
        sums.forEach((tier, sum) -> System.out.printf("| %s | %s |%n", tier, sum.cells()));
    }

    private static void add(
            Map<Row, Sum> rows, Map<String, Sum> sums, Row row, int tests, int skipped, double seconds) {
        rows.computeIfAbsent(row, key -> new Sum()).add(tests, skipped, seconds);
        sums.computeIfAbsent(row.tier(), key -> new Sum()).add(tests, skipped, seconds);
    }

    private static List<Path> reports() throws Exception {
        List<Path> reports = new ArrayList<>();
        for (Path module : modules()) {
            Path folder = module.resolve("target/surefire-reports");
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.list(folder)) {
                    files.filter(it -> it.getFileName().toString().matches("TEST-.*\\.xml"))
                            .sorted()
                            .forEach(reports::add);
                }
            }
        }
        return reports;
    }

    /** What stands beside the pom, and in {@code proof}. */
    private static List<Path> modules() throws Exception {
        try (Stream<Path> beside = Files.list(Path.of("")); Stream<Path> proof = Files.list(Path.of("proof"))) {
            return Stream.concat(beside, proof).sorted().toList();
        }
    }

    private static String tier(Map<String, Set<String>> ofClass, String method) {
        if (ofClass == null) {
            return "unknown";
        }
        return ofClass.entrySet().stream()
                .filter(it -> ofClass.size() == 1 || it.getValue().contains(method))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("unknown");
    }

    private static double seconds(Element element) {
        return Double.parseDouble(element.getAttribute("time").replace(",", ""));
    }
}
