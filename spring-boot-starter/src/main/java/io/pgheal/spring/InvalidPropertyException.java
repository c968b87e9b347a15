package io.pgheal.spring;

/** A property with an invalid value: what is wrong, and what to write instead. */
final class InvalidPropertyException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String wrong;
    private final String remedy;

    InvalidPropertyException(String wrong, String remedy) {
        super(wrong + "; " + remedy);
        this.wrong = wrong;
        this.remedy = remedy;
    }

    /** @param message the core's message: what is wrong, a semicolon, what to write */
    static InvalidPropertyException of(String message) {
        int semicolon = message.indexOf("; ");
        return semicolon < 0
                ? new InvalidPropertyException(message, "correct this property")
                : new InvalidPropertyException(message.substring(0, semicolon), message.substring(semicolon + 2));
    }

    String wrong() {
        return wrong;
    }

    String remedy() {
        return remedy;
    }
}
