/*
 * snapshot.h: one family of one name, read from the table for one decision, and the
 * decision carried out. Private to policy/.
 *
 * A scene is a copy on the stack: what changes meanwhile is noticed by the CAS on
 * the pin word, which starts from the word that was read. Only one of an answer has
 * room for many choices: a program's thread may have a stack of 16 KiB in all.
 */
#ifndef STICKYDNS_SCENE_H
#define STICKYDNS_SCENE_H

#include "policy/pins/pins.h"

/* Which endpoints of an address count. */
struct regard {
	uint8_t transport;		/* TRANSPORT_ANY: every one with the port */
	uint16_t port;			/* 0: every one; with TRANSPORT_ANY "other" too */
};

struct scene {
	struct name_ref ref;
	const struct name *name;	/* for events; never NULL */
	enum family family;
	uint64_t pin_word;
	struct regard regard;
	struct snapshot s;
	size_t room;			/* for so many: */
	struct place *place;		/* beside s.choice */
};

/* What belongs to a choice, and the rules need not know. */
struct place {
	struct address addr;
	addr_ref ref;			/* 0: the address has no record */
	uint16_t sum;			/* its failures, before its fitness was read: a later one changes them */
	uint16_t weight;		/* of a target (RFC 2782) */
};

/* Room for the choices of a scene without an answer, or with an empty one; and of any. It must outlive the scene. */
struct scene_few {
	struct choice choice[KNOWN];
	struct place place[KNOWN];
};

struct scene_many {
	struct choice choice[CHOICES];
	struct place place[CHOICES];
};

static inline struct scene scene_of_few(struct scene_few *f)
{
	return (struct scene){.s.choice = f->choice, .place = f->place, .room = KNOWN};
}

static inline struct scene scene_of_many(struct scene_many *m)
{
	return (struct scene){.s.choice = m->choice, .place = m->place, .room = CHOICES};
}

/*
 * Reads the scene, into the room that it has. `pool`: the answer at hand; NULL: the known candidates stand
 * for it, those of the last answer, or with `stale_s` all seen within so many
 * seconds. False: the record is gone.
 */
bool scene_read(const struct table *t, struct name_ref ref, const struct name *name, enum family f,
		const struct pool *pool, const struct lookup *l, uint32_t stale_s, struct scene *out);

/*
 * Carries out what became of the pin. False: another process changed the pin
 * first; read again. On a read-only table nothing happens and all is well.
 */
bool scene_apply(struct table *t, const struct scene *sc, const struct transition *tr);

/* The endpoint in slot `slot` of choice tr->to succeeded, as `why` tells. As scene_apply. */
bool scene_confirm(struct table *t, const struct scene *sc, const struct transition *tr, int slot,
		   const struct endpoint *e, enum cause why);

/* The confirmed pin is in doubt: tentative, where it is. As scene_apply. */
bool scene_doubt(struct table *t, const struct scene *sc);

/* The event and the counts of a move to choice `to` from `old`. */
void scene_moved(struct table *t, const struct scene *sc, enum cause cause, int to, int old, const struct endpoint *e);

/* An address of the preference list that is not the pin's own word succeeded: only that is noted. */
void scene_confirm_ranked(struct table *t, const struct scene *sc, int at, const struct endpoint *e, enum cause why);

/* Does the endpoint count? */
bool regards(struct regard r, struct health h);

/* Does the word "other" of an address count? Where all do, and what was failed by hand always. */
bool regards_other(struct regard r, struct health other);

/* What counts for a name without regard to a lookup: the endpoint that confirmed it last, else all. */
struct regard regard_of(const struct table *t, struct name_ref ref, enum family f);

/*
 * What the pin leads to at the next lookup; of an explicit one the first of its
 * list that is not cooling. -1: it has ended, or there is none.
 */
int scene_leads_to(const struct scene *sc, const struct settings *set);

/* How fit an address is, by the endpoints that count. One without a record never failed. */
struct choice scene_judge(const struct table *t, addr_ref ref, struct regard r, uint32_t now);

/* Wins the right to try the DUE endpoints of choice `at`. */
bool scene_take_try(struct table *t, const struct scene *sc, int at);

/* The choice with this address, or -1. */
int scene_choice(const struct scene *sc, const struct address *a);

/* An event about the scene's name; `addr` and `old` are choices, or -1. */
void scene_event(struct table *t, const struct scene *sc, enum event_kind kind, enum cause cause, int addr,
		 int old, const struct endpoint *e);

#endif
