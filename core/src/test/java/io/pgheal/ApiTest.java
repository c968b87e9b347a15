package io.pgheal;

import static com.tngtech.archunit.core.domain.JavaModifier.BRIDGE;
import static com.tngtech.archunit.core.domain.JavaModifier.PROTECTED;
import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.core.domain.JavaModifier.STATIC;
import static com.tngtech.archunit.core.domain.JavaModifier.SYNTHETIC;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What users may rely on: all that is public and not {@link Internal}, as written down in {@code src/test/api.txt}. */
class ApiTest {
    private static final Path WRITTEN = Path.of("src/test/api.txt");
    private static final Set<String> OF_EVERY_RECORD = Set.of("equals", "hashCode", "toString");

    private final JavaClasses core = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(new ArchitectureTest.WithoutTestServer())
            .importPackages("io.pgheal");

    private Stream<JavaClass> api() {
        return core.stream().filter(ApiTest::isApi);
    }

    private static boolean isApi(JavaClass type) {
        boolean visible = type.getModifiers().contains(PUBLIC) && !type.isAnnotatedWith(Internal.class);
        return visible && type.getEnclosingClass().map(ApiTest::isApi).orElse(true);
    }

    private static Stream<JavaMember> members(JavaClass type) {
        return type.getMembers().stream()
                .filter(it ->
                        it.getModifiers().contains(PUBLIC) || it.getModifiers().contains(PROTECTED))
                .filter(it -> !it.getModifiers().contains(SYNTHETIC)
                        && !it.getModifiers().contains(BRIDGE))
                .filter(it -> !it.isAnnotatedWith(Internal.class))
                .filter(it -> !(it instanceof JavaMethod method && OF_EVERY_RECORD.contains(method.getName())));
    }

    private static Stream<JavaType> types(JavaMember member) {
        if (member instanceof JavaCodeUnit unit) {
            return Stream.of(
                            Stream.of(unit.getReturnType()),
                            unit.getParameterTypes().stream(),
                            unit.getExceptionTypes().stream())
                    .flatMap(it -> it);
        }
        return Stream.of(((JavaField) member).getType());
    }

    @Test
    void noTypeOfTheApiMentionsOneThatIsInternal() {
        List<String> mentions = new ArrayList<>();
        api().forEach(type -> members(type)
                .forEach(member -> types(member)
                        .flatMap(it -> it.getAllInvolvedRawTypes().stream())
                        .map(JavaClass::getBaseComponentType)
                        .filter(it -> it.getPackageName().startsWith("io.pgheal"))
                        .filter(it -> !isApi(it))
                        .forEach(it -> mentions.add(member.getFullName() + " mentions " + it.getName()))));
        assertThat(mentions).isEmpty();
    }

    /** A change of the API is a change of that file, which whoever reviews it sees. */
    @Test
    void theApiIsAsItIsWrittenDown() throws IOException {
        List<String> lines = api().flatMap(type -> Stream.concat(
                        Stream.of(type.getName() + supertypes(type)),
                        members(type).map(member -> type.getName() + " " + described(member))))
                .sorted()
                .toList();
        if (Boolean.getBoolean("pgheal.api.write")) {
            Files.write(WRITTEN, lines);
        }
        assertThat(lines)
                .as(
                        "if the API is to change so, write it down anew: -Dpgheal.api.write=true, and tell it in CHANGELOG.md")
                .containsExactlyElementsOf(Files.readAllLines(WRITTEN));
    }

    private static String supertypes(JavaClass type) {
        return Stream.concat(type.getRawSuperclass().stream(), type.getRawInterfaces().stream())
                .map(JavaClass::getName)
                .filter(it -> !it.equals("java.lang.Object"))
                .sorted()
                .collect(Collectors.joining(", ", " is ", ""))
                .replaceAll(" is $", "");
    }

    private static String described(JavaMember member) {
        String isStatic = member.getModifiers().contains(STATIC) ? "static " : "";
        if (member instanceof JavaCodeUnit unit) {
            return isStatic
                    + names(unit.getParameterTypes().stream(), unit.getName() + "(", ")")
                    + names(Stream.of(unit.getReturnType()), ": ", "")
                    + names(
                                    unit.getExceptionTypes().stream().sorted(Comparator.comparing(JavaType::getName)),
                                    " throws ",
                                    "")
                            .replaceAll(" throws $", "");
        }
        return isStatic + names(Stream.of(((JavaField) member).getType()), member.getName() + ": ", "");
    }

    private static String names(Stream<? extends JavaType> types, String before, String after) {
        return types.map(JavaType::getName).collect(Collectors.joining(", ", before, after));
    }
}
