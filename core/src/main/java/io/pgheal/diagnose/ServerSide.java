package io.pgheal.diagnose;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendStory;
import org.jspecify.annotations.Nullable;

/**
 * What the server knows of one backend, or why it could not be asked.
 *
 * @param story null when it could not be asked in time
 * @param blindness why not, in words for the operator; null when there is a story
 */
@Internal
public record ServerSide(
        @Nullable BackendStory story, @Nullable String blindness) {
    public static ServerSide told(BackendStory story) {
        return new ServerSide(story, null);
    }

    public static ServerSide blind(String why) {
        return new ServerSide(null, why);
    }
}
