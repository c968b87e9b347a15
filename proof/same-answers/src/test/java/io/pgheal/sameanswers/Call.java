package io.pgheal.sameanswers;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** One method with its arguments. */
record Call(Specimen specimen, Method method, List<Given> arguments) {
    /** Of at most so many values every combination is passed; of more, one value after the other beside the first ones. */
    private static final int COMBINATIONS = 600;

    private static final int COMBINATIONS_OF_MANY = 60;

    /** An open object gets all values. In every other state most calls fail, whatever is passed. */
    static List<Call> all(Specimen specimen, Method method, Set<Class<?>> castable, boolean open) {
        List<List<Given>> values = new ArrayList<>();
        int product = 1;
        for (int i = 0; i < method.getParameterCount(); i++) {
            List<Given> all = Given.of(specimen, method, i, castable);
            values.add(open ? all : all.subList(0, Math.min(all.size(), 2)));
            product = Math.min(product, COMBINATIONS + 1) * values.get(i).size();
        }
        boolean many = values.size() > 2 || !specimen.kept().test(method);
        int limit = many ? COMBINATIONS_OF_MANY : COMBINATIONS;
        List<List<Given>> combinations = open && product <= limit ? product(values) : oneAfterTheOther(values);
        return combinations.stream()
                .map(each -> new Call(specimen, method, each))
                .toList();
    }

    private static List<List<Given>> product(List<List<Given>> values) {
        List<List<Given>> all = List.of(List.of());
        for (List<Given> next : values) {
            List<List<Given>> longer = new ArrayList<>();
            for (List<Given> each : all) {
                for (Given value : next) {
                    List<Given> more = new ArrayList<>(each);
                    more.add(value);
                    longer.add(more);
                }
            }
            all = longer;
        }
        return all;
    }

    private static List<List<Given>> oneAfterTheOther(List<List<Given>> values) {
        List<Given> first = values.stream().map(each -> each.get(0)).toList();
        List<List<Given>> all = new ArrayList<>(List.of(first));
        for (int i = 0; i < values.size(); i++) {
            for (Given value : values.get(i).subList(1, values.get(i).size())) {
                List<Given> other = new ArrayList<>(first);
                other.set(i, value);
                all.add(other);
            }
        }
        return all;
    }

    /** {@code ResultSet.getInt(int)}. */
    String signature() {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    /** {@code ResultSet.getInt(int 1)}. */
    @Override
    public String toString() {
        return specimen + "." + method.getName()
                + arguments.stream().map(Given::label).collect(Collectors.joining(", ", "(", ")"));
    }
}
