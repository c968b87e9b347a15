package io.pgheal.track;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.core.TransactionState;

/** Stands for what lies below a handle: notes each call, and answers with defaults or by throwing. */
class Raw implements InvocationHandler {
    final List<Method> calls = new ArrayList<>();
    Throwable thrown;
    TransactionState transaction = TransactionState.OPEN;
    Runnable during = () -> {};

    @SuppressWarnings("unchecked")
    <T> T as(Class<?>... types) {
        return (T) Proxy.newProxyInstance(Raw.class.getClassLoader(), types, this);
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        switch (method.getName()) {
            case "hashCode":
                return System.identityHashCode(proxy);
            case "equals":
                return proxy == arguments[0];
            case "toString":
                return "raw";
            case "getTransactionState":
                return transaction;
            case "getBackendPID":
                return 1;
            default:
        }
        calls.add(method);
        during.run();
        if (thrown != null) {
            throw thrown;
        }
        return answer(method.getReturnType());
    }

    Object answer(Class<?> type) {
        Object plain = plain(type);
        return plain == null && type.isInterface() && type.getName().startsWith("java.sql.") ? as(type) : plain;
    }

    static Object plain(Class<?> type) {
        if (type == boolean.class) return false;
        if (type == int.class) return 1;
        if (type == long.class) return 1L;
        if (type == short.class) return (short) 1;
        if (type == byte.class) return (byte) 1;
        if (type == float.class) return 1f;
        if (type == double.class) return 1d;
        if (type == String.class) return "select 1";
        return null;
    }
}
