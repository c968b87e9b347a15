package io.pgheal.witness;

/** Whether the garbage collector may be asked. */
public enum ProofMode {
    /** It is asked when somebody waits, or a suspicion has stood for long. */
    ASK,
    /** Its own collections have to do, whenever they come. */
    WAIT
}
