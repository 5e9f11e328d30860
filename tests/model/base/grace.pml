/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lib/base/grace.h: a thread that takes a thing out and uses it again, a member that looks at the
 * thing, a reading that copies it, and the control core, which may put the reading offline at any
 * moment (how long that takes hides nothing). Shared accesses are steps; Spin assumes sequential
 * consistency, and what the hardware may do beyond it is argued in the header.
 *
 * Compile with -D of one of the mutations to see the proof fail:
 *   BEGIN_FIRST     the grace period begins before the thing is taken out
 *   NO_WAIT         the thing is used again at once
 *   NOT_TOLD        a reading that was put offline does not learn of it
 *   OFFLINE_LAST    a reading is online only after it has begun to look
 *   QUIET_TOO_SOON  a member is quiescent while it looks
 */

#ifndef ROUNDS
#define ROUNDS 2
#endif

#define MEMBER 0
#define READING 1
#define OFFLINE 0

byte number = 1;
byte seat[2];

bool is_out;    /* the thing cannot be found any more */
bool is_reused; /* and is another thing now */
byte finished;

#define online(me)         \
    own = number;          \
    seat[me] = own;        \
    own = number;          \
    seat[me] = own

proctype member() {
    byte own, round;
    bool holds;
    online(MEMBER);
    do
    :: round < ROUNDS ->
       holds = !is_out;
#ifdef QUIET_TOO_SOON
       own = number;
       seat[MEMBER] = own;
#endif
       assert(!(holds && is_reused)); /* it looks at what it has found */
       holds = false;
#ifndef QUIET_TOO_SOON
       own = number;
       seat[MEMBER] = own;
#endif
       round++
    :: round == ROUNDS -> break
    od;
    atomic { seat[MEMBER] = OFFLINE; finished++ }
}

proctype reading() {
    byte own, round, old;
    bool holds, is_wrong;
    do
    :: round < ROUNDS ->
#ifdef OFFLINE_LAST
       holds = !is_out;
       online(READING);
#else
       online(READING);
       holds = !is_out;
#endif
       is_wrong = holds && is_reused; /* what it copies is another thing */
#ifdef NOT_TOLD
       old = 1;
       seat[READING] = OFFLINE;
#else
       atomic { old = seat[READING]; seat[READING] = OFFLINE };
#endif
       atomic {
           assert(!(is_wrong && old != OFFLINE));
           is_wrong = false; holds = false; old = 0; own = 0;
           round++
       }
    :: round == ROUNDS -> break
    od;
    finished++
}

proctype control() {
    byte seen;
    do
    :: seen = seat[READING];
       atomic {
           if
           :: seen != OFFLINE && seat[READING] == seen -> seat[READING] = OFFLINE
           :: else
           fi;
           seen = 0
       }
    :: finished == 3 -> break
    od
}

proctype writer() {
    byte mine;
#ifdef BEGIN_FIRST
    atomic { number++; mine = number };
    is_out = true;
#else
    is_out = true;
    atomic { number++; mine = number };
#endif
#ifndef NO_WAIT
    (seat[MEMBER] == OFFLINE || seat[MEMBER] >= mine);
    (seat[READING] == OFFLINE || seat[READING] >= mine);
#endif
    is_reused = true;
    finished++
}

init {
    atomic { run member(); run reading(); run control(); run writer() };
    finished == 3
}
