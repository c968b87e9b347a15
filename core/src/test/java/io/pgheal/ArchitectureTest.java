package io.pgheal;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What the layout promises, see the package comments. */
@AnalyzeClasses(
        packages = "io.pgheal",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.WithoutTestServer.class})
class ArchitectureTest {

    /** The flow, from left to right. */
    private static final List<String> STAGES = List.of(
            "io.pgheal.thread..",
            "io.pgheal.postgres..",
            "io.pgheal.track..",
            "io.pgheal.witness..",
            "io.pgheal.detect..",
            "io.pgheal.diagnose..",
            "io.pgheal.decide..",
            "io.pgheal.heal..",
            "io.pgheal.report..",
            "io.pgheal.cycle..",
            "io.pgheal");

    /** What of the root package is but values, which the cycle may know. */
    private static final Set<String> VALUES = Set.of("HealingConfig", "Release", "ReleaseCandidate", "ReleaseTarget");

    private static final String[] PURE = {"io.pgheal.detect..", "io.pgheal.diagnose..", "io.pgheal.decide.."};

    @ArchTest
    static final ArchRule everyPackageHasItsPlaceInTheFlow =
            classes().should().resideInAnyPackage(STAGES.toArray(String[]::new));

    @ArchTest
    static void aPackageImportsOnlyWhatStandsToItsLeft(JavaClasses core) {
        for (int stage = 0; stage < STAGES.size() - 1; stage++) {
            String left = STAGES.get(stage);
            String[] toTheRight = STAGES.subList(stage + 1, STAGES.size()).toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(left)
                    .should()
                    .dependOnClassesThat(resideInAnyPackage(toTheRight)
                            .and(describe(
                                    "may not be known to all",
                                    type -> !type.isEquivalentTo(Internal.class)
                                            && (!left.equals("io.pgheal.cycle..") || !isValue(type)))))
                    .allowEmptyShould(true)
                    .check(core);
        }
    }

    @ArchTest
    static final ArchRule valuesKnowNobodyWhoKnowsThem = noClasses()
            .that(describe("are values of the root package", ArchitectureTest::isValue))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.pgheal.cycle..");

    private static boolean isValue(JavaClass type) {
        return type.getPackageName().equals("io.pgheal")
                && VALUES.contains(type.getName().replaceAll("io\\.pgheal\\.(\\w+).*", "$1"));
    }

    @ArchTest
    static final ArchRule judgementUsesNoJdbc = noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "org.postgresql..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule judgementUsesNoThreads = noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .dependOnClassesThat(describe(
                    "belong to threads",
                    type -> type.isAssignableTo(Thread.class)
                            || type.getPackageName().startsWith("java.util.concurrent")
                                    && !type.isAssignableTo(TimeUnit.class)))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule judgementUsesNoClock = noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class)
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyTheTickerReadsTheClock = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("io.pgheal.track.Ticker")
            .should()
            .accessTargetWhere(readsTheClock());

    @ArchTest
    static final ArchRule namesSayWhatAClassIs = noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?)");

    private static DescribedPredicate<JavaAccess<?>> readsTheClock() {
        return describe("reads the clock", access -> {
            AccessTarget target = access.getTarget();
            JavaClass owner = target.getOwner();
            return switch (target.getName()) {
                case "nanoTime", "currentTimeMillis" -> owner.isEquivalentTo(System.class);
                case "now" -> owner.getPackageName().equals("java.time");
                case "system", "systemUTC", "systemDefaultZone" -> owner.isEquivalentTo(Clock.class);
                default -> false;
            };
        });
    }

    static final class WithoutTestServer implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/io/pgheal/testserver/");
        }
    }
}
