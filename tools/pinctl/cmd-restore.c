/*
 * cmd-restore.c: pinctl restore [FILE]: takes a saved table (saved.h) into the one in use.
 *
 * Either all pins are restored or none. First all of the text is judged. Then every name
 * of a pin gets its record; for explicit pins, which come first, names that people did not
 * set give way. Then every address and target gets its record. Only then the first pin is
 * set. If something has no room, that shows before, and the names that were made are
 * forgotten again. What DNS said comes last, as far as there is room.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/base/clock.h"
#include "policy/pins/view.h"
#include "policy/table/addresses.h"
#include "policy/table/insert.h"
#include "policy/table/names.h"
#include "tools/common/format.h"
#include "tools/common/names.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/saved.h"

static const struct usage usage = {
	.args_doc = "[FILE]",
	.doc = "Take back what save wrote, from FILE or stdin (-): pins set by hand, other pins as tentative ones where a name has "
	       "none, drained addresses, all of them or none; and what DNS said, as far as there is room.",
	.parser = parse_one_file,
};

enum { PINS = 1 << SAVED_DRAIN | 1 << SAVED_SET | 1 << SAVED_AUTO };

struct run {
	struct context *c;
	struct names made;		/* names that were not in the table */
	uint32_t live;			/* names in it */
	uint32_t began;			/* tick: what came since gives way to nothing of the file */
	uint32_t autos_left, seen_left;	/* lines left out for want of room */
	time_t now;
};

/* ---- first: is all of it understood? ---- */

static int understood(void *arg, const struct saved_entry *e)
{
	const struct run *r = arg;
	if (e->kind == SAVED_SET && e->time > r->now + TIME_MAX_S)
		return complain(r->c, "an end too far away: %s", e->name.text);
	if (e->gone)
		note(r->c, "left out, its interface is not there: %s of %s", e->gone, e->name.text);
	return DONE;
}

/* ---- then room for the pins ---- */

static bool name_room(struct run *r, const struct name *n, bool by_hand)
{
	struct table *t = &r->c->table;
	struct name_ref ref;
	if (table_find(t, n, &ref))
		return true;
	if (table_insert_spare(t, n, &ref))
		r->live++;
	else if (!by_hand || !table_insert_by_hand(t, n, tick_since(tick_now(), r->began) + USED_ERROR, &ref))
		return false;
	return names_add(&r->made, n->text);
}

/* Of the name, and of the hosts that targets are named by. */
static bool names_room(struct run *r, const struct saved_entry *e)
{
	const bool by_hand = e->kind == SAVED_SET;
	bool enough = e->kind == SAVED_DRAIN || name_room(r, &e->name, by_hand);
	for (size_t i = 0; enough && i < e->n; i++)
		enough = !e->servers[i].is_target || name_room(r, &e->servers[i].host, by_hand);
	return enough;
}

/* Has it all of names_room(), still? */
static bool names_there(const struct run *r, const struct saved_entry *e)
{
	struct name_ref ref;
	bool there = e->kind == SAVED_DRAIN || table_find(&r->c->table, &e->name, &ref);
	for (size_t i = 0; there && i < e->n; i++)
		there = !e->servers[i].is_target || table_find(&r->c->table, &e->servers[i].host, &ref);
	return there;
}

static bool addrs_room(struct run *r, const struct saved_entry *e)
{
	static addr_ref (*const insert[])(struct table *, const struct address *) = {
		[SAVED_DRAIN] = addr_insert_by_hand, [SAVED_SET] = addr_insert_by_hand, [SAVED_AUTO] = addr_insert,
		[SAVED_SEEN] = addr_insert_spare};
	bool enough = true;
	for (size_t i = 0; enough && i < e->n; i++) {
		struct address a;
		enough = server_address(&r->c->table, &e->servers[i], true, &a) && insert[e->kind](&r->c->table, &a);
	}
	return enough;
}

static int no_room(const struct run *r)
{
	return complain(r->c, "no room left in the table or in its file system: nothing was restored");
}

static int room_explicit(void *arg, const struct saved_entry *e)
{
	struct run *r = arg;
	return names_room(r, e) ? DONE : no_room(r);
}

/*
 * A table that has filled up holds more names than it was made for, each within
 * SEARCH_MAX records of where it hashes to, which another seed can deny a few of them:
 * those are left out. More than there are records at all is too little room.
 */
static int room_auto(void *arg, const struct saved_entry *e)
{
	struct run *r = arg;
	const struct table *t = &r->c->table;
	if (e->n == 0 || names_room(r, e))
		return DONE;
	r->autos_left++;
	return r->live >= t->names_capacity && r->made.n + r->autos_left <= t->layout.name_slots ? DONE : no_room(r);
}

/* After all names, so that a refused file leaves no addresses, which nobody can take back at once. */
static int room_addrs(void *arg, const struct saved_entry *e)
{
	struct run *r = arg;
	return !names_there(r, e) || addrs_room(r, e) ? DONE : no_room(r);
}

