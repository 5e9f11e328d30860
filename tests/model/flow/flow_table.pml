/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The protocol of lib/flow, for one key: two inserters of it, two movers over its buckets in
 * opposite directions, an eraser and a reader. docs/flow-table.md tells it in words. Shared
 * accesses are steps, in the order of the program: Spin assumes sequential consistency.
 *
 * Made one step, to have fewer states, where that hides nothing:
 * - a read of a slot and the swap or the look at a life word that follows from it: when the slot
 *   has changed in between, the swap fails, and that is as if the read had come later; a life word
 *   only goes from opening to alive to dying while anyone looks;
 * - the swap that empties a slot and the count of it: a count that drops later only makes a scan
 *   look further;
 * - the first step of an operation and its entry, the last one and its leaving: both shorten the
 *   grace periods.
 * Left out: other keys (they only fill slots), the tag (it only saves comparing keys), false hits
 * of the filter (they only make a scan longer), the wrap of the version.
 *
 * Compile with -D of one of the mutations to see the proof fail:
 *   NO_VERSION_CHECK   a scan that finds nothing does not look at the versions again
 *   NO_BUMP            a move leaves no new version
 *   CLEAR_FIRST        a move clears the original before it writes the copy
 *   UNMARKED_COPY      a copy looks as any live word does
 *   NO_TIE_BREAK       of two pending twins both stay
 *   BOTH_WITHDRAW      of two pending twins both withdraw
 *   SCAN_FIRST         an insert looks for twins before it claims
 *   HINT_LAST          a move sets the hint after it has cleared the original
 *   NO_LIFE_BEFORE     a mover does not look whether the record is dying before it moves
 *   NO_LIFE_AFTER      nor when its copy has become live
 *   NO_GRACE           a record is reused at once
 */

#ifndef MOVES
#define MOVES 1 /* of each mover */
#endif
#ifndef MOVERS
#define MOVERS 2
#endif
#ifndef INSERTERS
#define INSERTERS 2
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef SLOTS
#define SLOTS 4 /* 0 and 1 are the primary bucket's, the others the secondary's */
#endif

#define PRIMARY 0
#define SECONDARY 1
#define NONE 3

/* Words of slots: state, and the record above it. */
#define PENDING 1
#define LIVE 2
#define COPY 3
#define word(record, state) ((record) << 2 | (state))
#define state_of(w) ((w) & 3)
#define record_of(w) ((w) >> 2)
#define is_visible(w) (((w) & 2) != 0)

/* Words of life. */
#define OPENING 0
#define ALIVE 1
#define DYING 2
#define FREE 3

byte slot[4];
byte elsewhere; /* of the primary's meta word: count and, when above 0, the filter's hit */
byte life[2];

/* Versions, as what scans make of them: for each bucket who is scanning it, and for whom of them
 * it has a new version since. */
byte scanning[2];
byte outdated[2];

/* What the proof looks at; no process decides by these. */
byte holders;  /* records whose claim of the key stands, and that are not dying */
byte inserted; /* inserts that won */
byte finished; /* processes that have ended */
bool killed;

/* Grace periods: who was inside the table when a record was retired, and is still. */
byte inside;
byte awaited;

#define PROCESSES (INSERTERS + MOVERS + 1 + READERS)
#define enter() inside = inside | (1 << me)
#define leave() inside = inside & ~(1 << me); awaited = awaited & ~(1 << me)

#define new_version(bucket) outdated[bucket] = scanning[bucket]
#define read_version(bucket) scanning[bucket] = scanning[bucket] | (1 << me)
#define is_outdated(bucket) ((outdated[bucket] >> me & 1) != 0)
#define forget_version(bucket)                       \
    scanning[bucket] = scanning[bucket] & ~(1 << me); \
    outdated[bucket] = outdated[bucket] & ~(1 << me)

/* One word of meta: count, filter and version change together. */
#define add_elsewhere() elsewhere++; new_version(PRIMARY)

#ifdef NO_BUMP
#define bump(bucket) skip
#else
#define bump(bucket) new_version(bucket)
#endif

/* Within a step. */
#define empty(at)                                              \
    slot[at] = 0;                                              \
    if                                                         \
    :: at >= 2 -> assert(elsewhere > 0); elsewhere--           \
    :: else                                                    \
    fi

/* A scan reads the versions, then the slots, then the versions again. */
inline begin_scan() {
    atomic { read_version(PRIMARY); last = (elsewhere > 0 -> SLOTS : 2); at = 0 }
    if
    :: atomic { last == SLOTS -> read_version(SECONDARY) }
    :: last != SLOTS
    fi
}
#define end_scan() at = 0; last = 0; forget_version(PRIMARY); forget_version(SECONDARY)

#ifdef NO_VERSION_CHECK
#define is_stale() false
#else
#define is_stale() (is_outdated(PRIMARY) || is_outdated(SECONDARY))
#endif

/* Other keys may fill a slot at any time, so any empty one may be the first empty one. */
#ifdef FIRST_FIT
#define may_take(at, before) (slot[at] == 0 && slot[before] != 0)
#else
#define may_take(at, before) (slot[at] == 0)
#endif

