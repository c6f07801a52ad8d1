/*
 * search.h: the one insertion protocol, for names and for addresses. Private to the table.
 *
 * Open addressing over records that start with a key word. A record goes
 *
 *     empty|retired|live --claim--> claimed --write, publish--> live --retire--> retired
 *
 * Each arrow is one CAS, and each claim has a new reuse count. What `write` writes
 * follows from the key alone, so whoever meets a claim of its own key finishes it:
 * nobody waits for a claimer, stopped or dead. A claim of another key that is never
 * finished gives way like a record (worth.h). The first in search order is the record. A
 * race with an eviction may leave a twin behind it; the next who inserts retires the
 * twin. A record whose bytes do not hash to its key is retired, too: a writer tore it
 * that came back after its claim had been given away. That should not happen, since a
 * claim's stores change only what was there while the claim held (put64_while). So a
 * claimer that was stopped for long does the next owner no harm.
 *
 * The functions are inline so that each user's `kind` is known to the compiler.
 */
#ifndef STICKYDNS_SEARCH_H
#define STICKYDNS_SEARCH_H

#include "policy/base/hash.h"
#include "policy/table/file.h"
#include "policy/table/words.h"

/* What speaks for a record when the table is full (worth.h). */
enum worth {
	PROBATION,		/* nothing came of it, or long ago */
	MET,			/* a success or failure in the last hour, or one that cools off */
	PROVEN,			/* successes that lie a minute or more apart, and used lately */
	FIXED,			/* set by hand: never gives way */
};

struct search_kind {
	word64 *(*key)(const struct table *t, uint32_t slot);
	bool (*is)(const struct table *t, uint32_t slot, const void *want);
	bool (*whole)(const struct table *t, uint32_t slot, uint64_t key);
	/* `fresh`: the slot was never used and is all zeros. */
	void (*write)(struct table *t, uint32_t slot, uint64_t key, const void *want, bool fresh);
	/* Its worth, by its own words, and for how many ticks it was unused. */
	enum worth (*worth)(const struct table *t, uint32_t slot, uint64_t key, uint32_t now, uint32_t *idle);
	/* The same with what other records say: dearer, and asked only of one that is about to give way. */
	enum worth (*backing)(const struct table *t, uint32_t slot, uint64_t key, uint32_t now);
	/* It has given way: `key` was its key, and its bytes are still there, or another's. NULL: nobody misses it. */
	void (*gave_way)(struct table *t, uint32_t slot, uint64_t key);
};

struct search {
	uint32_t slots;
	uint64_t hash;
	const void *want;
	enum worth limit;		/* of an insertion: what stands below it gives way, */
	uint32_t idle;			/* and was unused for so many ticks, */
	uint32_t now;			/* as of this one */
};

enum { SEARCH_ROUNDS = 8 };	/* races lost before an insertion gives up */

static inline uint32_t search_slot(const struct search *p, uint32_t i)
{
	uint32_t slot = hash_slot(p->hash, p->slots) + i;
	return slot < p->slots ? slot : slot - p->slots;
}

static inline uint32_t search_count(const struct search *p) { return p->slots < SEARCH_MAX ? p->slots : SEARCH_MAX; }

/* From the i-th record on, the first live one that is wanted. */
static inline bool search_find(const struct table *t, struct search_kind k, const struct search *p, uint32_t i,
			      struct name_ref *out)
{
	for (; i < search_count(p); i++) {
		uint32_t slot = search_slot(p, i);
		word64 *word = k.key(t, slot);
		uint64_t key = seen64(word);
		if (key_state(key) == KEY_EMPTY)
			return false;
		if (key_state(key) != KEY_LIVE || !key_has_hash(key, p->hash) || !k.is(t, slot, p->want))
			continue;
		before_recheck();
		if (get64(word) != key)
			continue;
		*out = (struct name_ref){slot, key};
		return true;
	}
	return false;
}

/* Where the key may go: what a claim would start from. */
struct search_place {
	uint32_t slot;
	uint64_t key;
	bool found;
	bool evicts;
};

/* How gladly a record gives way; 0: it stays. */
static inline uint64_t search_gladness(const struct search *p, enum worth s, uint32_t idle)
{
	return s < p->limit && idle >= p->idle ? (uint64_t)(FIXED - s) << 32 | idle : 0;
}

/* The same by its own words. What others say can only make it less. Somebody may be at an unfinished claim still. */
static inline uint64_t search_offer(const struct table *t, struct search_kind k, const struct search *p, uint32_t slot, uint64_t key)
{
	uint32_t idle = 0;
	const enum worth s = key_state(key) == KEY_LIVE ? k.worth(t, slot, key, p->now, &idle) : MET;
	return search_gladness(p, s, idle);
}

