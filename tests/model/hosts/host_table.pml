/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The protocol of lib/hosts: workers that open and end flows of two hosts whose entries share a
 * chain, and the control core, which ends entries without flows. docs/host-table.md tells it in
 * words. Shared accesses are steps, in the order of the program: Spin assumes sequential
 * consistency.
 *
 * Made one step, to have fewer states, where that hides nothing:
 * - a load and the compare-and-swap that follows from it, where the swap alone decides;
 * - the entry's `next` before it is in the chain and the swap that puts it there: nobody else
 *   reads it before;
 * - what only its own thread sees, with the step before it.
 * Left out: the limits and the rate (they only make a flow end at once, or an entry stay), and the
 * pool of free entries, of which any may be taken (lib/flow/record_pool.h).
 *
 * Compile with -D of one of the mutations to see the proof fail:
 *   COUNT_LATER      a new entry has no flow until it is in its chain
 *   COUNT_BLINDLY    a worker counts without looking whether the entry has gone
 *   END_BY_STORE     the control core ends an entry by a store, not by a swap
 *   SEARCH_ONCE      a worker that lost the race for the head does not search again
 *   UNLINK_BY_STORE  the control core takes an entry off the head by a store, not by a swap
 *   NO_GRACE         an entry is used again at once
 */

#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef ROUNDS
#define ROUNDS 1 /* flows of each worker, one after the other */
#endif
#ifndef ENTRIES
#define ENTRIES 2 /* or 3 */
#endif

#define NONE 0  /* in place of an entry, which are counted from 1 */
#define GONE 15 /* in place of a number of flows */
#define HOST_OF_WORKER (me == 0 -> 1 : 0)

/* An entry's word. */
byte host[4];
byte flows[4];

byte next[4];
byte top; /* the head of the chain */

byte unused; /* bit e: entry e is in the pool */

/* Grace periods: who was inside the table when an entry was taken out, and is still. */
byte inside;
byte retired; /* bit e */
byte awaited[4];
#define enter() inside = inside | (1 << me)
#define leave()                                    \
    inside = inside & ~(1 << me);                  \
    awaited[1] = awaited[1] & ~(1 << me);          \
    awaited[2] = awaited[2] & ~(1 << me);          \
    awaited[3] = awaited[3] & ~(1 << me)

/* What the proof looks at; no process decides by it. */
byte linked; /* bit e: entry e is in the chain */
byte finished;

#define ALL ((2 << ENTRIES) - 2)
#define is_in(set, e) ((set >> (e) & 1) != 0)
#define is_host(e) (host[e] == mine && flows[e] != GONE)
/* Another entry of the same host that can be found. */
#define is_twin(e) (is_in(linked, e) && (e) != found && is_host(e))

/* From `at` on: sets `found`. */
inline search() {
    found = NONE;
    do
    :: atomic { at == NONE -> break }
    :: atomic { at != NONE && is_host(at) -> found = at; at = NONE; break }
    :: at != NONE && !is_host(at) -> at = next[at]
    od
}

