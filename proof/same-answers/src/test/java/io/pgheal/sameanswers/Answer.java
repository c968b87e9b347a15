package io.pgheal.sameanswers;

import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/** What a call answers, as a text in which only the same answers are the same. */
final class Answer {
    private static final int SHORT = 400;

    private Answer() {}

    /** An exception by what code can tell it by. Its message is for people, and not compared. */
    static String of(Throwable thrown) {
        if (thrown instanceof InvocationTargetException wrapped) {
            return of(wrapped.getCause());
        }
        if (thrown instanceof SQLException e) {
            return family(e.getClass()) + " " + e.getSQLState();
        }
        return thrown.getClass().getSimpleName();
    }

    /** JDBC's own class of the exception, for a caller may catch that. */
    private static String family(Class<?> type) {
        return type.getName().startsWith("java.") ? type.getSimpleName() : family(type.getSuperclass());
    }

    /** A value, with the content of what has one. */
    static String of(Object value, Class<?> declared) {
        String text = whole(value, declared, 0).replace("\n", "\\n").replaceAll("@[0-9a-f]{3,}", "@#");
        // Two texts that differ beyond this differ in their hash.
        return text.length() <= SHORT ? text : text.substring(0, SHORT) + "... " + text.hashCode();
    }

    private static String whole(Object value, Class<?> declared, int depth) {
        try {
            return content(value, declared, depth);
        } catch (Exception e) {
            return "whose content is " + of(e);
        }
    }

    private static String content(Object value, Class<?> declared, int depth) throws Exception {
        if (value == null) {
            return "null";
        }
        if (value.getClass().isArray()) {
            List<String> elements = new ArrayList<>();
            for (int i = 0; i < Array.getLength(value); i++) {
                elements.add(whole(Array.get(value, i), value.getClass().getComponentType(), depth));
            }
            return elements.toString();
        }
        if (value instanceof ResultSet rows) {
            return "rows " + rows(rows, depth);
        }
        if (value instanceof java.sql.Array array) {
            return "array " + array.getBaseTypeName() + whole(array.getArray(), Object.class, depth);
        }
        if (value instanceof Blob blob) {
            return "blob " + Arrays.toString(blob.getBytes(1, (int) Math.min(blob.length(), 1000)));
        }
        if (value instanceof Clob clob) {
            return "clob " + clob.getSubString(1, (int) Math.min(clob.length(), 1000));
        }
        if (value instanceof SQLXML xml) {
            return "xml " + xml.getString();
        }
        if (value instanceof InputStream stream) {
            return "stream " + new String(stream.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
        if (value instanceof Reader reader) {
            StringWriter text = new StringWriter();
            reader.transferTo(text);
            return "reader " + text;
        }
        if (value instanceof CopyOut copy) {
            List<String> parts = new ArrayList<>();
            for (byte[] part = copy.readFromCopy(); part != null; part = copy.readFromCopy()) {
                parts.add(new String(part, StandardCharsets.UTF_8));
            }
            return "copied " + parts;
        }
        if (value instanceof CopyIn copy) {
            return "copied " + copy.endCopy();
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, String> sorted = new TreeMap<>();
            map.forEach((key, each) -> sorted.put(key.toString(), whole(each, Object.class, depth)));
            return sorted.toString();
        }
        if (value instanceof Throwable warning) {
            return of(warning);
        }
        String kinds = kinds(value);
        if (kinds.isEmpty()) {
            return String.valueOf(value.toString()); // null for a PGobject without a value
        }
        // An object of JDBC or of the driver: by what it is declared as, or by all that it could be cast to.
        String name = declared == Object.class || declared == Class.class ? kinds : declared.getSimpleName();
        boolean large = value instanceof Connection || value instanceof DatabaseMetaData;
        return name + " " + value + (depth > 0 || large ? "" : portrait(value, declared));
    }

    /** The interfaces of JDBC and of the driver. */
    private static String kinds(Object value) {
        return Types.of(value.getClass()).stream()
                .filter(Class::isInterface)
                .map(Class::getSimpleName)
                .sorted()
                .collect(Collectors.joining("+"));
    }

    private static List<List<String>> rows(ResultSet rows, int depth) throws SQLException {
        List<List<String>> all = new ArrayList<>();
        int columns = rows.getMetaData().getColumnCount();
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
            names.add(rows.getMetaData().getColumnLabel(i));
        }
        all.add(names);
        while (rows.next()) {
            all.add(row(rows, columns));
        }
        return all;
    }

    static List<String> row(ResultSet rows, int columns) throws SQLException {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
            row.add(rows.getString(i));
        }
        return row;
    }

    /** What an object says of itself: each getter that takes nothing, and returns a plain value. */
    static String portrait(Object value, Class<?> type) {
        List<String> lines = new ArrayList<>();
        for (Method method : getters(type)) {
            String text;
            try {
                text = whole(method.invoke(value), method.getReturnType(), 1);
            } catch (ReflectiveOperationException e) {
                text = of(e);
            }
            lines.add(method.getName() + "=" + text);
        }
        return lines.toString();
    }

    private static List<Method> getters(Class<?> type) {
        if (!type.getName().matches("(java\\.sql|org\\.postgresql)\\..*")) {
            return Collections.emptyList();
        }
        return Arrays.stream(type.getMethods())
                .filter(it -> it.getName().matches("(get|is)[A-Z].*")
                        && it.getParameterCount() == 0
                        && !Modifier.isStatic(it.getModifiers())
                        && it.getDeclaringClass() != Object.class)
                .filter(it -> it.getReturnType().isPrimitive() || it.getReturnType() == String.class)
                .sorted(Comparator.comparing(Method::getName))
                .toList();
    }
}
