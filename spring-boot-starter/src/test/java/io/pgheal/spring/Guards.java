package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;

/** The guards behind beans. */
final class Guards {
    private Guards() {}

    static boolean isGuarded(Object bean) {
        try {
            return bean instanceof DataSource dataSource && dataSource.isWrapperFor(SelfHealingDataSource.class);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    static SelfHealingDataSource of(DataSource bean) {
        try {
            return bean.unwrap(SelfHealingDataSource.class);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    static SelfHealingDataSource of(BeanFactory beans, String name) {
        return of(beans.getBean(name, DataSource.class));
    }

    /** The only one. */
    static SelfHealingDataSource of(BeanFactory beans) {
        return beans.getBean(GuardedDataSources.class)
                .byName()
                .values()
                .iterator()
                .next();
    }
}
