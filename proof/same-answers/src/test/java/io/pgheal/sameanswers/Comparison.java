package io.pgheal.sameanswers;

import io.pgheal.testserver.Login;
import java.io.ByteArrayOutputStream;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;

/**
 * Calls every method of every specimen, in each state, without pgheal and with it. What is answered otherwise is called
 * without pgheal once more: what differs there too, a process id for example, is not compared.
 */
final class Comparison {
    /** So many objects share the connection that is closed, or whose transaction ends. */
    private static final int AT_ONCE = 50;

    /** What may have struck between two halves of a message: on such a connection the driver waits for ever. */
    private static final String HALF_SENT =
            "(?s).*(OutOfBoundsException|IllegalArgumentException|NegativeArraySizeException).*";

    private final Way way;
    private final Login login;
    private final List<Difference> differences = new ArrayList<>();
    private final Set<String> methods = new TreeSet<>();
    private final Set<String> states = new TreeSet<>();
    private final Set<String> unsteady = new TreeSet<>();
    private int calls;

    private Comparison(Way way, Login login) {
        this.way = way;
        this.login = login;
    }

    static Comparison of(Way way, Login login) throws Exception {
        Comparison made = new Comparison(way, login);
        made.run();
        return made;
    }

    List<Difference> differences() {
        return differences;
    }

    /** Calls whose answers were compared with nothing, because the driver alone does not repeat them. */
    Set<String> unsteady() {
        return unsteady;
    }

    String counts() {
        return "over %s: %d methods, %d states, %d calls, %d the same, %d differ, %d not compared"
                .formatted(
                        way,
                        methods.size(),
                        states.size(),
                        calls,
                        calls - differences.size() - unsteady.size(),
                        differences.size(),
                        unsteady.size());
    }

    private void run() throws Exception {
        try (Lender bare = way.open(login, false);
                Lender again = way.open(login, false);
                Lender guarded = way.open(login, true)) {
            for (Specimen specimen : Specimens.all()) {
                Kind kind = kind(specimen);
                for (String state : kind.states()) {
                    List<Asked> asked = asked(specimen, state, kind);
                    List<Pair> otherwise = otherwise(
                            asked,
                            answers(bare, false, specimen, state, asked),
                            answers(guarded, true, specimen, state, asked));
                    List<Asked> twice = otherwise.stream().map(Pair::asked).toList();
                    compare(state, otherwise, answers(again, false, specimen, state, twice));
                    states.add(state);
                    calls += asked.size();
                }
            }
        }
    }

    /** What can be asked about a specimen. */
    private record Kind(List<String> states, Set<Class<?>> castable) {}

    /** By the driver's own object, so that no pool hides what it is. */
    private Kind kind(Specimen specimen) throws Exception {
        try (Lender lender = Way.DRIVER.open(login, false);
                Origin origin = new Origin(Way.DRIVER, false, login, lender)) {
            Object object = specimen.making().make(origin);
            List<String> found = new ArrayList<>(List.of(Specimen.OPEN));
            if (closing(specimen) != null) {
                found.add(Specimen.CLOSED);
            }
            if (!specimen.midCopy() && specimen.type() != DataSource.class) {
                for (String parent : origin.parents().keySet()) {
                    if (origin.parents().get(parent) != object) {
                        found.add(parent + " closed");
                    }
                }
                found.add(Specimen.ABORTED);
                found.add(Specimen.COMMITTED);
                if (!found.contains(Specimen.CLOSED) || specimen.type() != Connection.class) {
                    found.add(Specimen.CONNECTION_CLOSED);
                }
            }
            return new Kind(found, Types.of(object.getClass()));
        }
    }

    private static Method closing(Specimen specimen) {
        return Arrays.stream(specimen.type().getMethods())
                .filter(it -> it.getName().matches("close|free") && it.getParameterCount() == 0)
                .findFirst()
                .orElse(null);
    }

    /** A call, or whether the object can be cast. */
    private record Asked(String text, Call call, Class<?> castable) {}

    private List<Asked> asked(Specimen specimen, String state, Kind kind) throws ReflectiveOperationException {
        List<Asked> asked = new ArrayList<>();
        boolean open = state.equals(Specimen.OPEN);
        if (open) {
            for (Class<?> type : kind.castable()) {
                asked.add(new Asked(specimen + " instanceof " + type.getSimpleName(), null, type));
            }
        }
        Stream<Method> own = Arrays.stream(specimen.type().getMethods())
                .filter(it -> !Modifier.isStatic(it.getModifiers())
                        && !it.isSynthetic()
                        && it.getDeclaringClass() != Object.class);
        Stream<Method> ofEach = Stream.of(Object.class.getMethod("toString"));
        for (Method method : Stream.concat(own, ofEach)
                .sorted(Comparator.comparing(Method::getName).thenComparing(Method::toString))
                .toList()) {
            for (Call call : Call.all(specimen, method, kind.castable(), open)) {
                methods.add(call.signature());
                asked.add(new Asked(call.toString(), call, null));
            }
        }
        return asked;
    }

    /** The two answers to a call. */
    private record Pair(Asked asked, String without, String with) {}

    private static List<Pair> otherwise(List<Asked> asked, List<String> without, List<String> with) {
        return IntStream.range(0, asked.size())
                .filter(it -> !without.get(it).equals(with.get(it)))
                .mapToObj(it -> new Pair(asked.get(it), without.get(it), with.get(it)))
                .toList();
    }