#define MINE word(me, PENDING)
#define RIVAL (1 - me)

proctype inserter(byte me) {
    byte at, last, own;

#ifdef SCAN_FIRST
    goto scan;
#endif
pend:
    if
    :: atomic { slot[0] == 0 -> enter(); slot[0] = MINE; own = 0 }
    :: atomic { may_take(1, 0) -> enter(); slot[1] = MINE; own = 1 }
    :: atomic { slot[2] == 0 || (SLOTS == 4 && slot[3] == 0) -> enter(); add_elsewhere() };
       if
       :: atomic { slot[2] == 0 -> slot[2] = MINE; own = 2 }
       :: atomic { SLOTS == 4 && may_take(3, 2) -> slot[3] = MINE; own = 3 }
       :: atomic { slot[2] != 0 && (SLOTS == 3 || slot[3] != 0) -> elsewhere-- };
          goto pend
       fi
    :: slot[0] != 0 && slot[1] != 0 && slot[2] != 0 && (SLOTS == 3 || slot[3] != 0) ->
       atomic { skip; goto lost }
    fi;
#ifdef SCAN_FIRST
    goto stand;
#endif

scan:
    begin_scan();
    do
    :: atomic { at < last && (slot[at] == 0 || record_of(slot[at]) == me) -> at++ }
    :: atomic {
           at < last && slot[at] == word(RIVAL, PENDING) ->
#if defined(NO_TIE_BREAK)
           at++
#elif defined(BOTH_WITHDRAW)
           break
#else
           if
           :: RIVAL < me -> break
           :: else -> empty(at); at++
           fi
#endif
       }
    :: atomic {
           at < last && record_of(slot[at]) == RIVAL && is_visible(slot[at]) ->
           if
           :: life[RIVAL] != DYING -> break
           :: else -> at++
           fi
       }
    :: at >= last -> break
    od;
    if
    :: atomic { at < last -> end_scan() }; goto taken
    :: atomic { at >= last && is_stale() -> end_scan() }; goto scan
    :: atomic { at >= last && !is_stale() -> end_scan() }
    fi;
#ifdef SCAN_FIRST
    goto pend;
#endif

stand:
    if
    :: atomic {
           slot[own] == MINE ->
           slot[own] = word(me, LIVE);
           assert(holders == 0); /* else two inserts of one key have both won */
           holders++
       }
    :: slot[own] != MINE -> goto pend
    fi;
    atomic { life[me] = ALIVE; inserted++; goto out };

taken:
#ifndef SCAN_FIRST
    atomic {
        if
        :: slot[own] == MINE -> empty(own)
        :: else
        fi
    };
#endif
lost:
    atomic { life[me] = DYING; goto out };
out:
    atomic { own = 0; leave(); finished++ }
}

#define from_0 (from * 2)
#define from_1 (from * 2 + 1)
#define to_0 (2 - from * 2)
#define to_1 (3 - from * 2)
#define has(at) (at < SLOTS)
#ifdef NO_LIFE_BEFORE
#define is_dead(at) false
#else
#define is_dead(at) (state_of(slot[at]) == LIVE && life[record_of(slot[at])] == DYING)
#endif
#define is_movable(at) (state_of(slot[at]) == LIVE && !is_dead(at))

#ifdef UNMARKED_COPY
#define MARK LIVE
#else
#define MARK COPY
#endif

proctype mover(byte me; byte from) {
    byte source, target, w, moves;
    bool done;

begin:
    if
    :: atomic { is_movable(from_0) -> enter(); source = from_0; w = slot[from_0] }
    :: atomic { has(from_1) && is_movable(from_1) -> enter(); source = from_1; w = slot[from_1] }
    :: atomic { is_dead(from_0) -> empty(from_0); goto out }
    :: atomic { has(from_1) && is_dead(from_1) -> empty(from_1); goto out }
    :: atomic { skip; goto out }
    fi;
#ifdef CLEAR_FIRST
    atomic { bump(from) };
    if
    :: atomic { slot[source] == w -> empty(source); done = true }
    :: atomic { slot[source] != w -> goto out }
    fi;
#endif
#ifndef HINT_LAST
    if
    :: atomic { from == PRIMARY -> add_elsewhere() }
    :: from != PRIMARY
    fi;
#endif
    if
    :: atomic { slot[to_0] == 0 -> target = to_0; slot[to_0] = word(record_of(w), MARK) }
    :: atomic {
           has(to_1) && may_take(to_1, to_0) -> target = to_1; slot[to_1] = word(record_of(w), MARK)
       }
    :: atomic {
           slot[to_0] != 0 && (!has(to_1) || slot[to_1] != 0) ->
#ifndef HINT_LAST
           if
           :: from == PRIMARY -> elsewhere--
           :: else
           fi;
#endif
           goto out
       }
    fi;
#ifndef CLEAR_FIRST
    atomic { bump(from) };
    if
    :: atomic { slot[source] == w -> empty(source); done = true }
    :: slot[source] != w
    fi;
#endif
#ifdef HINT_LAST
    if
    :: atomic { from == PRIMARY -> add_elsewhere() }
    :: from != PRIMARY
    fi;
#endif
    if
    :: atomic {
           done ->
#ifndef UNMARKED_COPY
           assert(slot[target] == word(record_of(w), COPY)); /* nobody else changes a copy */
           slot[target] = word(record_of(w), LIVE)
#endif
       };
#ifndef NO_LIFE_AFTER
       atomic {
           if
           :: life[record_of(w)] == DYING && slot[target] == word(record_of(w), LIVE) ->
              empty(target)
           :: else
           fi
       }
#endif
    :: atomic {
           !done ->
           if
           :: slot[target] == word(record_of(w), MARK) -> empty(target)
           :: else
           fi
       }
    fi;
out:
    atomic {
        source = 0; target = 0; w = 0; done = false; moves++;
        leave();
        if
        :: moves < MOVES -> goto again
        :: moves == MOVES -> finished++; goto end
        fi
    };
again:
    goto begin;
end:
    skip
}