/* Names that others looked up meanwhile stay. */
static void forget_made(struct run *r)
{
	for (size_t i = 0; i < r->made.n; i++) {
		struct name name;
		struct name_ref ref;
		struct name_view v;
		if (names_find(r->c, &r->made, i, &name, &ref) && pins_view(&r->c->table, ref, &v) && v.idle_s == UINT32_MAX)
			table_retire(&r->c->table, ref);
	}
}

/* ---- then the pins ---- */

static enum admin_status take_seen(struct table *t, const struct saved_entry *e, const struct address *addrs, time_t now)
{
	struct srv_record records[CANDIDATES];
	const time_t age = e->time < now ? now - e->time : 0;
	for (size_t i = 0; i < e->n; i++)
		records[i] = (struct srv_record){addrs[i], e->records[i].priority, e->records[i].weight};
	return pins_recall(t, &e->name, records, e->n, age < UINT32_MAX ? (uint32_t)age : UINT32_MAX);
}

static enum admin_status take_set(struct table *t, const struct saved_entry *e, const struct address *addrs, time_t now)
{
	if (e->time && e->time <= now)
		return ADMIN_OK;
	return pins_set(t, &e->name, addrs, e->n, e->time ? (uint32_t)(e->time - now) : 0);
}

static enum admin_status take_back(struct table *t, const struct saved_entry *e, const struct address *addrs, time_t now)
{
	switch (e->kind) {
	case SAVED_DRAIN: return pins_drain(t, &addrs[0], true);
	case SAVED_SET: return take_set(t, e, addrs, now);
	case SAVED_AUTO: return pins_adopt(t, &e->name, &addrs[0]);
	case SAVED_SEEN: break;
	}
	return take_seen(t, e, addrs, now);
}

static enum admin_status take(const struct run *r, const struct saved_entry *e)
{
	struct address addrs[CANDIDATES];
	for (size_t i = 0; i < e->n; i++)
		server_address(&r->c->table, &e->servers[i], true, &addrs[i]);
	return take_back(&r->c->table, e, addrs, r->now);
}

static int take_pin(void *arg, const struct saved_entry *e)
{
	const struct run *r = arg;
	if (e->n == 0 || (e->kind == SAVED_AUTO && !names_there(r, e)))
		return DONE;
	return admin_result(r->c, take(r, e), e->name.text);
}

/* ---- then what DNS said ---- */

static int take_said(void *arg, const struct saved_entry *e)
{
	struct run *r = arg;
	if (e->n > 0 && (!names_room(r, e) || !addrs_room(r, e) || take(r, e) != ADMIN_OK))
		r->seen_left++;
	return DONE;
}

static void tell_left(const struct run *r)
{
	if (r->autos_left)
		note(r->c, "no room left for auto pins: left out: %u", r->autos_left);
	if (r->seen_left)
		note(r->c, "no room left for what DNS said: lines left out: %u", r->seen_left);
}

/* ---- all ---- */

static int load(const struct context *c, const char *path, struct saved *out)
{
	FILE *f = path ? fopen(path, "re") : stdin;
	if (!f)
		return complain(c, "%s: %s", path, strerror(errno));
	int status = saved_load(c, f, path ? path : "stdin", out);
	if (path)
		fclose(f);
	return status;
}

static int make_room(struct run *r, const struct saved *s)
{
	struct table_stats stats;
	pins_stats(&r->c->table, &stats);
	r->live = stats.names;
	int status = saved_each(r->c, s, 1 << SAVED_SET, room_explicit, r);
	if (status == DONE)
		status = saved_each(r->c, s, 1 << SAVED_AUTO, room_auto, r);
	if (status == DONE)
		status = saved_each(r->c, s, PINS, room_addrs, r);
	if (status != DONE)
		forget_made(r);
	return status;
}

int saved_restore(struct context *c, const struct saved *s)
{
	struct run r = {.c = c, .began = tick_now(), .now = (time_t)(now_ns(CLOCK_REALTIME) / NS_PER_S)};
	int status = saved_each(c, s, SAVED_ALL, understood, &r);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	if (status == DONE)
		status = make_room(&r, s);
	if (status == DONE)
		status = saved_each(c, s, PINS, take_pin, &r);
	if (status == DONE)
		status = saved_each(c, s, 1 << SAVED_SEEN, take_said, &r);
	if (status == DONE)
		tell_left(&r);
	names_free(&r.made);
	return status;
}

int cmd_restore(struct context *c, int argc, char **argv)
{
	const char *path = NULL;
	struct saved s = {0};
	int status = cmd_parse(c, &usage, argc, argv, &path);
	if (status == DONE)
		status = load(c, path, &s);
	if (status == DONE)
		status = saved_restore(c, &s);
	saved_free(&s);
	return status;
}