    private void compare(String state, List<Pair> otherwise, List<String> again) {
        for (int i = 0; i < otherwise.size(); i++) {
            Pair pair = otherwise.get(i);
            String without = pair.without();
            UnaryOperator<String> steady = without.equals(again.get(i)) ? it -> it : Comparison::withoutNumbers;
            if (!steady.apply(without).equals(steady.apply(again.get(i)))) {
                unsteady.add(String.join(" | ", pair.asked().text(), state, without, again.get(i)));
            } else if (!steady.apply(without).equals(steady.apply(pair.with()))) {
                differences.add(new Difference(pair.asked().text(), state, way, without, pair.with()));
            }
        }
    }

    private static String withoutNumbers(String answer) {
        return answer.replaceAll("\\d+", "#");
    }

    private List<String> answers(Lender lender, boolean guarded, Specimen specimen, String state, List<Asked> asked)
            throws Exception {
        List<String> answers = new ArrayList<>();
        int size = specimen.canShare(state) ? AT_ONCE : 1;
        for (int from = 0; from < asked.size(); from += size) {
            List<Question> questions = new ArrayList<>();
            for (Asked each : asked.subList(from, Math.min(from + size, asked.size()))) {
                questions.add(new Question(each, specimen, new Origin(way, guarded, login, lender)));
            }
            enter(state, lender, questions);
            for (Question each : questions) {
                answers.add(each.answer(state.equals(Specimen.OPEN)));
            }
            boolean failed = answers.subList(from, answers.size()).stream().anyMatch(it -> it.matches(HALF_SENT));
            if (failed || !questions.stream().allMatch(Question::keepsConnection)) {
                lender.discard(); // before anything is closed: that would wait for the end of a COPY
            }
            questions.forEach(each -> each.origin.close());
            if (state.equals(Specimen.CONNECTION_CLOSED)) {
                lender.forget();
            } else {
                lender.rollback();
            }
        }
        if (state.equals(Specimen.CONNECTION_CLOSED)) {
            Specimens.restore(login);
        }
        return answers;
    }

    private static void enter(String state, Lender lender, List<Question> questions) throws Exception {
        switch (state) {
            case Specimen.OPEN -> {}
            case Specimen.CLOSED -> {
                for (Question each : questions) {
                    closing(each.specimen).invoke(each.object);
                }
            }
            case Specimen.CONNECTION_CLOSED -> lender.connection().close();
            case Specimen.COMMITTED -> {
                if (!lender.connection().getAutoCommit()) {
                    lender.connection().commit();
                }
            }
            case Specimen.ABORTED -> {
                try (Statement statement = lender.connection().createStatement()) {
                    statement.execute("SELECT 1 / 0");
                } catch (SQLException e) {
                    // which aborts the transaction
                }
            }
            default -> {
                for (Question each : questions) {
                    each.origin.parents().get(state.replaceAll(" closed$", "")).close();
                }
            }
        }
    }

    /** An object and arguments, made before the object's state changes. */
    private static final class Question {
        private final Asked asked;
        private final Specimen specimen;
        private final Origin origin;
        private final Object object;
        private final Object[] arguments;

        Question(Asked asked, Specimen specimen, Origin origin) throws Exception {
            this.asked = asked;
            this.specimen = specimen;
            this.origin = origin;
            this.object = specimen.making().make(origin);
            List<Given> given = asked.call() == null ? List.of() : asked.call().arguments();
            this.arguments = new Object[given.size()];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = argument(given.get(i));
            }
        }

        private Object argument(Given given) throws Exception {
            try {
                return given.making().make(specimen.type() == DataSource.class ? null : origin.connection());
            } catch (SQLException e) {
                return null; // no savepoint in auto-commit mode
            }
        }

        boolean keepsConnection() {
            return asked.call() == null
                    ? !specimen.midCopy()
                    : specimen.kept().test(asked.call().method());
        }

        String answer(boolean open) throws Exception {
            if (asked.castable() != null) {
                return String.valueOf(asked.castable().isInstance(object));
            }
            Method method = asked.call().method();
            StringBuilder answer = new StringBuilder();
            List<String> before = filled();
            try {
                Object result = method.invoke(object, arguments);
                if (method.getReturnType() == void.class) {
                    answer.append("returns").append(open ? effect() : "");
                } else {
                    Class<?> declared = method.getReturnType();
                    if (declared == Object.class
                            && arguments.length > 0
                            && arguments[arguments.length - 1] instanceof Class<?> type) {
                        declared = type;
                    }
                    answer.append(Answer.of(result, declared));
                    if (specimen.type() == DataSource.class && result instanceof Connection connection) {
                        connection.close();
                    }
                }
            } catch (ReflectiveOperationException | IllegalArgumentException e) {
                answer.append(Answer.of(e));
            }
            List<String> after = filled();
            if (!before.equals(after)) {
                answer.append(", passed ").append(after);
            }
            return answer.toString();
        }

        private String effect() {
            String look;
            try {
                look = " " + Answer.of(specimen.effect().of(object), Object.class);
            } catch (Exception e) {
                look = " " + Answer.of(e);
            }
            return look + " " + Answer.portrait(object, specimen.type());
        }

        /** What the call writes into what was passed. */
        private List<String> filled() {
            List<String> texts = new ArrayList<>();
            for (Object each : arguments) {
                if (each instanceof byte[] || each instanceof char[]) {
                    texts.add(Answer.of(each, Object.class));
                } else if (each instanceof ByteArrayOutputStream || each instanceof StringWriter) {
                    texts.add(each.toString());
                }
            }
            return texts;
        }
    }
}
