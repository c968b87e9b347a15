package io.pgheal.sameanswers;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.Date;
import java.sql.JDBCType;
import java.sql.ResultSet;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.Executor;
import javax.xml.transform.dom.DOMResult;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.transform.stream.StreamSource;
import org.postgresql.fastpath.FastpathArg;
import org.postgresql.util.ByteStreamWriter;
import org.postgresql.util.PGobject;

/**
 * A value to pass, made for each call.
 *
 * @param label the type and the value, as a difference names them
 */
record Given(String label, Making making) {
    /** Milliseconds and seconds: no limit, or none that a call can reach. */
    private static final List<Integer> TIMES = List.of(60_000, 0, -1);
    /** For news that may not come. */
    private static final List<Integer> SHORT_TIMES = List.of(1, -1);

    private static final List<Class<?>> CLASSES = List.of(
            String.class,
            Integer.class,
            BigDecimal.class,
            LocalDate.class,
            UUID.class,
            Array.class,
            Blob.class,
            SQLXML.class,
            ResultSet.class,
            PGobject.class,
            DOMSource.class,
            StreamSource.class,
            DOMResult.class,
            StreamResult.class);

    /** Values by their names. What belongs to a connection is made on the one that the called object is from. */
    private static final Map<Class<?>, Map<String, Making>> BY_TYPE = Map.ofEntries(
            Map.entry(boolean.class, values(true, false)),
            Map.entry(CharSequence.class, values("text")),
            Map.entry(byte.class, values((byte) 1, (byte) -1)),
            Map.entry(char.class, values('x')),
            Map.entry(short.class, values((short) 1, (short) -1)),
            Map.entry(long.class, values(1L, 0L, -1L, 1L << 40)),
            Map.entry(float.class, values(1.5f, Float.NaN)),
            Map.entry(double.class, values(1.5, Double.POSITIVE_INFINITY)),
            Map.entry(BigDecimal.class, values(new BigDecimal("1.5"))),
            Map.entry(
                    Object.class,
                    Map.of(
                            "\"7\"", it -> "7",
                            "7", it -> 7,
                            "day", it -> LocalDate.of(2024, 2, 29),
                            "bytes", it -> new byte[] {1, 2},
                            "ints", it -> new int[] {1, 2},
                            "array", it -> it.createArrayOf("int4", new Object[] {1, 2}),
                            "stream", it -> stream(),
                            "foreign object", it -> new Foreign())),
            Map.entry(char[].class, Map.of("chars", it -> "secret".toCharArray())),
            Map.entry(byte[].class, Map.of("bytes", it -> "1,2\n".getBytes(StandardCharsets.US_ASCII))),
            Map.entry(int[].class, Map.of("[1]", it -> new int[] {1}, "[]", it -> new int[0])),
            Map.entry(String[].class, Map.of("[id]", it -> new String[] {"id"}, "[]", it -> new String[0])),
            Map.entry(Object[].class, Map.of("[1, 2]", it -> new Object[] {1, 2}, "[day]", it ->
                    new Object[] {LocalDate.of(2024, 2, 29)})),
            Map.entry(Date.class, values(Date.valueOf("2024-02-29"))),
            Map.entry(Time.class, values(Time.valueOf("12:34:56"))),
            Map.entry(Timestamp.class, values(Timestamp.valueOf("2024-02-29 12:34:56.789"))),
            Map.entry(Calendar.class, Map.of("UTC", it -> Calendar.getInstance(TimeZone.getTimeZone("UTC")))),
            Map.entry(InputStream.class, Map.of("stream", it -> stream())),
            Map.entry(Reader.class, Map.of("reader", it -> new StringReader("1\n"))),
            Map.entry(OutputStream.class, Map.of("stream", it -> new ByteArrayOutputStream())),
            Map.entry(Writer.class, Map.of("writer", it -> new StringWriter())),
            Map.entry(PrintWriter.class, Map.of("writer", it -> new PrintWriter(new StringWriter()))),
            Map.entry(CharBuffer.class, Map.of("buffer", it -> CharBuffer.allocate(3))),
            Map.entry(
                    ByteStreamWriter.class,
                    Map.of("writer", it -> ByteStreamWriter.of(ByteBuffer.wrap(new byte[] {'1', '\n'})))),
            Map.entry(Array.class, Map.of("array", it -> it.createArrayOf("int4", new Object[] {1, 2}))),
            Map.entry(Blob.class, Map.of("blob", it -> largeObject(it).getBlob(1))),
            Map.entry(Clob.class, Map.of("clob", it -> largeObject(it).getClob(1))),
            Map.entry(SQLXML.class, Map.of("xml", Given::xml)),
            Map.entry(Savepoint.class, Map.of("savepoint", Connection::setSavepoint)),
            Map.entry(
                    URL.class,
                    Map.of("url", it -> URI.create("http://localhost/").toURL())),
            Map.entry(Map.class, Map.of("{}", it -> Map.of(), "{pair}", it -> Map.of("pair", Foreign.class))),
            Map.entry(SQLType.class, values(JDBCType.INTEGER, JDBCType.VARCHAR)),
            Map.entry(Executor.class, Map.of("executor", it -> (Executor) Runnable::run)),
            Map.entry(Properties.class, Map.of("name", it -> {
                Properties properties = new Properties();
                properties.setProperty("ApplicationName", "given");
                return properties;
            })),
            Map.entry(
                    FastpathArg[].class,
                    Map.of("[1]", it -> new FastpathArg[] {new FastpathArg(1)}, "[]", it -> new FastpathArg[0])));