proctype worker(byte me) {
    byte mine, first, at, found, added, round;
    mine = HOST_OF_WORKER;

again:
    atomic { enter(); first = top; at = first };
    search();
    if
    :: found != NONE -> goto join
    :: else
    fi;

    if
    :: atomic { is_in(unused, 1) -> added = 1; unused = unused & ~(1 << 1) }
    :: atomic { is_in(unused, 2) -> added = 2; unused = unused & ~(1 << 2) }
    :: atomic { is_in(unused, 3) -> added = 3; unused = unused & ~(1 << 3) }
    :: atomic { unused == 0 -> leave(); first = 0; goto done } /* not counted at all */
    fi;
#ifdef COUNT_LATER
    atomic { host[added] = mine; flows[added] = 0 };
#else
    atomic { host[added] = mine; flows[added] = 1 };
#endif
put:
    at = first;
    search();
    if
    :: found != NONE ->
       atomic { flows[added] = GONE; unused = unused | (1 << added); added = NONE; goto join }
    :: else
    fi;
put_blindly:
    if
    :: atomic {
           top == first ->
           assert(!is_in(linked, added));
           next[added] = first; top = added; linked = linked | (1 << added);
           found = added; added = NONE
       }
#ifdef SEARCH_ONCE
    :: atomic { top != first -> first = top; goto put_blindly }
#else
    :: atomic { top != first -> first = top; goto put }
#endif
    fi;
#ifndef COUNT_LATER
    goto counted;
#endif

join:
    if
#ifdef COUNT_BLINDLY
    :: atomic { flows[found] = flows[found] + 1 }
#else
    :: atomic { flows[found] == GONE -> found = NONE; first = 0; leave() }; goto again
    :: atomic { flows[found] != GONE -> flows[found] = flows[found] + 1 }
#endif
    fi;

counted:
    atomic {
        assert(host[found] == mine && flows[found] != GONE && flows[found] > 0);
        assert(is_in(linked, found));
        assert(!is_twin(1) && !is_twin(2) && !is_twin(3));
        first = 0; leave()
    };
    /* The flow lives on while its worker has been quiescent, and any thread may end it. */
    atomic {
        assert(host[found] == mine && flows[found] != GONE && flows[found] > 0);
        flows[found] = flows[found] - 1; found = NONE
    };
done:
    atomic {
        round++;
        if
        :: round < ROUNDS -> goto again
        :: else -> finished++
        fi
    }
}

/* Ends the entry `e`, which it comes to by position. */
inline end_idle(e) {
#ifdef END_BY_STORE
    if
    :: flows[e] == 0 -> flows[e] = GONE; take_out(e)
    :: flows[e] != 0
    fi
#else
    if
    :: atomic { flows[e] == 0 -> flows[e] = GONE }; take_out(e)
    :: flows[e] != 0
    fi
#endif
}

inline take_out(e) {
    if
#ifdef UNLINK_BY_STORE
    :: top == e -> atomic { top = next[e]; unlinked(e) }
#else
    :: atomic { top == e -> top = next[e]; unlinked(e) }
#endif
    :: top != e ->
       before = top;
       do
       :: atomic { before == NONE -> assert(false) } /* it is not in its chain */
       :: atomic { before != NONE && next[before] == e -> break }
       :: before != NONE && next[before] != e -> before = next[before]
       od;
       atomic { next[before] = next[e]; before = NONE; unlinked(e) }
    fi
}

inline unlinked(e) {
    assert(is_in(linked, e));
    linked = linked & ~(1 << e);
#ifdef NO_GRACE
    unused = unused | (1 << e)
#else
    retired = retired | (1 << e);
    awaited[e] = inside
#endif
}

#define reuse(e)                                      \
    atomic {                                          \
        is_in(retired, e) && awaited[e] == 0 ->       \
        retired = retired & ~(1 << (e)); unused = unused | (1 << (e)) \
    }

proctype control() {
    byte before;
    do
    :: end_idle(1)
    :: end_idle(2)
    :: end_idle(3)
    :: reuse(1)
    :: reuse(2)
    :: reuse(3)
    :: atomic { finished == WORKERS -> break }
    od;
    atomic {
        /* No flow is left, and no entry is lost: each is in the chain, waiting, or free. */
        assert(flows[1] == 0 || flows[1] == GONE);
        assert(flows[2] == 0 || flows[2] == GONE);
        assert(flows[3] == 0 || flows[3] == GONE);
        assert((linked & retired) == 0 && (linked & unused) == 0 && (retired & unused) == 0);
        assert((linked | retired | unused) == ALL);
        assert((top == NONE) == (linked == 0));
        finished++
    }
}

init {
    atomic {
        flows[1] = GONE; flows[2] = GONE; flows[3] = GONE;
        unused = ALL;
        run worker(0);
        if
        :: WORKERS > 1 -> run worker(1)
        :: else
        fi;
        if
        :: WORKERS > 2 -> run worker(2)
        :: else
        fi;
        run control()
    }
    finished == WORKERS + 1
}
