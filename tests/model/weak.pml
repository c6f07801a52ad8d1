/*
 * weak.pml: memory in which what a process stores reaches the others late, and in any order, as C11 and ARM allow.
 *
 * A cell has the value that was stored last (`last`), the value that the others see (`seen`), and whose store is under way
 * (`by`). A process sees its own stores at once. A compare-and-swap works on what was stored last, which the others
 * may see later; it is a release, too (cas64), unless RELAXED is defined. fence(): all that the process stored before is seen before it goes on (a release fence, or store). Loads
 * keep their order: each reader has acquire loads or fences between them (policy/base/atomic.h).
 */
#define NOBODY 255

byte last[CELLS], seen[CELLS], by[CELLS] = NOBODY;

inline load(me, cell, value)
{
	atomic {
		if
		:: by[cell] == me -> value = last[cell]
		:: else -> value = seen[cell]
		fi
	}
}

inline store(me, cell, value)
{
	atomic {
		by[cell] == NOBODY || by[cell] == me;
		last[cell] = value;
		by[cell] = me
	}
}

inline swap(me, cell, old, new, done)
{
#ifndef RELAXED
	fence(me);
#endif
	atomic {
		by[cell] == NOBODY || by[cell] == me;
		done = (last[cell] == old);
		if
		:: done -> last[cell] = new; by[cell] = me
		:: else
		fi
	}
}

inline arrives(cell)
{
	seen[cell] = last[cell];
	by[cell] = NOBODY
}
