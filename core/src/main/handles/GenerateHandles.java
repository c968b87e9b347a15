import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.tools.ToolProvider;

/**
 * Writes the source of the handles from {@code handles.table}. The build runs this program, and compiles its output
 * with the other sources. It asks javac for the methods of the Java release that pgheal is built for, whatever JDK the
 * build runs on.
 *
 * <p>Arguments: the table, the release, the folder of sources to write to.
 */
final class GenerateHandles {
    private static final String PACKAGE = "io.pgheal.track";

    /** The driver's types that a handle wraps, by the overloads of {@code Handle.wrap}. */
    private static final Set<String> WRAPPED = Set.of(
            "Array",
            "Blob",
            "Clob",
            "InputStream",
            "NClob",
            "OutputStream",
            "ParameterMetaData",
            "Reader",
            "ResultSet",
            "ResultSetMetaData",
            "Writer");

    /** The parameter types for which the driver gets its own objects back, by the overloads of {@code Handle.own}. */
    private static final Set<String> OWNED = Set.of("Blob", "Clob", "InputStream", "NClob", "Object", "Reader");

    private static final List<String> PARAMETERS =
            List.of("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth");

    /** {@code final class BlobHandle extends Handle implements Blob: raw}. */
    private static final Pattern HEADING =
            Pattern.compile("((?:abstract |final )?class (\\w+) extends (\\w+)(?: implements (\\w+))?): (\\w+)");

    /** {@code fetch  getObject position(Blob, long)}; a line with deeper indentation continues the last kind. */
    private static final Pattern LINE = Pattern.compile(" {4}(?:(by hand|[a-z]+) +| {12})(.*)");

    private static final Pattern METHOD = Pattern.compile("(\\w+)(\\([^)]*\\))?");

    /** One class of the table. */
    private record Handle(String declaration, String name, String above, String type, String field) {}

    private final Elements elements;
    private final Handle handle;
    private final Map<String, String> kinds;
    private final Set<String> imports = new TreeSet<>();
    private final StringBuilder body = new StringBuilder();

    private GenerateHandles(Elements elements, Handle handle, Map<String, String> kinds) {
        this.elements = elements;
        this.handle = handle;
        this.kinds = kinds;
    }

