package io.pgheal.witness;

/** Whether the garbage collector may be asked. */
public enum ProofMode {
    /** It is asked when somebody waits, or a suspicion has stood for long. */
    ASK,
    /** It is not asked: pgheal waits for collections that happen anyway. */
    WAIT
}
