/*
 * names.h: name records: found, inserted, walked, retired.
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

/* A name record, and its key word as it was when found. Words change; the slot is in bounds. */
struct name_ref {
	uint32_t slot;
	uint64_t key;
};

static inline struct name_hot *name_hot(const struct table *t, struct name_ref r) { return &t->hot[r.slot]; }
static inline struct name_cold *name_cold(const struct table *t, struct name_ref r) { return &t->cold[r.slot]; }
static inline uint8_t name_reuse(struct name_ref r) { return (uint8_t)key_reuse(r.key); }

/* A word of the record's candidates; without a ref if it is one of an earlier owner of the record. */
static inline struct candidate_word name_candidate(struct name_ref r, uint64_t word)
{
	struct candidate_word c = candidate_unpack(word);
	return c.reuse == (name_reuse(r) & 15u) && c.rank != SRV_MARK ? c : (struct candidate_word){0};
}

/* Is the record still the one that was found? */
bool name_current(const struct table *t, struct name_ref r);

/* Find a live record. At most PROBES records are looked at. */
bool table_find(const struct table *t, const struct name *n, struct name_ref *out);

/* Find the live record of a name by its whole hash (name_hash with the table's seed), and copy the name out. */
bool table_find_hash(const struct table *t, uint64_t hash, struct name_ref *out, struct name *name);

/* Is it the record of a service name? */
bool table_is_service(const struct table *t, struct name_ref r);

/*
 * Find or insert. False: the table is full of proven names and explicit pins here, its file system is full, or it
 * is read-only. Of the other records probed one gives way when none is free (worth.h).
 */
bool table_insert(struct table *t, const struct name *n, struct name_ref *out);

/*
 * The same for what people set: proven names give way too, and only explicit pins and the hosts of theirs do not; nor
 * what was used in the last `idle` ticks.
 */
bool table_insert_by_hand(struct table *t, const struct name *n, uint32_t idle, struct name_ref *out);

/* The same where a record is free: none gives way, however idle. False, too, when there is none. */
bool table_insert_spare(struct table *t, const struct name *n, struct name_ref *out);

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
