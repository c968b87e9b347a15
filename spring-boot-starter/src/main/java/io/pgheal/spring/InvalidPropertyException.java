package io.pgheal.spring;

/** A property that cannot be meant so: what is wrong, and what to write instead. */
final class InvalidPropertyException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String wrong;
    private final String remedy;

    InvalidPropertyException(String wrong, String remedy) {
        super(wrong + "; " + remedy);
        this.wrong = wrong;
        this.remedy = remedy;
    }

    /** @param complaint of the core: what is wrong, a semicolon, what to write */
    static InvalidPropertyException of(String complaint) {
        int semicolon = complaint.indexOf("; ");
        return semicolon < 0
                ? new InvalidPropertyException(complaint, "correct this property")
                : new InvalidPropertyException(complaint.substring(0, semicolon), complaint.substring(semicolon + 2));
    }

    String wrong() {
        return wrong;
    }

    String remedy() {
        return remedy;
    }
}
