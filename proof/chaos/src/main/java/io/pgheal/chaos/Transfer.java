package io.pgheal.chaos;

import java.sql.Connection;

/**
 * One movement of money, as drawn.
 *
 * @param id of its row in the ledger, written in the same transaction
 * @param isolation as in {@link Connection}
 * @param savepoint whether a statement fails on the way and is taken back
 * @param givenUp whether the application rolls it back of its own accord
 */
record Transfer(
        long id, int from, int to, long amount, Style style, int isolation, boolean savepoint, boolean givenUp) {

    /** How it is written. */
    enum Style {
        /** Two prepared updates. */
        PREPARED,
        /** One batch of two. */
        BATCH,
        /** Reads both balances for update through a cursor, and writes what it computed: notices lost updates. */
        READ_AND_WRITE,
        /** Plain statements. */
        LITERAL
    }

    static Transfer draw(Dice dice, long id) {
        int from = 1 + dice.below(Bank.COMMON);
        int to = 1 + dice.below(Bank.COMMON);
        return draw(dice, id, from, to == from ? from % Bank.COMMON + 1 : to);
    }

    static Transfer draw(Dice dice, long id, int from, int to) {
        return new Transfer(
                id,
                from,
                to,
                1 + dice.below(100),
                dice.oneOf(Style.values()),
                dice.oneOf(
                        Connection.TRANSACTION_READ_COMMITTED,
                        Connection.TRANSACTION_READ_COMMITTED,
                        Connection.TRANSACTION_REPEATABLE_READ,
                        Connection.TRANSACTION_SERIALIZABLE),
                dice.percent(10),
                dice.percent(3));
    }

    /** The same in plain style, for code that cannot repeat it. */
    Transfer plain() {
        return new Transfer(id, from, to, amount, Style.PREPARED, Connection.TRANSACTION_READ_COMMITTED, false, false);
    }

    Transfer withId(long other) {
        return new Transfer(other, from, to, amount, style, isolation, savepoint, givenUp);
    }
}
