/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The protocol of nat64::Numbers, on one bucket: workers that ask for the numbers of three hosts
 * and open flows by them, the control core, which takes numbers back, and a reader outside of all
 * turns. lib/nat64/numbers.h tells it in words. Shared accesses are steps, in the order of the
 * program: Spin assumes sequential consistency.
 *
 * Made one step, to have fewer states, where that hides nothing:
 * - a load and the compare-and-swap that follows from it, where the swap alone decides;
 * - a swap that is tried until it succeeds, with what it needs;
 * - what only its own thread sees, with the step before it.
 * The hosts' addresses are such that a half of one and a half of another are a third one's.
 *
 * The clock makes any host idle at any moment, but none within the turn in which its worker has
 * noted it, nor between the pass that has doomed its place and the next: both are far shorter than
 * the time after which a host is idle.
 *
 * Left out: how often somebody tries before he gives up (it only leaves a host without one), the
 * moment since when a host has its number, hosts that are named, put(), which runs while no worker
 * gives numbers, and what is found after a crash. Buckets have nothing in common, so one is enough.
 *
 * Compile with -D of one of the mutations to see the proof fail:
 *   NO_FILLING      who adds writes to the place before the word says that he fills one
 *   ADD_BLINDLY     who adds swaps another word than the one by which he has searched
 *   PUBLISH_FIRST   a place is used before its address is written
 *   NO_COUNT        the word does not say how often it has changed
 *   READ_ONCE       the reader does not look at the word again
 *   NO_DOOM         the control core frees an idle place at once
 *   NO_GRACE        it frees a doomed one without waiting for a grace period
 *   FREE_BY_STORE   it frees by a store, not by a swap
 *   KEEP_DOOMED     who finds his host in a doomed place leaves the doom
 *   KEEP_BLINDLY    he takes it away without looking whether the word has changed
 *   NOT_NOTED       he does not note that the host was heard
 *   FLOWS_UNSEEN    the control core does not ask for flows
 */

#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1 /* turns of each worker, in each of which it asks for a number */
#endif
#ifndef PASSES
#define PASSES 2 /* of the control core */
#endif
#ifndef READERS
#define READERS 1 /* or 0 */
#endif
#define ALL (WORKERS + READERS + 1) /* who comes to an end by himself */

#define PLACES 2

/* The word: changes | is filling 1 | doomed 2 | used 2. */
short word = 0;
#define FILLING 16
#ifdef NO_COUNT
#define CHANGE 0
#else
#define CHANGE 32
#endif
#define used(p) (1 << (p))
#define doomed(p) (4 << (p))
#define is_used(w, p) (((w) & used(p)) != 0)
#define is_doomed(w, p) (((w) & doomed(p)) != 0)
#define is_filling(w) (((w) & FILLING) != 0)
#define is_full(w) (((w) & 3) == 3)
#define free_place(w) (is_used(w, 0) -> 1 : 0) /* where it is not full */
/* Nothing is subtracted where it is not. */
#define without(w, bit) ((w) - ((w) & (bit)))

/* Of each place: its address's halves, whether its host was heard of late, its host's flows. */
byte high[PLACES];
byte low[PLACES];
bool heard[PLACES];
byte flows[PLACES];

/* Hosts are 1 (1:1), 2 (2:2) and 3 (1:2); 0 is none. */
#define high_of(h) (h == 0 -> 0 : (h == 2 -> 2 : 1))
#define low_of(h) (h == 0 -> 0 : (h == 1 -> 1 : 2))

/* Grace periods: who was in a turn when the last pass ended, and is still. */
byte inside;
byte awaited;

/* What the proof looks at; no process decides by it, but the clock by `noting`. */
byte last[PLACES];   /* who was the last to have the place */
byte told[PLACES];   /* workers that have been told the number in this turn */
byte noting[PLACES]; /* workers that have noted the host in this turn */
bool since[PLACES];  /* somebody was told the number since the place was doomed */
byte finished;

