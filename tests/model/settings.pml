/*
 * settings.pml: the two banks of settings (policy/table/effective.c), in weak memory.
 *
 * A writer (one at a time: a lock) stores three times; a reader takes what it read if the count is the same behind it.
 * What must hold: that is one store's, whole.
 *
 *	-DNO_FENCE	without before_reuse(): the reader may read it half written	(must fail)
 *	-DNO_RELEASE	the count is not published after the bank		(must fail)
 */
#define CELLS 5
#define COUNT 0
#define FIRST(bank) (1 + 2 * (bank))
#define SECOND(bank) (2 + 2 * (bank))

#include "weak.pml"

active proctype memory()
{
end:	do
	:: atomic { by[0] != NOBODY -> arrives(0) }
	:: atomic { by[1] != NOBODY -> arrives(1) }
	:: atomic { by[2] != NOBODY -> arrives(2) }
	:: atomic { by[3] != NOBODY -> arrives(3) }
	:: atomic { by[4] != NOBODY -> arrives(4) }
	od
}

inline fence(me) { by[0] != me && by[1] != me && by[2] != me && by[3] != me && by[4] != me }

active proctype writer()
{
	byte count, stores;
	do
	:: stores == 3 -> break
	:: else ->
		stores++;
		load(10, COUNT, count);
#ifndef NO_FENCE
		fence(10);
#endif
		store(10, FIRST((count + 1) % 2), count + 1);
		store(10, SECOND((count + 1) % 2), count + 1);
#ifndef NO_RELEASE
		fence(10);
#endif
		store(10, COUNT, count + 1)
	od
}

active [2] proctype reader()
{
	byte count, first, second, now;
	load(_pid, COUNT, count);
	load(_pid, FIRST(count % 2), first);
	load(_pid, SECOND(count % 2), second);
	load(_pid, COUNT, now);
	assert(now != count || (first == count && second == count))
}