    /** Null is the only value of these that there is to pass: nobody makes one. */
    static final Set<String> ONLY_NULL =
            Set.of("java.sql.NClob", "java.sql.Ref", "java.sql.ResultSet", "java.sql.RowId", "java.sql.ShardingKey");

    interface Making {
        Object make(Connection connection) throws Exception;
    }

    /** An object that the driver knows nothing about. */
    static final class Foreign {
        @Override
        public String toString() {
            return "foreign";
        }
    }

    static List<Given> of(Specimen specimen, Method method, int position, Set<Class<?>> castable) {
        Class<?> type = method.getParameterTypes()[position];
        Map<String, Making> values = new LinkedHashMap<>();
        if (type == int.class) {
            boolean waits = method.getName().equals("getNotifications");
            boolean time = method.getName().matches("(?i).*(timeout|isvalid).*");
            (waits ? SHORT_TIMES : time ? TIMES : specimen.ints())
                    .forEach(each -> values.put(each.toString(), it -> each));
        } else if (type == String.class) {
            int last = specimen.strings().size() - 1;
            for (String each : specimen.strings().get(Math.min(position, last))) {
                values.put('"' + each + '"', it -> each);
            }
        } else if (type == Class.class) {
            boolean unwraps = method.getName().matches("unwrap|isWrapperFor");
            for (Class<?> each : unwraps ? castable : CLASSES) {
                values.put(each.getSimpleName(), it -> each);
            }
        } else if (type.isEnum()) {
            for (Object each : type.getEnumConstants()) {
                values.put(each.toString(), it -> each);
            }
        } else if (BY_TYPE.containsKey(type)) {
            BY_TYPE.get(type).entrySet().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .forEach(each -> values.put(each.getKey(), each.getValue()));
        } else if (!ONLY_NULL.contains(type.getName())) {
            throw new IllegalStateException("no value to pass for " + type + " of " + method);
        }
        if (!type.isPrimitive()) {
            values.put("null", it -> null);
        }
        List<Given> all = new ArrayList<>();
        values.forEach((name, making) -> all.add(new Given(type.getSimpleName() + " " + name, making)));
        return all;
    }

    private static Map<String, Making> values(Object... values) {
        Map<String, Making> all = new LinkedHashMap<>();
        for (Object each : values) {
            all.put(each.toString(), it -> each);
        }
        return all;
    }

    private static InputStream stream() {
        return new ByteArrayInputStream("1\n".getBytes(StandardCharsets.US_ASCII));
    }

    private static ResultSet largeObject(Connection connection) throws Exception {
        ResultSet row = connection.createStatement().executeQuery("SELECT large FROM every_type WHERE id = 1");
        row.next();
        return row;
    }

    private static SQLXML xml(Connection connection) throws Exception {
        SQLXML xml = connection.createSQLXML();
        xml.setString("<given/>");
        return xml;
    }
}
