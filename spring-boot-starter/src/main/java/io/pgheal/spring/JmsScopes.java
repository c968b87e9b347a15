package io.pgheal.spring;

import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageListener;
import jakarta.jms.Session;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.SmartLifecycle;
import org.springframework.jms.config.JmsListenerEndpointRegistry;
import org.springframework.jms.listener.AbstractMessageListenerContainer;
import org.springframework.jms.listener.MessageListenerContainer;
import org.springframework.jms.listener.SessionAwareMessageListener;

/**
 * Makes each message that a listener of Spring JMS handles a unit of work. The listener factories accept no advice, so
 * the listeners are wrapped just before their containers start. A listener that is registered later is not covered.
 */
final class JmsScopes implements SmartLifecycle {
    private final TaskScopes scopes;
    private final ObjectProvider<JmsListenerEndpointRegistry> registries;
    private final ObjectProvider<AbstractMessageListenerContainer> containers;
    private volatile boolean running;

    /** @param containers the containers that the application created as beans */
    JmsScopes(
            TaskScopes scopes,
            ObjectProvider<JmsListenerEndpointRegistry> registries,
            ObjectProvider<AbstractMessageListenerContainer> containers) {
        this.scopes = scopes;
        this.containers = containers;
        this.registries = registries;
    }

    /** Starts before all beans that receive messages. */
    @Override
    public int getPhase() {
        return Integer.MIN_VALUE;
    }

    @Override
    public void start() {
        running = true;
        containers.forEach(this::wrap);
        registries.forEach(registry -> {
            for (MessageListenerContainer container : registry.getListenerContainers()) {
                if (container instanceof AbstractMessageListenerContainer adaptable) {
                    wrap(adaptable);
                }
            }
        });
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    private void wrap(AbstractMessageListenerContainer container) {
        Object listener = container.getMessageListener();
        boolean wrapped = listener instanceof UnitOfWork; // the context was stopped and restarted
        if (!wrapped && (listener instanceof MessageListener || listener instanceof SessionAwareMessageListener<?>)) {
            container.setMessageListener(
                    new UnitOfWork(scopes, listener, "a JMS message from " + container.getDestinationName()));
        }
    }

    private record UnitOfWork(TaskScopes scopes, Object listener, String name)
            implements SessionAwareMessageListener<Message> {
        @Override
        @SuppressWarnings("unchecked")
        public void onMessage(Message message, @Nullable Session session) throws JMSException {
            WorkScopes unit = scopes.begin(name);
            try {
                if (listener instanceof SessionAwareMessageListener<?> aware) {
                    ((SessionAwareMessageListener<Message>) aware).onMessage(message, session);
                } else {
                    ((MessageListener) listener).onMessage(message);
                }
            } catch (Throwable thrown) {
                unit.failed(thrown);
                throw thrown;
            } finally {
                unit.close();
            }
        }
    }
}
