package io.pgheal.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.properties.CanBeAnnotated;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.pgheal.Internal;
import org.junit.jupiter.api.Test;

/** What is written here a user could write as well: nothing of it needs what the core keeps to itself. */
class StarterApiTest {
    private final JavaClasses ours = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.pgheal.spring");

    @Test
    void usesOnlyTheApiOfTheCore() {
        noClasses()
                .should()
                .dependOnClassesThat(DescribedPredicate.describe("are internal", StarterApiTest::isInternal))
                .check(ours);
        noClasses()
                .should()
                .accessTargetWhere(DescribedPredicate.describe(
                        "is internal",
                        (JavaAccess<?> access) -> access.getTarget().resolveMember().stream()
                                .anyMatch(it -> isAnnotated((JavaMember) it))))
                .check(ours);
    }

    private static boolean isInternal(JavaClass type) {
        return isAnnotated(type)
                || type.getEnclosingClass().map(StarterApiTest::isInternal).orElse(false);
    }

    private static boolean isAnnotated(CanBeAnnotated element) {
        return element.isAnnotatedWith(Internal.class);
    }
}
