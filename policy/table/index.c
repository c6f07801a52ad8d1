/*
 * index.c: see index.h.
 *
 * A word is {address ref 32 | name slot + 1, 32}. The words of an address lie in groups
 * of two cache lines. The place of the k-th group is a hash of the ref and k. A group
 * with an empty word ends the search. A word is a hint: it counts only if the name still
 * holds the address. Otherwise it is written over.
 */
#include "policy/table/index.h"

#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "policy/table/addresses.h"
#include "policy/table/worth.h"

enum { GROUP = 16, GROUPS_MAX = 64, GROUPS_TRIED = 2 };

static word64 *group_at(const struct table *t, addr_ref addr, uint32_t k)
{
	const uint64_t w[] = {addr, k};
	uint32_t groups = t->layout.index_words / GROUP;
	return groups ? t->index + (size_t)GROUP * hash_slot(hash_words(w, 2, t->seed), groups) : NULL;
}

static bool is_ranked(const struct table *t, struct name_ref r, addr_ref addr)
{
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const struct candidate_word c = name_candidate(r, get64(&name_cold(t, r)->candidates[i]));
		if (c.ref == addr && c.rank)
			return true;
	}
	return false;
}

bool name_holds_by_hand(const struct table *t, struct name_ref r, addr_ref addr)
{
	bool any = false;
	for (unsigned f = 0; f < FAMILIES; f++) {
		struct pin p = pin_unpack(get64(&name_hot(t, r)->pin[f]));
		if (!p.is_explicit || p.reuse != name_reuse(r))
			continue;
		if (p.ref == addr)
			return true;
		any = true;
	}
	return any && is_ranked(t, r, addr);
}

bool name_holds_as_pin(const struct table *t, struct name_ref r, addr_ref addr)
{
	const struct name_hot *hot = name_hot(t, r);
	for (unsigned f = 0; f < FAMILIES; f++) {
		struct pin p = pin_unpack(get64(&hot->pin[f]));
		struct confirmed c = confirmed_unpack(get64(&hot->confirmed[f]));
		if ((p.ref == addr && p.reuse == name_reuse(r)) || (c.ref == addr && c.reuse == name_reuse(r)))
			return true;
	}
	return false;
}

bool name_holds(const struct table *t, struct name_ref r, addr_ref addr)
{
	if (!name_current(t, r))
		return false;
	if (name_holds_as_pin(t, r, addr))
		return true;
	const struct name_cold *cold = name_cold(t, r);
	for (unsigned i = 0; i < CANDIDATES; i++)
		if (name_candidate(r, get64(&cold->candidates[i])).ref == addr)
			return true;
	return false;
}

/* The live record in the slot that the word names, if it holds the word's address. */
static bool holder_of(const struct table *t, uint64_t word, struct name_ref *out)
{
	uint32_t slot = (uint32_t)word - 1;
	if ((uint32_t)word == 0 || slot >= t->layout.name_slots)
		return false;
	*out = (struct name_ref){slot, seen64(&t->hot[slot].key)};
	return key_state(out->key) == KEY_LIVE && name_holds(t, *out, (addr_ref)(word >> 32));
}

/* Is what the word says no longer so? A name may still list an address whose record another has by now. */
static bool is_spare(const struct table *t, uint64_t word)
{
	struct name_ref other;
	return !addr_at(t, (addr_ref)(word >> 32)) || !holder_of(t, word, &other);
}

/* No word is free. Who holds an address so that it stays must be known: a word of a lesser name makes room. */
static void add_by_force(struct table *t, addr_ref addr, uint64_t mine, enum worth worth)
{
	word64 *group = group_at(t, addr, 0);
	for (int i = 0; i < GROUP; i++) {
		struct name_ref other;
		uint64_t word = get64(&group[i]);
		if (holder_of(t, word, &other) && worth_of_name(t, other, tick_now()) >= worth)
			continue;
		if (cas64(&group[i], word, mine))
			return;
	}
}

/*
 * The first word that says nothing is taken, so that words which are empty stay so: they end the readers' search. A look at
 * all groups that found none is not repeated in the same tick: then each name tries a few of them, others others.
 */
void index_add(struct table *t, addr_ref addr, struct name_ref name)
{
	const uint64_t mine = (uint64_t)addr << 32 | (name.slot + 1), now = (uint64_t)addr << 32 | tick_now();
	word64 *const no_spare = &t->no_spare[ref_slot(addr) % NO_SPARE];
	const bool few = get64(no_spare) == now;
	for (uint32_t k = 0; k < (few ? GROUPS_TRIED : GROUPS_MAX); k++) {
		word64 *group = group_at(t, addr, few ? (name.slot + k) % GROUPS_MAX : k);
		if (!group)
			return;
		for (int i = 0; i < GROUP; i++)
			if (get64(&group[i]) == mine)
				return;
		for (int i = 0; i < GROUP; i++) {
			uint64_t word = get64(&group[i]);
			if (is_spare(t, word) && cas64(&group[i], word, mine))
				return;
		}
	}
	put64(no_spare, now);
	const enum worth worth = worth_of_name(t, name, tick_now());
	if (worth >= PROVEN)
		add_by_force(t, addr, mine, worth);
}

bool index_next(const struct table *t, addr_ref addr, uint32_t *cursor, struct name_ref *out)
{
	for (; *cursor < GROUP * GROUPS_MAX; (*cursor)++) {
		const word64 *group = group_at(t, addr, *cursor / GROUP);
		uint64_t word = group ? get64(&group[*cursor % GROUP]) : 0;
		if (word == 0)		/* words never become empty again */
			return *cursor = GROUP * GROUPS_MAX, false;
		if ((addr_ref)(word >> 32) == addr && holder_of(t, word, out))
			return (*cursor)++, true;
	}
	return false;
}