#define has(p, h) (is_used(word, p) && last[p] == h)
#define bit(me) (1 << (me))
#define clear(set, me) set = set & ~bit(me)
#define tell(p) told[p] = told[p] | bit(me); since[p] = true

inline leave_turn(who) {
    clear(inside, who);
    clear(awaited, who);
    clear(told[0], who);
    clear(told[1], who);
    clear(noting[0], who);
    clear(noting[1], who)
}

proctype worker(byte me) {
    byte mine, p, round;
    short seen;

begin:
    atomic {
        inside = inside | bit(me);
        if
        :: mine = 1
        :: mine = 2
        :: mine = 3
        fi
    };

again:
    atomic { seen = word; p = 0 };
    do
    :: atomic { p == PLACES -> break }
    :: atomic { p < PLACES && !is_used(seen, p) -> p++ }
    :: atomic { p < PLACES && is_used(seen, p) && low[p] != low_of(mine) -> p++ }
    :: p < PLACES && is_used(seen, p) && low[p] == low_of(mine) ->
       if
       :: atomic { high[p] == high_of(mine) -> break }
       :: atomic { high[p] != high_of(mine) -> p++ }
       fi
    od;
    if
    :: atomic { p == PLACES && (is_full(seen) || is_filling(seen)) -> goto leave }
    :: atomic { p == PLACES && !is_full(seen) && !is_filling(seen) -> p = free_place(seen) };
       goto add
    :: p < PLACES
    fi;

    /* keep() */
#ifndef NOT_NOTED
    atomic { heard[p] = true; noting[p] = noting[p] | bit(me) };
#endif
    if
    :: atomic { !is_doomed(seen, p) -> tell(p) }
#ifdef KEEP_DOOMED
    :: atomic { is_doomed(seen, p) -> tell(p) }
#else
#ifdef KEEP_BLINDLY
    :: atomic {
           is_doomed(seen, p) ->
           word = without(word, doomed(p)) + CHANGE; tell(p)
       }
#else
    :: atomic {
           is_doomed(seen, p) && word == seen ->
           word = without(seen, doomed(p)) + CHANGE; tell(p)
       }
    :: atomic { is_doomed(seen, p) && word != seen -> seen = 0; p = 0 }; goto again
#endif
#endif
    fi;
    goto have;

add:
#ifndef NO_FILLING
    if
#ifdef ADD_BLINDLY
    :: atomic {
           !is_filling(word) && !is_full(word) ->
           p = free_place(word); word = word + FILLING + CHANGE; seen = 0
       }
    :: atomic { is_filling(word) || is_full(word) -> seen = 0; p = 0 }; goto again
#else
#ifdef PUBLISH_FIRST
    :: atomic { word == seen -> word = seen + FILLING + used(p) + CHANGE; seen = 0 }
#else
    :: atomic { word == seen -> word = seen + FILLING + CHANGE; seen = 0 }
#endif
    :: atomic { word != seen -> seen = 0; p = 0 }; goto again
#endif
    fi;
#endif
    /* fill() */
    high[p] = high_of(mine);
    low[p] = low_of(mine);
    atomic { heard[p] = true; noting[p] = noting[p] | bit(me) };
#ifdef NO_FILLING
    if
    :: atomic { word == seen -> word = seen + used(p) + CHANGE; last[p] = mine; tell(p) }
    :: atomic { word != seen -> seen = 0; p = 0 }; goto again
    fi;
#else
    atomic { word = (without(word, FILLING) | used(p)) + CHANGE; last[p] = mine; tell(p) };
#endif

have:
    atomic {
        seen = 0;
        /* The number is its host's, and the host has no other. */
        assert(has(p, mine));
        assert(!has(1 - p, mine))
    };
    /* It is for the rest of the turn, whoever else does what. */
    if
    :: atomic { flows[p] = flows[p] + 1 };
       atomic { assert(has(p, mine)); leave_turn(me) };
       /* And for as long as the host has a flow. */
       atomic { assert(has(p, mine)); assert(!has(1 - p, mine)); flows[p] = flows[p] - 1 }
    :: atomic { assert(has(p, mine)); leave_turn(me) }
    fi;
    goto next;

leave:
    atomic { leave_turn(me) };
next:
    atomic {
        p = 0; mine = 0; seen = 0; round++;
        if
        :: round < ROUNDS -> goto begin
        :: else -> finished++
        fi
    }
}

