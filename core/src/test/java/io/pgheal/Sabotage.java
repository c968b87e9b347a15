package io.pgheal;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Wrapper;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import javax.sql.DataSource;

/** Stands in front of the real driver's objects and lets one chosen call, once, throw instead of being passed on. */
final class Sabotage {
    private volatile String target;
    private volatile Throwable thrown;
    private volatile Thread caller;

    /** The next call of this method by the current thread throws this. */
    void arm(Method method, Throwable failure) {
        thrown = failure;
        caller = Thread.currentThread(); // the pool's own threads close what was evicted
        target = key(method.getName(), method.getParameterTypes());
    }

    /** Whether nothing has been thrown since it was armed. */
    boolean isArmed() {
        return target != null;
    }

    void disarm() {
        target = null;
    }

    private void pass(String name, Class<?>... parameters) throws Throwable {
        if (target != null
                && caller == Thread.currentThread()
                && key(name, parameters).equals(target)) {
            target = null;
            throw thrown;
        }
    }

    private static String key(String name, Class<?>[] parameters) {
        return name + Arrays.toString(parameters);
    }

    DataSource inFrontOf(DataSource driver) {
        return (DataSource) wrap(driver, new Class<?>[] {DataSource.class});
    }

    private Object wrap(Object real, Class<?>[] types) {
        return Proxy.newProxyInstance(Sabotage.class.getClassLoader(), types, (proxy, method, arguments) -> {
            if (!(real instanceof DataSource)) {
                pass(method.getName(), method.getParameterTypes());
            }
            try {
                if (method.getDeclaringClass() == Wrapper.class) {
                    Class<?> asked = (Class<?>) arguments[0];
                    boolean is = asked.isInstance(real);
                    return method.getName().equals("unwrap") ? asked.cast(real) : (Object) is;
                }
                return wrapped(method.invoke(real, arguments));
            } catch (InvocationTargetException e) {
                throw e.getTargetException();
            }
        });
    }

    private Object wrapped(Object real) {
        if (real instanceof InputStream stream) {
            return new In(stream);
        }
        if (real instanceof OutputStream stream) {
            return new Out(stream);
        }
        if (real == null || !real.getClass().getName().startsWith("org.postgresql.")) {
            return real;
        }
        Set<Class<?>> types = new LinkedHashSet<>();
        for (Class<?> type = real.getClass(); type != null; type = type.getSuperclass()) {
            for (Class<?> each : type.getInterfaces()) {
                if (each.getName().startsWith("java.sql.")) {
                    types.add(each);
                } else {
                    Arrays.stream(each.getInterfaces())
                            .filter(it -> it.getName().startsWith("java.sql."))
                            .forEach(types::add);
                }
            }
        }
        return types.isEmpty() ? real : wrap(real, types.toArray(Class<?>[]::new));
    }

    private void passIo(String name, Class<?>... parameters) throws IOException {
        try {
            pass(name, parameters);
        } catch (IOException | Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private final class In extends FilterInputStream {
        In(InputStream real) {
            super(real);
        }

        @Override
        public int read() throws IOException {
            passIo("read");
            return in.read();
        }

        @Override
        public int read(byte[] bytes) throws IOException {
            passIo("read", byte[].class);
            return in.read(bytes);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            passIo("read", byte[].class, int.class, int.class);
            return in.read(bytes, offset, length);
        }

        @Override
        public long skip(long count) throws IOException {
            passIo("skip", long.class);
            return in.skip(count);
        }

        @Override
        public synchronized void reset() throws IOException {
            passIo("reset");
            in.reset();
        }

        @Override
        public int available() throws IOException {
            passIo("available");
            return in.available();
        }

        @Override
        public void close() throws IOException {
            passIo("close");
            in.close();
        }
    }

    private final class Out extends FilterOutputStream {
        Out(OutputStream real) {
            super(real);
        }

        @Override
        public void write(int value) throws IOException {
            passIo("write", int.class);
            out.write(value);
        }

        @Override
        public void write(byte[] bytes) throws IOException {
            passIo("write", byte[].class);
            out.write(bytes);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            passIo("write", byte[].class, int.class, int.class);
            out.write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            passIo("flush");
            out.flush();
        }

        @Override
        public void close() throws IOException {
            passIo("close");
            out.close();
        }
    }
}
