/*
 * cmd-restore.c: pinctl restore [FILE]: a saved table (saved.h) into the one in use.
 *
 * Whole or not at all: all of the text is judged, then every name, address and
 * target gets its record, and only then the first pin is set. What has no room is
 * found in the first two passes, and the names that they made are forgotten again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "addrs.h"
#include "cmd.h"
#include "format.h"
#include "names.h"
#include "saved.h"
#include "table.h"

static const struct usage usage = {
	.args_doc = "[FILE]",
	.doc = "Take back what save wrote, from FILE or stdin: pins set by hand, other pins as tentative ones where a name has "
	       "none, what DNS said, drained addresses. Whole or not at all.",
	.parser = parse_one_word,
};

struct run {
	struct context *c;
	struct names made;		/* names that were not in the table */
	uint32_t live;			/* names in it; a full one would give others away for them */
	time_t now;
};

/* ---- first: is all of it understood? ---- */

static int understood(void *arg, const struct saved_entry *e)
{
	const struct run *r = arg;
	if (e->kind == SAVED_SET && e->time > r->now + TIME_MAX_S)
		return complain(r->c, "an end too far away: %s", e->name.text);
	return DONE;
}

/* ---- then room for all ---- */

static bool name_room(struct run *r, const struct name *n)
{
	struct name_ref ref;
	if (table_find(&r->c->table, n, &ref))
		return true;
	return r->live++ < r->c->table.names_capacity && table_insert(&r->c->table, n, &ref) &&
	       names_add(&r->made, n->text);
}

static bool server_room(struct run *r, const struct server *s)
{
	struct address a;
	return (!s->is_target || name_room(r, &s->host)) && server_address(&r->c->table, s, true, &a) &&
	       addr_insert(&r->c->table, &a);
}

static int room(void *arg, const struct saved_entry *e)
{
	struct run *r = arg;
	bool enough = e->kind == SAVED_DRAIN || name_room(r, &e->name);
	for (size_t i = 0; enough && i < e->n; i++)
		enough = server_room(r, &e->servers[i]);
	return enough ? DONE : complain(r->c, "no room left in the table or in its file system: nothing was restored");
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

static enum hand_status take_seen(struct table *t, const struct saved_entry *e, const struct address *addrs, time_t now)
{
	struct srv_record records[CANDIDATES];
	const time_t age = e->time < now ? now - e->time : 0;
	for (size_t i = 0; i < e->n; i++)
		records[i] = (struct srv_record){addrs[i], e->records[i].priority, e->records[i].weight};
	return pins_recall(t, &e->name, records, e->n, age < UINT32_MAX ? (uint32_t)age : UINT32_MAX);
}

static enum hand_status take_set(struct table *t, const struct saved_entry *e, const struct address *addrs, time_t now)
{
	if (e->time && e->time <= now)
		return HAND_OK;
	return pins_set(t, &e->name, addrs, e->n, e->time ? (uint32_t)(e->time - now) : 0);
}

static enum hand_status take_back(struct table *t, const struct saved_entry *e, const struct address *addrs, time_t now)
{
	switch (e->kind) {
	case SAVED_DRAIN: return pins_drain(t, &addrs[0], true);
	case SAVED_SET: return take_set(t, e, addrs, now);
	case SAVED_AUTO: return pins_adopt(t, &e->name, &addrs[0]);
	case SAVED_SEEN: break;
	}
	return take_seen(t, e, addrs, now);
}

static int take(void *arg, const struct saved_entry *e)
{
	struct run *r = arg;
	struct address addrs[CANDIDATES];
	for (size_t i = 0; i < e->n; i++)
		server_address(&r->c->table, &e->servers[i], true, &addrs[i]);
	return hand_result(r->c, take_back(&r->c->table, e, addrs, r->now), e->name.text);
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
	int status = saved_each(r->c, s, room, r);
	if (status != DONE)
		forget_made(r);
	return status;
}

static int restore(struct context *c, const struct saved *s)
{
	struct run r = {.c = c, .now = time(NULL)};
	int status = saved_each(c, s, understood, &r);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	if (status == DONE)
		status = make_room(&r, s);
	if (status == DONE)
		status = saved_each(c, s, take, &r);
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
		status = restore(c, &s);
	saved_free(&s);
	return status;
}
