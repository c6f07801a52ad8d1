/*
 * records.pml: the claim of a record (policy/table/search.h), by processes that may be stopped anywhere, in weak memory.
 *
 * One record, which holds name 2 at first, and a word that belongs to its owner, such as when its pin ends. Two processes
 * insert name 1 there, of which each may finish what the other began, and one inserts name 2 again; each owner then sets
 * its word. What must hold: who reads the first record as search_find() does gets its word, and nothing that was written for
 * the next; and what an owner has set stays while the record is his. An owner that was stopped in the middle of that may
 * put his value where the next one has zeroed it: so no word counts unless the pin beside it, which has the reuse count in
 * it, says so (policy/pins/admin.c).
 *
 *	-DPLAIN		plain stores in place of put64_while(): one who comes back late zeroes the next owner's word	(must fail)
 *	-DRELAXED	without what cas64() orders: one who comes late takes an owner for one who claims	(must fail)
 */
#define CELLS 2
#define KEY 0			/* reuse count, name, state */
#define WORD 1			/* the owner's; the name's bytes are written in the same way, and compared by who looks up */

#include "weak.pml"

#define CLAIMED 1
#define LIVE 2
#define key_of(reuse, name, state) ((reuse) * 16 + (name) * 4 + (state))
#define reuse_of(key) ((key) / 16)
#define name_of(key) ((key) / 4 % 4)
#define state_of(key) ((key) % 4)
#define own_word(key) (10 + reuse_of(key))

active proctype memory()
{
end:	do
	:: atomic { by[KEY] != NOBODY -> arrives(KEY) }
	:: atomic { by[WORD] != NOBODY -> arrives(WORD) }
	od
}

inline fence(me) { by[KEY] != me && by[WORD] != me }

/* put64_while(): over what was there while the guard held. */
inline put_while(me, guard, cell, value)
{
	done = true;
	load(me, cell, old);
	load(me, KEY, now);
	if
	:: now == guard && old != value ->
#ifdef PLAIN
		store(me, cell, value)
#else
		swap(me, cell, old, value, done)
#endif
	:: else
	fi
}

proctype insert(byte me; byte name)
{
	byte key, claim, old, now;
	bool done;
	load(me, KEY, key);
	if
	:: state_of(key) == LIVE && name_of(key) == name -> goto out
	:: state_of(key) == CLAIMED && name_of(key) == name -> claim = key
	:: else ->
		claim = key_of(reuse_of(key) + 1, name, CLAIMED);
		swap(me, KEY, key, claim, done);
		if
		:: !done -> goto out
		:: else
		fi;
#ifndef RELAXED
		fence(me)
#endif
	fi;
	key = 0;
	put_while(me, claim, WORD, 0);
	fence(me);
	swap(me, KEY, claim, key_of(reuse_of(claim), name, LIVE), done);
	/* One of those who inserted it is its owner. */
	if
	:: !done -> goto out
	:: else
	fi;
	claim = key_of(reuse_of(claim), name, LIVE);
	put_while(me, claim, WORD, own_word(claim));
	if
	:: now == claim && done ->
		load(me, WORD, old);
		load(me, KEY, now);
		assert(now != claim || old == own_word(claim))
	:: else
	fi;
out:	key = 0; claim = 0; old = 0; now = 0; done = false
}

proctype lookup(byte me)
{
	byte key, word, now;
	load(me, KEY, key);
	if
	:: state_of(key) == LIVE ->
		load(me, WORD, word);
		load(me, KEY, now);
		assert(now != key || reuse_of(key) > 0 || word == own_word(key))
	:: else
	fi
}

init {
	atomic {
		last[KEY] = key_of(0, 2, LIVE); seen[KEY] = last[KEY];
		last[WORD] = own_word(last[KEY]); seen[WORD] = last[WORD];
		run insert(10, 1);
		run insert(11, 1);
		run insert(12, 2);
		run lookup(13)
	}
}
