package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.jms.MessageListener;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.jms.config.JmsListenerEndpointRegistry;
import org.springframework.jms.listener.AbstractMessageListenerContainer;
import org.springframework.jms.listener.DefaultMessageListenerContainer;

class JmsScopesTest {

    /** As with a checkpoint, or a test context that pauses. */
    @Test
    void aContextThatIsStartedAgainWrapsNoListenerTwice() {
        DefaultMessageListenerContainer container = new DefaultMessageListenerContainer();
        MessageListener own = message -> {};
        container.setMessageListener(own);
        StaticListableBeanFactory beans = new StaticListableBeanFactory();
        beans.addBean("container", container);
        JmsScopes scopes = new JmsScopes(
                new TaskScopes(beans.getBeanProvider(GuardedDataSources.class)),
                beans.getBeanProvider(JmsListenerEndpointRegistry.class),
                beans.getBeanProvider(AbstractMessageListenerContainer.class));

        scopes.start();
        Object wrapped = container.getMessageListener();
        assertThat(wrapped).isNotNull().isNotSameAs(own);
        scopes.stop();
        scopes.start();
        assertThat(container.getMessageListener()).isSameAs(wrapped);
    }
}
