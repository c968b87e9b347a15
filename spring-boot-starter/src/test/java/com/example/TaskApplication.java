package com.example;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;
import org.springframework.amqp.rabbit.annotation.EnableRabbit;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.TaskExecutor;
import org.springframework.core.task.support.TaskExecutorAdapter;
import org.springframework.jms.annotation.EnableJms;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.concurrent.ConcurrentTaskExecutor;

/** Work that no servlet request does, with faults. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableAsync
@EnableScheduling
@EnableJms
@EnableKafka
@EnableRabbit
@Import(TaskApplication.Work.class)
public class TaskApplication {
    public static final AtomicInteger DECORATED = new AtomicInteger();

    /** The application's own, which must stay in force. */
    @Bean
    TaskDecorator counting() {
        return task -> () -> {
            DECORATED.incrementAndGet();
            task.run();
        };
    }

    @Bean(destroyMethod = "shutdownNow")
    ExecutorService plainService() {
        return Executors.newSingleThreadExecutor();
    }

    @Bean
    TaskExecutor adapted(ExecutorService plainService) {
        return new TaskExecutorAdapter(plainService);
    }

    /** One that takes no decorator. */
    @Bean
    Executor plain(ExecutorService plainService) {
        return plainService::execute;
    }

    /** One around an executor of the application's own. */
    @Bean
    TaskExecutor concurrent(ExecutorService plainService) {
        return new ConcurrentTaskExecutor(plainService);
    }

    /** Without a broker: one record, as Kafka's own stand-in for a consumer delivers it. */
    @Bean
    ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory() {
        ConcurrentKafkaListenerContainerFactory<String, String> factory =
                new ConcurrentKafkaListenerContainerFactory<>();
        factory.setConsumerFactory(new ConsumerFactory<>() {
            @Override
            public Consumer<String, String> createConsumer(
                    String group, String prefix, String suffix, Properties properties) {
                TopicPartition rows = new TopicPartition("rows", 0);
                MockConsumer<String, String> consumer = new MockConsumer<>(OffsetResetStrategy.EARLIEST);
                consumer.updateBeginningOffsets(Map.of(rows, 0L));
                consumer.schedulePollTask(() -> consumer.addRecord(new ConsumerRecord<>("rows", 0, 0, null, "kafka")));
                return consumer;
            }

            @Override
            public boolean isAutoCommit() {
                return false;
            }

            @Override
            public Map<String, Object> getConfigurationProperties() {
                return Map.of();
            }
        });
        return factory;
    }

    /** Without a broker: nothing is asked of this connection factory. */
    @Bean
    SimpleRabbitListenerContainerFactory rabbitListenerContainerFactory() {
        SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
        factory.setConnectionFactory(new CachingConnectionFactory("localhost", 1));
        return factory;
    }

    public static class Work {
        private final List<Connection> kept = new CopyOnWriteArrayList<>();
        private final DataSource dataSource;
        private volatile String scheduled;
        private volatile String scheduledAtRate;

        public Work(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        @Async("applicationTaskExecutor")
        public void asynchronously(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        @Async("plain")
        public void onAPlainExecutor(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        public void schedule(String row) {
            scheduled = row;
        }

        @Scheduled(fixedDelay = 50)
        public void onSchedule() throws SQLException {
            String row = scheduled;
            if (row != null) {
                scheduled = null;
                lock(row);
            }
        }

        public void scheduleAtRate(String row) {
            scheduledAtRate = row;
        }

        /** Its error is Spring's to log, and nobody else hears of it. */
        @Scheduled(fixedRate = 50)
        public void atRate() throws SQLException {
            String row = scheduledAtRate;
            if (row != null) {
                scheduledAtRate = null;
                lock(row);
                throw new Fault();
            }
        }

        @JmsListener(destination = "rows")
        public void message(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        @KafkaListener(
                id = "kafkaRows",
                topicPartitions =
                        @org.springframework.kafka.annotation.TopicPartition(topic = "rows", partitions = "0"),
                autoStartup = "false")
        public void record(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        @RabbitListener(id = "amqpRows", queues = "rows", autoStartup = "false")
        public void amqp(String row) throws SQLException {
            lock(row);
            throw new Fault();
        }

        /** Still reachable, or the garbage collector could be the first to tell. */
        public void lock(String row) throws SQLException {
            Connection connection = dataSource.getConnection();
            kept.add(connection);
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                if (statement.executeUpdate("UPDATE work SET done = done + 1 WHERE row = '" + row + "'") != 1) {
                    throw new IllegalStateException("no row " + row);
                }
            }
        }
    }

    public static class Fault extends Error {
        private static final long serialVersionUID = 1L;
    }
}
