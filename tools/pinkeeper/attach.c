/* attach.c: see attach.h. */
#include "tools/pinkeeper/attach.h"

#include <string.h>

#include "policy/base/clock.h"
#include "tools/common/guard.h"
#include "tools/common/reader.h"
#include "tools/pinkeeper/keeper.h"
#include "tools/pinkeeper/position.h"

enum {
	LOOK_MS = 1000,			/* for a table that is not there yet, or was replaced */
	WAIT_MS = 500,			/* of the thread, before it looks whether it is to end */
	AT_ONCE = 512,			/* events that are taken before the loop has its turn */
};

static struct keeper *keeper;
static uv_timer_t look_again;
static uv_async_t wake;
static struct reader reader;
static int left = READER_NEW;		/* generation of the table that was followed */
static _Atomic bool truncated;		/* guard.h */
static enum store_status told;		/* of the last line that said why no table is served */

/* ---- the thread that waits ---- */

static uv_thread_t waiter;
static _Atomic bool waiting;
static _Atomic uint64_t read_until;	/* number of the next event that the loop has not taken */

static void wait_for_events(void *table)
{
	while (waiting) {
		if (journal_next(table) != read_until)
			uv_async_send(&wake);
		journal_wait(table, journal_next(table), WAIT_MS);
	}
}

/* ---- the table ---- */

static void detach(struct keeper *k)
{
	if (!k->attached)
		return;
	for (const struct duty **d = k->duties; *d; d++)
		if ((*d)->detached)
			(*d)->detached(k);
	waiting = false;
	journal_wake(&k->c.table);
	uv_thread_join(&waiter);
	left = truncated ? READER_NEW : journal_generation(&k->c.table);
	store_close(&k->c.table);
	k->attached = false;
}

/* What is wrong with a table is said once, until it is another thing. */
static void say_why_not(const struct keeper *k, enum store_status s)
{
	if (s != told)
		note(&k->c, "%s: %s: waited for", k->c.path, store_status_text(s));
	told = s;
}

static void attach(struct keeper *k)
{
	const enum store_status s = store_open_named(k->c.path, &k->c.table);
	if (s != STORE_OK) {
		store_close(&k->c.table);
		say_why_not(k, s);
		return;
	}
	told = STORE_OK;
	truncated = false;
	k->c.table.origin = ORIGIN_KEEPER;
	reader = (struct reader){.seq = position_of(&k->c.table, journal_next(&k->c.table))};
	if (left != READER_NEW)
		reader = reader_begin(&k->c.table, left);
	read_until = reader.seq;
	position_keep(&k->c.table, reader.seq);
	waiting = true;
	if (uv_thread_create(&waiter, wait_for_events, &k->c.table) != 0) {
		store_close(&k->c.table);
		say_why_not(k, STORE_SYSTEM);
		return;
	}
	k->attached = true;
	note(&k->c, "%s: %s", k->c.path, k->c.table.writable ? "served" : "may only be read: nothing is changed in it");
	for (const struct duty **d = k->duties; *d; d++)
		if ((*d)->attached)
			(*d)->attached(k);
}

/* ---- events ---- */

static void tell(struct keeper *k, const struct event *e)
{
	for (const struct duty **d = k->duties; *d; d++)
		if ((*d)->event)
			(*d)->event(k, e);
}

static void tell_lost(struct keeper *k)
{
	for (const struct duty **d = k->duties; reader.lost && *d; d++)
		if ((*d)->lost)
			(*d)->lost(k, reader.lost);
	reader.lost = 0;
}

static void read_events(struct keeper *k)
{
	struct event e;
	enum reading reading = READ_EVENT;
	for (unsigned n = 0; n < AT_ONCE && (reading = reader_next(&reader, &k->c.table, now_ms(), &e)) == READ_EVENT; n++) {
		tell_lost(k);
		tell(k, &e);
	}
	tell_lost(k);
	if (read_until != reader.seq)
		position_keep(&k->c.table, reader.seq);
	read_until = reader.seq;
	if (reading == READ_EVENT)
		uv_async_send(&wake);
	else if (reading == READ_UNFINISHED)
		uv_timer_start(&look_again, look_again.timer_cb, UNFINISHED_MS, LOOK_MS);
}

static void look(struct keeper *k)
{
	if (k->attached && (truncated || !table_is_in_force(&k->c.table, k->c.path) || reader_is_astray(&reader, &k->c.table))) {
		read_events(k);			/* the last ones of the old table */
		detach(k);
	}
	if (!k->attached)
		attach(k);
	if (k->attached)
		read_events(k);
}

static void on_timer(uv_timer_t *timer)
{
	(void)timer;
	look(keeper);
}

static void on_wake(uv_async_t *async)
{
	(void)async;
	look(keeper);
}

bool attach_start(struct keeper *k)
{
	keeper = k;
	told = STORE_OK;
	if (!guard_table(&k->c.table, &truncated) || uv_async_init(k->loop, &wake, on_wake) != 0 ||
	    uv_timer_init(k->loop, &look_again) != 0 || uv_timer_start(&look_again, on_timer, 0, LOOK_MS) != 0)
		return complain(&k->c, "the loop has no room"), false;
	return true;
}

void attach_stop(struct keeper *k)
{
	for (unsigned n = 0; k->attached && n <= EVENTS / AT_ONCE; n++)
		read_events(k);			/* what was written until now */
	detach(k);
	uv_close((uv_handle_t *)&wake, NULL);
	uv_close((uv_handle_t *)&look_again, NULL);
}