proctype eraser(byte me) {
    byte at, last, r;

    /* kill() */
    if
    :: atomic { life[0] == ALIVE -> life[0] = DYING; r = 0; killed = true; holders--; enter() }
    :: atomic { life[1] == ALIVE -> life[1] = DYING; r = 1; killed = true; holders--; enter() }
    :: atomic { finished++; goto end }
    fi;
scan:
    begin_scan();
    do
    :: atomic { at < last && slot[at] != word(r, LIVE) -> at++ }
    :: atomic { at < last && slot[at] == word(r, LIVE) -> empty(at); break }
    :: at >= last -> break
    od;
    if
    :: atomic { at >= last && is_stale() -> end_scan() }; goto scan
    :: atomic { at < last || !is_stale() -> end_scan() }
    fi;
    /* retire() and reclaim() */
    awaited = inside & ~(1 << me);
#ifndef NO_GRACE
    awaited == 0;
#endif
    atomic {
        assert(slot[0] == 0 || record_of(slot[0]) != r);
        assert(slot[1] == 0 || record_of(slot[1]) != r);
        assert(slot[2] == 0 || record_of(slot[2]) != r);
        assert(slot[3] == 0 || record_of(slot[3]) != r);
        life[r] = FREE;
        leave();
        finished++
    };
end:
    skip
}

proctype reader(byte me) {
    byte at, last, found, there;

    /* Before a key is there it can only miss. */
    if
    :: atomic { life[0] == ALIVE -> enter(); there = 0; found = NONE }
    :: atomic { life[1] == ALIVE -> enter(); there = 1; found = NONE }
    :: atomic { finished == PROCESSES - 1 -> there = NONE; found = NONE; goto out }
    fi;
scan:
    begin_scan();
    do
    :: atomic {
           at < last && is_visible(slot[at]) && life[record_of(slot[at])] == ALIVE ->
           found = record_of(slot[at]);
           break
       }
    :: atomic {
           at < last && !(is_visible(slot[at]) && life[record_of(slot[at])] == ALIVE) -> at++
       }
    :: at >= last -> break
    od;
    if
    :: atomic { found == NONE && is_stale() -> end_scan() }; goto scan
    :: atomic { found != NONE || !is_stale() -> end_scan() }
    fi;
out:
    atomic {
        /* A key that was there all the time is found. */
        assert(there == NONE || life[there] != ALIVE || found == there);
        /* What was found is not reused while the reader looks at it. */
        assert(found == NONE || life[found] != FREE);
        found = 0; there = 0;
        leave();
        finished++
    }
}

init {
    atomic {
        run inserter(0);
        if
        :: INSERTERS == 2 -> run inserter(1)
        :: INSERTERS == 1
        fi;
        if
        :: MOVERS >= 1 -> run mover(2, PRIMARY)
        :: MOVERS == 0
        fi;
        if
        :: MOVERS == 2 -> run mover(3, SECONDARY)
        :: MOVERS < 2
        fi;
        run eraser(4);
        if
        :: READERS == 1 -> run reader(5)
        :: READERS == 0
        fi
    };
    finished == PROCESSES;
    atomic {
        /* At least one insert wins, and only one when nobody makes way for another. */
        assert(inserted >= 1 && (killed || inserted == 1));
        /* Of the words only the holder's is left, live, and counted where it stands. */
        assert(holders <= 1);
        assert((slot[0] != 0) + (slot[1] != 0) + (slot[2] != 0) + (slot[3] != 0) == holders);
        assert((slot[2] != 0) + (slot[3] != 0) == elsewhere);
        assert(slot[0] == 0 || state_of(slot[0]) == LIVE);
        assert(slot[1] == 0 || state_of(slot[1]) == LIVE);
        assert(slot[2] == 0 || state_of(slot[2]) == LIVE);
        assert(slot[3] == 0 || state_of(slot[3]) == LIVE)
    }
}
