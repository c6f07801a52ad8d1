/*
 * fill.h: fills the entries of what is redirected from the table.
 *
 * It asks policy (pins/redirect.h) for each address of each name, and each port where SIP
 * may be spoken. What an event of the journal concerns is asked for at once. Everything is
 * asked for in slices, once a second, since cool-offs end and settings change without an
 * event. One thread; the table is read, never written.
 */
#ifndef STICKYDNS_PINWATCH_FILL_H
#define STICKYDNS_PINWATCH_FILL_H

#include "policy/table/journal.h"
#include "tools/pinwatch/entries.h"

enum { FILL_PORTS = 32 };

struct fill {
	const struct table *table;
	struct entries *entries;
	uint16_t ports[FILL_PORTS];	/* `sip-ports` of all names, and of SRV targets; beyond them, none is steered */
	size_t n_ports;
	uint64_t begun_ms;		/* when the latest round began; 0: none has */
	uint32_t name;			/* where it is: records, then entries */
	size_t entry;
	bool over;			/* the round is */
	bool hurry;			/* the next one is not to wait */
	uint64_t epoch;			/* pins_epoch() when it began */
};

/* A table that was opened: all of it is due. */
void fill_begin(struct fill *f, const struct table *t, struct entries *e);

/* What the event concerns. */
void fill_event(struct fill *f, const struct event *e);

/* A new address record, by its slot. */
void fill_added(struct fill *f, uint32_t slot);

/* All is asked for anew, from now on. */
void fill_anew(struct fill *f);

/* Goes on with the round, or begins the next when it is due, for `budget_us`. False: there is nothing to do now. */
bool fill_slice(struct fill *f, unsigned budget_us);

#endif