/* Nobody goes by the number, nor has of late. */
#define free(p) assert(told[p] == 0 && flows[p] == 0 && !since[p])

inline take_back(p) {
    seen = word;
    if
    :: !is_used(seen, p) || (!is_doomed(seen, p) && heard[p])
    :: is_used(seen, p) && (is_doomed(seen, p) || !heard[p]) ->
       is_unused = !heard[p];
#ifndef FLOWS_UNSEEN
       is_unused = is_unused && flows[p] == 0;
#endif
       seen = word;
       if
#ifdef NO_DOOM
       :: is_unused ->
          if
          :: atomic {
                 word == seen ->
                 since[p] = false; free(p); word = without(seen, used(p)) + CHANGE
             }
          :: word != seen
          fi
       :: !is_unused
#else
       :: is_unused && is_doomed(seen, p) ->
          if
#ifdef FREE_BY_STORE
          :: atomic { free(p); word = without(without(seen, used(p)), doomed(p)) + CHANGE }
#else
          :: atomic {
                 word == seen ->
                 free(p); word = without(without(seen, used(p)), doomed(p)) + CHANGE
             }
          :: word != seen
#endif
          fi
       :: is_unused && !is_doomed(seen, p) ->
          if
          :: atomic { word == seen -> word = (seen | doomed(p)) + CHANGE; since[p] = false }
          :: word != seen
          fi
       :: !is_unused && is_doomed(seen, p) ->
          if
          :: atomic { word == seen -> word = without(seen, doomed(p)) + CHANGE }
          :: word != seen
          fi
       :: !is_unused && !is_doomed(seen, p)
#endif
       fi
    fi;
    atomic { is_unused = false; seen = 0 }
}

proctype control() {
    short seen;
    bool is_unused;
    byte pass;
    do
    :: pass == PASSES -> break
#ifdef NO_GRACE
    :: pass < PASSES ->
#else
    :: pass < PASSES && awaited == 0 ->
#endif
       take_back(0);
       take_back(1);
       atomic { awaited = inside; pass++ }
    od;
    finished++
}

/* A host has sent nothing for long enough. */
#define grow_idle(p) \
    atomic { heard[p] && noting[p] == 0 && !is_doomed(word, p) -> heard[p] = false }

proctype clock() {
    do
    :: grow_idle(0)
    :: grow_idle(1)
    :: atomic { finished == ALL -> break }
    od
}

/* Numbers::holder(), of either place. */
proctype reader() {
    short seen;
    byte p, one, other;
    if
    :: p = 0
    :: p = 1
    fi;
again:
    seen = word;
    if
    :: atomic { is_filling(seen) && !is_used(seen, p) -> seen = 0 }; goto again
    :: else
    fi;
    one = high[p];
    other = low[p];
#ifndef READ_ONCE
    if
    :: atomic { word != seen -> seen = 0; one = 0; other = 0 }; goto again
    :: atomic { word == seen ->
#else
    atomic {
#endif
        /* Whole, and of who has it or had it last. */
        assert(one == high_of(last[p]) && other == low_of(last[p]));
        finished++
#ifndef READ_ONCE
       }
    fi
#else
    }
#endif
}

init {
    atomic {
        run worker(0);
        if
        :: WORKERS > 1 -> run worker(1)
        :: else
        fi;
        if
        :: WORKERS > 2 -> run worker(2)
        :: else
        fi;
        run control();
        run clock();
        if
        :: READERS > 0 -> run reader()
        :: else
        fi
    }
    finished == ALL;
    assert(!is_filling(word) && flows[0] == 0 && flows[1] == 0)
}
