package io.pgheal.spring;

import java.sql.Connection;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/** An application that needs nothing but Spring Boot itself and the driver. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class PlainApplication {
    @Bean
    DataSource plain(Environment environment) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(environment.getRequiredProperty("test.url"));
        dataSource.setUser(environment.getRequiredProperty("test.user"));
        dataSource.setPassword(environment.getRequiredProperty("test.user"));
        return dataSource;
    }

    /** Starts, uses and stops it, and tells which data sources were guarded. */
    public static void main(String[] arguments) throws Exception {
        try (ConfigurableApplicationContext context = SpringApplication.run(PlainApplication.class, arguments);
                Connection connection = context.getBean(DataSource.class).getConnection()) {
            if (!connection.isValid(5)) {
                throw new IllegalStateException("not valid");
            }
            System.out.println("guarded: "
                    + context.getBean(GuardedDataSources.class).byName().keySet());
        }
    }
}