    public static void main(String[] args) throws IOException {
        JavacTask javac = (JavacTask) ToolProvider.getSystemJavaCompiler()
                .getTask(null, null, null, List.of("--release", args[1]), List.of("java.lang.Object"), null);
        Path folder = Files.createDirectories(Path.of(args[2]).resolve(PACKAGE.replace('.', '/')));
        Set<Path> written = new TreeSet<>();
        for (Map.Entry<Handle, Map<String, String>> entry :
                read(Path.of(args[0])).entrySet()) {
            String source = new GenerateHandles(javac.getElements(), entry.getKey(), entry.getValue()).source();
            Path file = folder.resolve(entry.getKey().name() + ".java");
            // An unchanged file keeps its time, so that nothing is recompiled.
            if (!Files.exists(file) || !Files.readString(file).equals(source)) {
                Files.writeString(file, source);
            }
            written.add(file);
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path old : files.filter(it -> !written.contains(it)).toList()) {
                Files.delete(old);
            }
        }
    }

    private static Map<Handle, Map<String, String>> read(Path table) throws IOException {
        Map<Handle, Map<String, String>> handles = new LinkedHashMap<>();
        Map<String, String> methods = Map.of();
        String kind = "";
        for (String line : Files.readAllLines(table)) {
            Matcher heading = HEADING.matcher(line);
            Matcher entry = LINE.matcher(line);
            if (heading.matches()) {
                String type = heading.group(4) == null ? heading.group(3) : heading.group(4);
                methods = new LinkedHashMap<>();
                handles.put(
                        new Handle(heading.group(1), heading.group(2), heading.group(3), type, heading.group(5)),
                        methods);
                kind = "";
            } else if (entry.matches()) {
                kind = entry.group(1) == null ? kind : entry.group(1);
                Matcher method = METHOD.matcher(entry.group(2));
                while (method.find()) {
                    if (methods.put(method.group().replace(" ", ""), kind) != null) {
                        throw new IllegalStateException(table + " names " + method.group() + " twice: " + line);
                    }
                }
            } else if (!line.isBlank() && !line.startsWith("#")) {
                throw new IllegalStateException(table + ": neither a class nor a kind with methods: " + line);
            }
        }
        return handles;
    }

    private String source() {
        boolean stream = handle.type().equals(handle.above());
        TypeElement type = elements.getTypeElement((stream ? "java.io." : "java.sql.") + handle.type());
        if (type == null) {
            throw new IllegalStateException("no such type: " + handle);
        }
        imports.add("java.lang.ref.Reference");
        imports.add(type.getQualifiedName().toString());
        begin(stream, leadsOn(type));
        Set<String> unused = new TreeSet<>(kinds.keySet());
        List<String> missing = new ArrayList<>();
        for (ExecutableElement method : methods(type)) {
            String name = method.getSimpleName().toString();
            String signature = signature(method);
            String key = kinds.containsKey(signature) ? signature : name;
            String kind = kinds.get(key);
            unused.remove(key);
            if (kind == null) {
                missing.add(signature);
            } else if (!kind.equals("by hand") && !kind.equals("inherited")) {
                method(method, kind, stream);
            }
        }
        if (!missing.isEmpty() || !unused.isEmpty()) {
            throw new IllegalStateException("handles.table, " + handle.name() + ": not said what these are: " + missing
                    + ", and " + handle.type() + " has no such methods: " + unused);
        }
        return "// Written by the build from src/main/handles/handles.table: change that instead.\npackage " + PACKAGE
                + ";\n\n"
                + imports.stream()
                        .filter(it -> !it.startsWith("java.lang.") || it.startsWith("java.lang.ref."))
                        .map(it -> "import " + it + ";\n")
                        .collect(Collectors.joining())
                + "\n/** What the application holds in place of the driver's own {@link " + handle.type() + "}. */\n"
                + handle.declaration() + " {\n" + body + "}\n";
    }

    /**
     * The methods that the type itself declares, and {@code toString}. Inherited methods are in the handle's
     * superclass.
     */
    private List<ExecutableElement> methods(TypeElement type) {
        List<ExecutableElement> methods = new ArrayList<>();
        for (ExecutableElement method : ElementFilter.methodsIn(type.getEnclosedElements())) {
            if (method.getModifiers().contains(Modifier.PUBLIC)
                    && !method.getModifiers().contains(Modifier.STATIC)) {
                methods.add(method);
            }
        }
        if (kinds.containsKey("toString")) {
            ElementFilter.methodsIn(elements.getTypeElement("java.lang.Object").getEnclosedElements()).stream()
                    .filter(it -> it.getSimpleName().contentEquals("toString"))
                    .forEach(methods::add);
        }
        // The order that a JDK lists them in differs between JDKs; the same source is to make the same classes.
        methods.sort(Comparator.comparing(GenerateHandles::signature));
        return methods;
    }

    private static String signature(ExecutableElement method) {
        return method.getParameters().stream()
                .map(it -> erased(it.asType()))
                .collect(Collectors.joining(",", method.getSimpleName() + "(", ")"));
    }

    /** Whether code that holds such a handle gets to anything else of the lease. */
    private boolean leadsOn(TypeElement type) {
        return kinds.containsValue("by hand")
                || kinds.containsValue("connection")
                || methods(type).stream().anyMatch(it -> isWrapped(it.getReturnType()));
    }

    private void begin(boolean stream, boolean leadsOn) {
        String raw = handle.type() + " " + handle.field();
        String text = handle.above().equals("PreparedStatementHandle") ? "sql" : "";
        if (stream) {
            line(1, "private final Lease lease;");
            line(1, "/** Keeps the connection's handle reachable. */");
            line(1, "private final Handle owner;");
            line(1, "private final " + raw + ";");
        } else {
            line(1, "final " + raw + ";");
        }
        line(0, "");
        line(
                1,
                handle.name() + "(Lease lease, " + (stream || leadsOn ? "Handle owner, " : "") + raw
                        + (text.isEmpty() ? "" : ", String " + text) + ") {");
        switch (handle.above()) {
            case "Handle", "WrapperHandle" ->
                line(2, "super(lease, " + (leadsOn ? "owner" : "null") + ");"); // a mere value keeps nothing reachable
            default -> {
                if (stream) {
                    line(2, "this.lease = lease;");
                    line(2, "this.owner = owner;");
                } else {
                    line(2, "super(lease, owner, " + handle.field() + (text.isEmpty() ? "" : ", " + text) + ");");
                }
            }
        }
        line(2, "this." + handle.field() + " = " + handle.field() + ";");
        line(1, "}");
        if (handle.above().equals("WrapperHandle")) {
            imports.add("java.sql.Wrapper");
            line(0, "");
            line(1, "@Override");
            line(1, "Wrapper below() {");
            line(2, "return " + handle.field() + ";");
            line(1, "}");
        }
    }

    private void method(ExecutableElement method, String kind, boolean stream) {
        String result = name(method.getReturnType());
        boolean isVoid = method.getReturnType().getKind() == TypeKind.VOID;
        boolean counted = Set.of("fetch", "prepare", "host", "read", "execute", "update", "close", "release", "reset")
                .contains(kind);
        boolean nullable = kind.equals("warnings") || (counted && isWrapped(method.getReturnType()));
        line(0, "");
        line(1, "@Override");
        if (elements.isDeprecated(method)) {
            line(1, "@Deprecated");
        }
        if (nullable) {
            imports.add("org.jspecify.annotations.Nullable");
        }
        line(
                1,
                "public " + typeParameters(method) + (nullable ? "@Nullable " : "") + result + " "
                        + method.getSimpleName() + "(" + parameters(method) + ")" + exceptions(method) + " {");
        enter(method, kind, stream);
        line(2, "try {");
        if (counted) {
            if (isVoid) {
                line(3, below(method, kind) + ";");
                line(3, "lease.exit();");
            } else {
                line(3, (nullable ? "@Nullable " : "") + result + " result = " + wrapped(method, kind) + ";");
                line(3, "lease.exit();");
                line(3, "return result;");
            }
        } else {
            String value = switch (kind) {
                case "closed" -> "lease.isOver() ? true : " + below(method, kind);
                case "connection" -> "connection()";
                default -> below(method, kind);
            };
            line(3, (isVoid ? "" : "return ") + value + ";");
        }
        if (!kind.equals("connection")) {
            line(2, "} catch (Throwable t) {");
            line(3, "lease." + (counted ? "failed" : "cut") + "(t);");
            line(3, "throw t;");
        }
        line(2, "} finally {");
        if (stream && method.getSimpleName().contentEquals("toString")) {
            line(3, "Reference.reachabilityFence(owner);");
        }
        line(3, "Reference.reachabilityFence(this);");
        line(2, "}");
        line(1, "}");
    }

    /** The code before the driver's method, which counts or refuses the call. */
    private void enter(ExecutableElement method, String kind, boolean stream) {
        switch (kind) {
            case "touch" -> line(2, "lease.touch();");
            case "warnings" -> {
                line(2, "if (lease.isCut()) {");
                line(3, "return null; // must not fail in clean-up code");
                line(2, "}");
                line(2, "lease.touch();");
            }
            case "check" -> line(2, "lease.check();");
            case "ask", "closed", "connection" -> {}
            case "fetch" -> line(2, stream ? "StreamCalls.enter(lease);" : "lease.enter(Call.FETCH);");
            case "prepare" -> line(2, "lease.enter(Call.PREPARE);");
            case "host", "read" -> line(2, "lease.enter(Call.HOST);");
            case "update" -> line(2, "lease.enter(Call.EXECUTE);");
            case "execute" ->
                line(2, "lease.enter(Call.EXECUTE, " + (method.getParameters().isEmpty() ? "text()" : "first") + ");");
            case "close", "release", "reset" -> {
                line(
                        2,
                        "if (!lease.enter" + kind.substring(0, 1).toUpperCase(Locale.ROOT) + kind.substring(1)
                                + "()) {");
                line(3, "return;");
                line(2, "}");
            }
            default -> throw new IllegalStateException("handles.table has no kind \"" + kind + "\"");
        }
    }

    private String below(ExecutableElement method, String kind) {
        List<String> arguments = new ArrayList<>();
        for (VariableElement parameter : method.getParameters()) {
            String name = PARAMETERS.get(arguments.size());
            boolean own = kind.equals("host") && OWNED.contains(erased(parameter.asType()));
            arguments.add(own ? "own(" + name + ")" : name);
        }
        return handle.field() + "." + method.getSimpleName() + "(" + String.join(", ", arguments) + ")";
    }

    private String wrapped(ExecutableElement method, String kind) {
        String below = below(method, kind);
        TypeMirror result = method.getReturnType();
        if (!isWrapped(result)) {
            return below;
        }
        if (result.getKind() == TypeKind.TYPEVAR) {
            return "wrapObject(" + below + ", "
                    + PARAMETERS.get(method.getParameters().size() - 1) + ")";
        }
        String wrap = kind.equals("execute") ? "wrapRows" : erased(result).equals("Object") ? "wrapObject" : "wrap";
        return wrap + "(" + below + ")";
    }

    private boolean isWrapped(TypeMirror type) {
        return type.getKind() == TypeKind.TYPEVAR
                || WRAPPED.contains(erased(type))
                || erased(type).equals("Object");
    }

    // ---- the methods' signatures

    private String typeParameters(ExecutableElement method) {
        if (method.getTypeParameters().isEmpty()) {
            return "";
        }
        return method.getTypeParameters().stream()
                .map(this::typeParameter)
                .collect(Collectors.joining(", ", "<", "> "));
    }

    private String typeParameter(TypeParameterElement parameter) {
        String bounds = parameter.getBounds().stream()
                .map(this::name)
                .filter(it -> !it.equals("Object"))
                .collect(Collectors.joining(" & "));
        return parameter.getSimpleName() + (bounds.isEmpty() ? "" : " extends " + bounds);
    }

    private String parameters(ExecutableElement method) {
        List<String> parameters = new ArrayList<>();
        for (VariableElement parameter : method.getParameters()) {
            parameters.add(name(parameter.asType()) + " " + PARAMETERS.get(parameters.size()));
        }
        return String.join(", ", parameters);
    }

    private String exceptions(ExecutableElement method) {
        if (method.getThrownTypes().isEmpty()) {
            return "";
        }
        return method.getThrownTypes().stream().map(this::name).collect(Collectors.joining(", ", " throws ", ""));
    }

    /** The type as written in the source; adds its import. */
    private String name(TypeMirror type) {
        if (type instanceof ArrayType array) {
            return name(array.getComponentType()) + "[]";
        }
        if (type instanceof WildcardType wildcard) {
            TypeMirror bound = wildcard.getExtendsBound();
            return bound == null ? "?" : "? extends " + name(bound);
        }
        if (!(type instanceof DeclaredType declared)) {
            return type.toString();
        }
        TypeElement element = (TypeElement) declared.asElement();
        if (element.getEnclosingElement().getKind() != ElementKind.PACKAGE) {
            throw new IllegalStateException("a nested type, which no method of JDBC had: " + element);
        }
        imports.add(element.getQualifiedName().toString());
        String arguments = declared.getTypeArguments().stream().map(this::name).collect(Collectors.joining(", "));
        return element.getSimpleName() + (arguments.isEmpty() ? "" : "<" + arguments + ">");
    }

    /** The type as written in the table: simple names, without type arguments. */
    private static String erased(TypeMirror type) {
        if (type instanceof ArrayType array) {
            return erased(array.getComponentType()) + "[]";
        }
        return type instanceof DeclaredType declared
                ? declared.asElement().getSimpleName().toString()
                : type.toString();
    }

    private void line(int depth, String text) {
        body.append("    ".repeat(text.isEmpty() ? 0 : depth)).append(text).append('\n');
    }
}