/* The record that gives way most gladly. Others are asked about the best offer, then about the next, until one holds good. */
static inline struct search_place search_victim(const struct table *t, struct search_kind k, const struct search *p)
{
	uint64_t asked[(SEARCH_MAX + 63) / 64] = {0};
	struct search_place best = {.evicts = true};
	for (uint64_t most = 0;;) {
		struct search_place at = {.evicts = true};
		uint64_t offer = most;
		uint32_t nth = 0;
		for (uint32_t i = 0; i < search_count(p); i++) {
			const uint32_t slot = search_slot(p, i);
			const uint64_t key = seen64(k.key(t, slot));
			const uint64_t g = asked[i / 64] >> i % 64 & 1 ? 0 : search_offer(t, k, p, slot, key);
			if (g <= offer)
				continue;
			at = (struct search_place){slot, key, true, true};
			offer = g;
			nth = i;
		}
		if (!at.found)
			return best;
		asked[nth / 64] |= UINT64_C(1) << nth % 64;
		const uint64_t holds = key_state(at.key) == KEY_LIVE
					       ? search_gladness(p, k.backing(t, at.slot, at.key, p->now), (uint32_t)offer) : offer;
		if (holds >= offer)
			return at;
		if (holds > most) {
			most = holds;
			best = at;
		}
	}
}

/* An unfinished claim of the key, else the first free record, else one that gives way. Retires torn ones. */
static inline struct search_place search_place(struct table *t, struct search_kind k, const struct search *p)
{
	struct search_place free_ = {0};
	for (uint32_t i = 0; i < search_count(p); i++) {
		uint32_t slot = search_slot(p, i);
		uint64_t key = seen64(k.key(t, slot));
		bool same = key_has_hash(key, p->hash);
		if (key_state(key) == KEY_LIVE && same && !k.whole(t, slot, key)) {
			cas64(k.key(t, slot), key, key_in_state(key, KEY_RETIRED));
			add64(&t->header->counters[COUNT_TORN], 1);
			key = seen64(k.key(t, slot));
		}
		if (key_state(key) == KEY_CLAIMED && same)
			return (struct search_place){slot, key, true, false};
		if (!free_.found && (key_state(key) == KEY_EMPTY || key_state(key) == KEY_RETIRED))
			free_ = (struct search_place){slot, key, true, false};
		if (key_state(key) == KEY_EMPTY)
			break;
	}
	return free_.found ? free_ : search_victim(t, k, p);
}

/* Claims the place, or takes over the claim found there; the claim's key, or 0 when another was first. */
static inline uint64_t search_claim(struct table *t, struct search_kind k, const struct search *p,
				   const struct search_place *at)
{
	if (key_state(at->key) == KEY_CLAIMED && key_has_hash(at->key, p->hash))
		return at->key;
	uint64_t claim = key_make(p->hash, key_reuse(at->key) + 1, KEY_CLAIMED);
	if (!cas64(k.key(t, at->slot), at->key, claim))
		return 0;
	after_claim();
	if (at->evicts) {
		add64(&t->header->counters[COUNT_EVICTED], 1);
		if (k.gave_way)
			k.gave_way(t, at->slot, at->key);
	}
	return claim;
}

/* The record, once live: the first in search order; retires twins behind it. */
static inline bool search_settle(struct table *t, struct search_kind k, const struct search *p, struct name_ref *out)
{
	struct name_ref twin;
	uint32_t i = 0;
	if (!search_find(t, k, p, 0, out))
		return false;
	while (search_slot(p, i) != out->slot)
		i++;
	if (search_find(t, k, p, i + 1, &twin))
		cas64(k.key(t, twin.slot), twin.key, key_in_state(twin.key, KEY_RETIRED));
	return true;
}

/* Find or insert. False: no room, or races were lost SEARCH_ROUNDS times. */
static inline bool search_insert(struct table *t, struct search_kind k, const struct search *p, struct name_ref *out)
{
	for (int round = 0; round < SEARCH_ROUNDS; round++) {
		if (search_find(t, k, p, 0, out))
			return true;
		struct search_place at = search_place(t, k, p);
		if (!at.found)
			return false;
		uint64_t claim = search_claim(t, k, p, &at);
		if (!claim)
			continue;
		bool fresh = key_reuse(claim) == 1;
		k.write(t, at.slot, claim, p->want, fresh);
		cas64(k.key(t, at.slot), claim, key_in_state(claim, KEY_LIVE));
		if (search_settle(t, k, p, out))
			return true;
	}
	return false;
}

#endif
