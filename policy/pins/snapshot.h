/*
 * snapshot.h: one family of one name, read from the table for one decision. apply.h carries it out.
 *
 * A snapshot is a copy on the stack. The CAS on the pin word starts from the word that was
 * read, so it notices what changed meanwhile. Only the snapshot of an answer has room for
 * many candidates, since a program's thread may have a stack of 16 KiB in all. Private to
 * policy/.
 */
#ifndef STICKYDNS_SNAPSHOT_H
#define STICKYDNS_SNAPSHOT_H

#include "policy/pins/answer.h"
#include "policy/pins/filter.h"
#include "policy/table/journal.h"
#include "policy/table/names.h"

struct snapshot {
	struct name_ref ref;
	const struct name *name;	/* for events; never NULL */
	enum family family;
	uint64_t pin_word;
	struct endpoint_filter filter;
	const addr_ref *learnt;		/* records of the answer's first CANDIDATES addresses; 0, or NULL for all: they are to be found */
	struct facts facts;
	size_t room;			/* for so many: */
	struct candidate_ref *refs;	/* of facts.candidate, one each */
};

/* What belongs to a candidate, and the rules need not know. */
struct candidate_ref {
	struct address addr;
	addr_ref ref;			/* 0: the address has no record */
	uint16_t sum;			/* its failures, before its circuit was read: a later one changes them */
	uint16_t weight;		/* of a target (RFC 2782) */
};

/* Room for the candidates of a snapshot without an answer, or with an empty one; and of any. It must outlive the snapshot. */
struct snapshot_few {
	struct candidate candidate[KNOWN];
	struct candidate_ref refs[KNOWN];
};

struct snapshot_many {
	struct candidate candidate[FACTS_MAX];
	struct candidate_ref refs[FACTS_MAX];
};

static inline struct snapshot snapshot_of_few(struct snapshot_few *f)
{
	return (struct snapshot){.facts.candidate = f->candidate, .refs = f->refs, .room = KNOWN};
}

static inline struct snapshot snapshot_of_many(struct snapshot_many *m)
{
	return (struct snapshot){.facts.candidate = m->candidate, .refs = m->refs, .room = FACTS_MAX};
}

/*
 * Reads the snapshot, into the room that it has. `pool`: the answer at hand. Without one (NULL) the known candidates stand
 * for it: those of the last answer or, with `stale_s`, those seen within so many seconds. False: the record is gone.
 */
bool snapshot_read(const struct table *t, struct name_ref ref, const struct name *name, enum family f,
		const struct pool *pool, const struct lookup *l, uint32_t stale_s, struct snapshot *out);

/*
 * What the next lookup gets first. With an explicit pin it is the first of the list that does not cool off. -1: the pin has
 * ended, or there is none.
 */
int snapshot_leads_to(const struct snapshot *sn, const struct settings *set);

/* The candidate with this address, or -1. */
int snapshot_find(const struct snapshot *sn, const struct address *a);

#endif
