/*
 * names.h: name records: found, walked, retired. insert.h makes them.
 *
 * No locks: nobody waits for another process, stopped or dead. One CAS on its key word
 * claims a record. What a claim writes follows from the name alone, so whoever meets an
 * unfinished claim of the same name finishes it. The key carries a hash of the whole name.
 * A record whose bytes do not match it is torn, and whoever meets it retires it.
 */
#ifndef STICKYDNS_TABLE_H
#define STICKYDNS_TABLE_H

#include "policy/table/file.h"
#include "policy/table/words.h"

static inline struct name_hot *name_hot(const struct table *t, struct name_ref r) { return &t->hot[r.slot]; }
static inline struct name_cold *name_cold(const struct table *t, struct name_ref r) { return &t->cold[r.slot]; }

/* The i-th word of the name in a slot. */
static inline word64 *name_word(const struct table *t, uint32_t slot, uint32_t i)
{
	return i < HEAD_BYTES / 8 ? &t->hot[slot].head[i] : &t->cold[slot].tail[i - HEAD_BYTES / 8];
}

/* Has the slot this name (struct name)? */
static inline bool name_is(const struct table *t, uint32_t slot, const void *want)
{
	const struct name *n = want;
	for (uint32_t i = 0; i < name_word_count(n); i++)
		if (get64(name_word(t, slot, i)) != n->words[i])
			return false;
	return true;
}

static inline uint8_t name_reuse(struct name_ref r) { return (uint8_t)key_reuse(r.key); }

/* A word of the record's candidates; without a ref if it is one of an earlier owner of the record. */
static inline struct candidate_word name_candidate(struct name_ref r, uint64_t word)
{
	struct candidate_word c = candidate_unpack(word);
	return c.reuse == (name_reuse(r) & 15u) && c.rank != SRV_MARK ? c : (struct candidate_word){0};
}

/* Is the record still the one that was found? */
static inline bool name_current(const struct table *t, struct name_ref r)
{
	return r.slot < t->layout.name_slots && seen64(&t->hot[r.slot].key) == r.key;
}

/*
 * Copies the name in a slot out. False: its bytes do not make the key's hash. What
 * lies behind its end is not hashed, and may be another's: it is left behind.
 */
bool name_copy(const struct table *t, uint32_t slot, uint64_t key, struct name *out);

/* Find a live record. At most SEARCH_MAX records are looked at. */
bool table_find(const struct table *t, const struct name *n, struct name_ref *out);

/* Find the live record of a name by its whole hash (name_hash with the table's seed), and copy the name out. */
bool table_find_hash(const struct table *t, uint64_t hash, struct name_ref *out, struct name *name);

/* Is it the record of a service name? */
bool table_is_service(const struct table *t, struct name_ref r);

/* Forget the record: its words can no longer be changed through `r`. False: it was gone already. */
bool table_retire(struct table *t, struct name_ref r);

/*
 * Walk: the first live record in slot *cursor or after it, its name copied out.
 * Start with *cursor = 0; false at the end.
 */
bool table_next(const struct table *t, uint32_t *cursor, struct name_ref *out, struct name *name);

/* The record in a slot, if it is live and whole. */
bool table_at(const struct table *t, uint32_t slot, struct name_ref *out, struct name *name);

#endif
