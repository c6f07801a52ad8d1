/*
 * probe.h: the one insertion protocol, for names and for addresses. Private to policy/.
 *
 * Open addressing over records that start with a key word. A record goes
 *
 *     empty|retired|live --claim--> claimed --write, publish--> live --retire--> retired
 *
 * each arrow one CAS, each claim with a new reuse count. What `write` writes
 * follows from the key alone, so whoever meets a claim of its own key finishes
 * it: nobody waits for a claimer, stopped or dead. A claim of another key that is
 * never finished gives way like an idle record. The first in probe order is the
 * record; a twin behind it, left by a race with an eviction, is retired by the
 * next who inserts. A record whose bytes do not hash to its key was torn by a
 * writer that came back after its claim had been given away: it is retired too.
 *
 * The functions are inline so that each user's `kind` is known to the compiler.
 */
#ifndef STICKYDNS_PROBE_H
#define STICKYDNS_PROBE_H

#include "hash.h"
#include "store.h"
#include "words.h"

struct probe_kind {
	word64 *(*key)(const struct table *t, uint32_t slot);
	bool (*is)(const struct table *t, uint32_t slot, const void *want);
	bool (*whole)(const struct table *t, uint32_t slot, uint64_t key);
	/* `fresh`: the slot was never used and is all zeros. False: no space. */
	bool (*write)(struct table *t, uint32_t slot, uint64_t key, const void *want, bool fresh);
	/* How long unused, in ticks; 0: must not give way. */
	uint32_t (*idle)(const struct table *t, uint32_t slot, uint64_t key);
};

struct probe {
	uint32_t slots;
	uint64_t hash;
	const void *want;
};

enum { PROBE_ROUNDS = 8 };	/* races lost before an insertion gives up */

static inline uint32_t probe_slot(const struct probe *p, uint32_t i)
{
	uint32_t slot = hash_slot(p->hash, p->slots) + i;
	return slot < p->slots ? slot : slot - p->slots;
}

static inline uint32_t probe_count(const struct probe *p) { return p->slots < PROBES ? p->slots : PROBES; }

/* From the i-th record on, the first live one that is wanted. */
static inline bool probe_find(const struct table *t, struct probe_kind k, const struct probe *p, uint32_t i,
			      struct name_ref *out)
{
	for (; i < probe_count(p); i++) {
		uint32_t slot = probe_slot(p, i);
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
struct probe_place {
	uint32_t slot;
	uint64_t key;
	bool found;
	bool evicts;
};

static inline bool probe_better(struct probe_place *best, uint32_t *best_idle, uint32_t slot, uint64_t key,
				uint32_t idle)
{
	if (idle <= *best_idle)
		return false;
	*best_idle = idle;
	*best = (struct probe_place){slot, key, true, true};
	return true;
}

/* An unfinished claim of the key, else the first free record, else the idlest. Retires torn ones. */
static inline struct probe_place probe_place(struct table *t, struct probe_kind k, const struct probe *p)
{
	struct probe_place free_ = {0}, idlest = {0};
	uint32_t longest = 0;
	for (uint32_t i = 0; i < probe_count(p); i++) {
		uint32_t slot = probe_slot(p, i);
		uint64_t key = seen64(k.key(t, slot));
		bool same = key_has_hash(key, p->hash);
		if (key_state(key) == KEY_LIVE && same && !k.whole(t, slot, key)) {
			cas64(k.key(t, slot), key, key_in_state(key, KEY_RETIRED));
			add64(&t->header->counters[COUNT_TORN], 1);
			key = seen64(k.key(t, slot));
		}
		switch (key_state(key)) {
		case KEY_EMPTY:
			return free_.found ? free_ : (struct probe_place){slot, key, true, false};
		case KEY_CLAIMED:
			if (same)
				return (struct probe_place){slot, key, true, false};
			probe_better(&idlest, &longest, slot, key, 1);
			break;
		case KEY_RETIRED:
			if (!free_.found)
				free_ = (struct probe_place){slot, key, true, false};
			break;
		case KEY_LIVE:
			probe_better(&idlest, &longest, slot, key, k.idle(t, slot, key));
			break;
		}
	}
	return free_.found ? free_ : idlest;
}

/* Claims the place, or takes over the claim found there; the claim's key, or 0 when another was first. */
static inline uint64_t probe_claim(struct table *t, struct probe_kind k, const struct probe *p,
				   const struct probe_place *at)
{
	if (key_state(at->key) == KEY_CLAIMED && key_has_hash(at->key, p->hash))
		return at->key;
	uint64_t claim = key_make(p->hash, key_reuse(at->key) + 1, KEY_CLAIMED);
	if (!cas64(k.key(t, at->slot), at->key, claim))
		return 0;
	if (at->evicts)
		add64(&t->header->counters[COUNT_EVICTED], 1);
	return claim;
}

/* The record, once live: the first in probe order; retires twins behind it. */
static inline bool probe_settle(struct table *t, struct probe_kind k, const struct probe *p, struct name_ref *out)
{
	struct name_ref twin;
	uint32_t i = 0;
	if (!probe_find(t, k, p, 0, out))
		return false;
	while (probe_slot(p, i) != out->slot)
		i++;
	if (probe_find(t, k, p, i + 1, &twin))
		cas64(k.key(t, twin.slot), twin.key, key_in_state(twin.key, KEY_RETIRED));
	return true;
}

/* Find or insert. False: no room, or races were lost PROBE_ROUNDS times. */
static inline bool probe_insert(struct table *t, struct probe_kind k, const struct probe *p, struct name_ref *out)
{
	for (int round = 0; round < PROBE_ROUNDS; round++) {
		if (probe_find(t, k, p, 0, out))
			return true;
		struct probe_place at = probe_place(t, k, p);
		if (!at.found)
			return false;
		uint64_t claim = probe_claim(t, k, p, &at);
		if (!claim)
			continue;
		bool fresh = key_reuse(claim) == 1;
		if (!k.write(t, at.slot, claim, p->want, fresh)) {
			cas64(k.key(t, at.slot), claim, key_in_state(claim, KEY_RETIRED));
			return false;
		}
		cas64(k.key(t, at.slot), claim, key_in_state(claim, KEY_LIVE));
		if (probe_settle(t, k, p, out))
			return true;
	}
	return false;
}

#endif
