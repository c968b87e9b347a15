package io.pgheal.spring;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A live view of the application's own map of routing targets, because the application may add targets later. It shows
 * guards in place of the guarded targets, and writes through to that map.
 */
final class ExchangedTargets extends AbstractMap<Object, @Nullable Object> {
    private final Map<Object, @Nullable Object> targets;
    private final UnaryOperator<@Nullable Object> exchange;

    @SuppressWarnings("unchecked") // Spring takes a Map<Object, Object>
    ExchangedTargets(Map<?, ?> targets, UnaryOperator<@Nullable Object> exchange) {
        this.targets = (Map<Object, @Nullable Object>) targets;
        this.exchange = exchange;
    }

    @Override
    public @Nullable Object put(Object key, @Nullable Object target) {
        return exchange.apply(targets.put(key, target));
    }

    @Override
    public Set<Entry<Object, @Nullable Object>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Entry<Object, @Nullable Object>> iterator() {
                Iterator<Entry<Object, @Nullable Object>> entries =
                        targets.entrySet().iterator();
                return new Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        return entries.hasNext();
                    }

                    @Override
                    public Entry<Object, @Nullable Object> next() {
                        Entry<Object, @Nullable Object> entry = entries.next();
                        return new SimpleImmutableEntry<>(entry.getKey(), exchange.apply(entry.getValue()));
                    }

                    @Override
                    public void remove() {
                        entries.remove();
                    }
                };
            }

            @Override
            public int size() {
                return targets.size();
            }
        };
    }
}
