/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lib/flow/accounts.h, one number: the flow's owner counts in the tally, and adds that to the
 * account whenever it is full, or another number of it is; a reader reads the number, the tally,
 * and the number again. What it finds must have been the total at one moment of its reading, and be
 * no less than what it found before. Shared accesses are steps; Spin assumes sequential
 * consistency, and the orders that the header asks for are argued there.
 *
 * Compile with -D of one of the mutations to see the proof fail:
 *   NO_SECOND_LOOK   the reader does not read the number again
 *   NO_EPOCH         it always adds the tally
 *   TALLY_FIRST      the tally is emptied before the account has it
 *   SAME_EPOCH       what is added leaves the number's epoch as it was
 */

#ifndef COUNTS
#define COUNTS 7
#endif
#ifndef READINGS
#define READINGS 2
#endif

/* Two words: epoch 1 | number. */
#define EPOCH 128
#define number_of(word) (word & 127)
#define epoch_of(word) (word & EPOCH)

byte sum;
byte tally;
byte all; /* that has been counted */

proctype owner() {
    byte count, seen;
    do
    :: count < COUNTS ->
       if
       :: atomic { tally++; all++ }
       :: skip /* a packet that this number has nothing of */
       fi;
       count++;
       if
       :: number_of(tally) < 3 -> skip
       :: /* full, by this number or by the other */
          seen = tally;
#ifdef TALLY_FIRST
          tally = epoch_of(tally) ^ EPOCH;
#endif
#ifdef SAME_EPOCH
          sum = sum + number_of(seen);
#else
          sum = (sum + number_of(seen)) ^ EPOCH;
#endif
#ifndef TALLY_FIRST
          tally = epoch_of(tally) ^ EPOCH;
#endif
       fi
    :: count == COUNTS -> break
    od
}

proctype reader() {
    byte readings, least, found, last, before, part, after;
    do
    :: readings < READINGS ->
       least = all;
again: before = sum;
       part = tally;
#ifdef NO_SECOND_LOOK
       after = before;
#else
       after = sum;
#endif
       if
       :: before != after -> goto again
       :: else
       fi;
       found = number_of(before);
#ifndef NO_EPOCH
       if
       :: epoch_of(before) == epoch_of(part) -> found = found + number_of(part)
       :: else
       fi;
#else
       found = found + number_of(part);
#endif
       assert(found >= least && found <= all && found >= last);
       last = found;
       readings++
    :: readings == READINGS -> break
    od
}

init { atomic { run owner(); run reader() } }
