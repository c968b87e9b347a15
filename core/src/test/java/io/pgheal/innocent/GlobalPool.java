package io.pgheal.innocent;

import com.arjuna.ats.arjuna.common.CoordinatorEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBeanException;
import com.arjuna.ats.arjuna.common.ObjectStoreEnvironmentBean;
import com.arjuna.ats.internal.arjuna.objectstore.VolatileStore;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionManagerImple;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import com.arjuna.common.internal.util.propertyservice.BeanPopulator;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import jakarta.transaction.TransactionManager;
import java.sql.SQLException;
import org.postgresql.Driver;
import org.postgresql.xa.PGXADataSource;

/** Agroal, whose connections take part in the global transactions (JTA) of Narayana. */
public final class GlobalPool implements Lender {
    /** How a connection takes part. */
    public enum Resource {
        LOCAL(Driver.class),
        XA(PGXADataSource.class);

        private final Class<?> provider;

        Resource(Class<?> provider) {
            this.provider = provider;
        }
    }

    private static final TransactionManager MANAGER = managerThatKeepsNothingOnDisk();

    private final PostgresServer server;
    private final int slots;
    private final AgroalDataSource pool;

    public GlobalPool(PostgresServer server, Resource resource, int slots) throws SQLException {
        this.server = server;
        this.slots = slots;
        this.pool = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .metricsEnabled()
                .connectionPoolConfiguration(it -> it.maxSize(slots)
                        .transactionIntegration(new NarayanaTransactionIntegration(
                                MANAGER, new TransactionSynchronizationRegistryImple()))
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(resource.provider)
                                .jdbcUrl(server.app().url())
                                .principal(new NamePrincipal(server.app().user()))
                                .credential(new SimplePassword(server.app().password())))));
    }

    private static TransactionManager managerThatKeepsNothingOnDisk() {
        try {
            BeanPopulator.getDefaultInstance(CoreEnvironmentBean.class).setNodeIdentifier("pgheal");
        } catch (CoreEnvironmentBeanException e) {
            throw new IllegalStateException(e);
        }
        BeanPopulator.getDefaultInstance(CoordinatorEnvironmentBean.class).setDefaultTimeout(0);
        BeanPopulator.getDefaultInstance(ObjectStoreEnvironmentBean.class)
                .setObjectStoreType(VolatileStore.class.getName());
        for (String store : new String[] {"default", "stateStore", "communicationStore"}) {
            BeanPopulator.getNamedInstance(ObjectStoreEnvironmentBean.class, store)
                    .setObjectStoreType(VolatileStore.class.getName());
        }
        return new TransactionManagerImple();
    }

    public static TransactionManager manager() {
        return MANAGER;
    }

    @Override
    public SelfHealingDataSource.Builder guarded() {
        return SelfHealingDataSource.builder(pool)
                .controlDataSource(server.app().dataSource());
    }

    @Override
    public boolean isExhausted() {
        return pool.getMetrics().activeCount() == slots && pool.getMetrics().awaitingCount() > 0;
    }

    /** Connections that were ended, and not by their age. */
    public long destroyed() {
        return pool.getMetrics().destroyCount();
    }

    @Override
    public void close() {
        pool.close();
    }
}
