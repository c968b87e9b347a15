package com.example.dropin;

import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.springframework.batch.core.job.SimpleJob;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.core.step.tasklet.TaskletStep;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.PlatformTransactionManager;

/** What teams have, each as small as it can be. */
public final class DropInApplications {
    private DropInApplications() {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Plain {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Web {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Jpa {}

    @Entity(name = "Person")
    public static class Person {
        @Id
        @GeneratedValue
        Long id;

        String name;

        protected Person() {}

        public Person(String name) {
            this.name = name;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Quartz {
        public static final AtomicInteger RUNS = new AtomicInteger();

        public static class Count implements Job {
            @Override
            public void execute(JobExecutionContext context) {
                RUNS.incrementAndGet();
            }
        }

        @Bean
        JobDetail job() {
            return JobBuilder.newJob(Count.class)
                    .withIdentity("count")
                    .storeDurably()
                    .build();
        }

        @Bean
        Trigger trigger(JobDetail job) {
            return TriggerBuilder.newTrigger()
                    .forJob(job)
                    .withIdentity("often")
                    .withSchedule(SimpleScheduleBuilder.repeatSecondlyForTotalCount(2))
                    .build();
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Batch {
        /** By few types, for Spring Batch 5 and 6 keep the others in different packages. */
        @Bean
        SimpleJob job(JobRepository repository, PlatformTransactionManager transactions, JdbcTemplate jdbc)
                throws Exception {
            Tasklet tasklet = (Tasklet) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {Tasklet.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("execute")) {
                            jdbc.execute("CREATE TABLE batch_rows (id int)");
                            jdbc.update("INSERT INTO batch_rows VALUES (1)");
                            return null;
                        }
                        return method.getName().equals("hashCode") ? (Object) 1 : null;
                    });
            TaskletStep step = new StepBuilder("step", repository)
                    .tasklet(tasklet, transactions)
                    .build();
            SimpleJob job = new SimpleJob("job");
            job.setJobRepository(repository);
            job.setSteps(List.of(step));
            return job;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Several {
        @Bean
        @Primary
        @ConfigurationProperties("first")
        HikariDataSource first() {
            return new HikariDataSource();
        }

        @Bean
        @ConfigurationProperties("second")
        HikariDataSource second() {
            return new HikariDataSource();
        }
    }

    private static HikariDataSource pool(Environment environment, String name) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(environment.getProperty("test.url"));
        pool.setUsername(environment.getProperty("spring.datasource.username"));
        pool.setPassword(environment.getProperty("spring.datasource.password"));
        pool.setMaximumPoolSize(2);
        pool.addDataSourceProperty("ApplicationName", name);
        return pool;
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Routed {
        public static final ThreadLocal<String> SIDE = new ThreadLocal<>();

        @Bean
        DataSource left(Environment environment) {
            return pool(environment, "left");
        }

        @Bean
        DataSource right(Environment environment) {
            return pool(environment, "right");
        }

        @Bean
        @Primary
        DataSource routed(@Qualifier("left") DataSource left, @Qualifier("right") DataSource right) {
            AbstractRoutingDataSource routed = new AbstractRoutingDataSource() {
                @Override
                protected Object determineCurrentLookupKey() {
                    return SIDE.get();
                }
            };
            routed.setTargetDataSources(Map.of("left", left, "right", right));
            routed.setDefaultTargetDataSource(left);
            return routed;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Lazy {
        @Bean
        DataSource pool(Environment environment) {
            return DropInApplications.pool(environment, "lazy");
        }

        @Bean
        @Primary
        DataSource lazy(@Qualifier("pool") DataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class NeedsHikari {
        public record Needs(HikariDataSource pool) {}

        @Bean
        Needs needs(HikariDataSource pool) {
            return new Needs(pool);
        }
    }
}
