/*
 * cmd-refresh.c: pinctl refresh: ask DNS now, instead of at the programs' next lookup.
 *
 * A name that is no longer published loses its auto pin at once, without the grace of
 * `absent`. Only an answer says that: as long as one family of a name gets no answer,
 * nothing of that name changes. A second round asks for the targets of services.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/pins/admin.h"
#include "policy/pins/service.h"
#include "policy/pins/view.h"
#include "tools/common/names.h"
#include "tools/common/view.h"
#include "tools/pinctl/commands.h"
#include "tools/common/resolve.h"

enum { TIMEOUT_S = 5, TIMEOUT_MAX_S = 300 };

struct words {
	struct wanted wanted;
	const char *server, *timeout;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case 's': w->server = arg; return 0;
	case 'T': w->timeout = arg; return 0;
	default: return wanted_parse(key, state, &w->wanted);
	}
}

static const struct argp_option options[] = {
	{"all", 'a', NULL, 0, "every name in the table", 0},
	{"server", 's', "IP[:PORT]", 0, "ask this server, IPv6 with a port as [IP]:PORT; else those of resolv.conf", 0},
	{"timeout", 'T', "TIME", 0, "for one question, all tries together: 1s to 5m (5s)", 0},
	{0},
};

static const struct usage usage = {
	.args_doc = "HOST...\n--all",
	.doc = "Ask DNS for A and AAAA now, of services (_sip._udp.example.com) for SRV and then for their targets: renew what "
	       "is published, drop auto pins that are not."
	       "\vColumns: name, family, what happened (renewed, dropped, kept: explicit; learned: no pin, candidates "
	       "only; absent: no such name), the pin, TTL. A name that gets no answer stays as it is; the exit status "
	       "is then 1.",
	.options = options,
	.parser = parse,
	.shows = true,
};

/* ---- words ---- */

static int options_parse(const struct context *c, const struct words *w, struct endpoint *server,
			 struct resolve_options *o)
{
	uint32_t seconds = TIMEOUT_S;
	if (w->server && !endpoint_parse(w->server, 53, server))
		return misused(c, "--server: not IP[:PORT]: '%s'", w->server);
	if (w->timeout && (!time_parse(w->timeout, &seconds) || seconds == 0 || seconds > TIMEOUT_MAX_S))
		return misused(c, "--timeout: not a time from 1s to 5m: '%s'", w->timeout);
	o->server = w->server ? server : NULL;
	o->timeout_ms = seconds * 1000;
	return DONE;
}

/* ---- an answer from DNS, taken into the table, and what that changed ---- */

enum result {
	NOTHING,			/* no pin, and no record of this family */
	RENEWED,			/* the pin is published */
	DROPPED,			/* it is not, and was an auto pin */
	KEPT,				/* it is not, and is an explicit one */
	LEARNED,			/* no pin; candidates */
};

struct change {
	enum result result;
	bool has_pin;
	struct address pin;		/* as it was */
	uint32_t ttl;
	size_t published;
};

static const char *result_text(enum result r)
{
	static const char *const text[] = {"nothing", "renewed", "dropped", "kept", "learned"};
	return text[r];
}

static struct change change_of(const struct pin_view *before, const struct reply *r, size_t n, bool published, bool dropped)
{
	struct change ch = {.has_pin = before->present, .pin = before->addr, .ttl = r->ttl, .published = n};
	if (!before->present)
		ch.result = n ? LEARNED : NOTHING;
	else if (published)
		ch.result = RENEWED;
	else
		ch.result = dropped ? DROPPED : KEPT;
	return ch;
}

/* ---- addresses ---- */

static bool is_published(const struct reply *r, const struct address *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (address_equal(&r->addr[i], a))
			return true;
	return false;
}

/* The name's TTL is the least of both families'; a family without records has none to give. */
static uint32_t least_ttl(const struct reply *reply)
{
	const struct reply *v4 = &reply[FAMILY_V4], *v6 = &reply[FAMILY_V6];
	if (v4->n == 0 || v6->n == 0)
		return v4->n ? v4->ttl : v6->ttl;
	return v4->ttl < v6->ttl ? v4->ttl : v6->ttl;
}

/* The family with records first: that the other has none is believed as long (ttl_note). */
static enum admin_status take_addresses(struct table *t, const struct name *name, const struct reply *reply,
				       const struct name_view *before, struct change *change)
{
	const enum family first = reply[FAMILY_V4].n ? FAMILY_V4 : FAMILY_V6;
	enum admin_status s = ADMIN_OK;
	for (unsigned i = 0; i < FAMILIES && s == ADMIN_OK; i++) {
		const enum family f = i == 0 ? first : 1 - first;
		const struct pin_view *pin = &before->pin[f];
		bool dropped = false;
		s = pins_refresh(t, name, f, reply[f].addr, reply[f].n, least_ttl(reply), &dropped);
		change[f] = change_of(pin, &reply[f], reply[f].n, is_published(&reply[f], &pin->addr), dropped);
	}
	return s;
}

/* ---- targets ---- */

static enum admin_status take_targets(struct table *t, const struct name *name, const struct reply *reply,
				     const struct pin_view *before, struct change *change)
{
	struct srv_record records[REPLY_SRV_MAX];
	bool published = false, dropped = false;
	for (size_t i = 0; i < reply->n; i++) {
		const struct reply_srv *s = &reply->srv[i];
		records[i] = (struct srv_record){.priority = s->priority, .weight = s->weight};
		if (!pins_target(t, name, &s->host, s->port, &records[i].target))
			return t->writable ? ADMIN_FULL : ADMIN_READ_ONLY;
		published = published || address_equal(&records[i].target, &before->addr);
	}
	enum admin_status s = pins_refresh_service(t, name, records, reply->n, reply->ttl, &dropped);
	*change = change_of(before, reply, reply->n, published, dropped);
	return s;
}

/*
 * Takes in what DNS says of `name`: both families, or in change[FAMILY_SRV] the
 * targets of a service, whose hosts get records. `before`: the name as it was.
 */
static enum admin_status change_take(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
			     const struct name_view *before, struct change change[static FAMILIES])
{
	if (name_is_service(name))
		return take_targets(t, name, &reply[FAMILY_SRV], &before->pin[FAMILY_SRV], &change[FAMILY_SRV]);
	return take_addresses(t, name, reply, before, change);
}

/* ---- what happened ---- */

/* What became of one name, kept until all before it are printed. */
struct outcome_of_name {
	bool done, absent;
	const char *failure;
	struct change change[FAMILIES];
};

struct run {
	struct context *c;
	const struct names *names;	/* of this round: what was wanted, or the targets of services among it */
	struct names targets;
	struct outcome_of_name *outcomes;
	struct grid grid;
	size_t printed, elements;
	int status;
	bool whole;
};

/* ---- one name ---- */

static const char *failure_of(const struct reply *reply)
{
	for (enum family f = 0; f < FAMILIES; f++)
		if (reply[f].status == REPLY_FAILED)
			return reply[f].why ? reply[f].why : "no answer";
	return NULL;
}

/* A service is as fresh as its targets' addresses: they are asked for next. */
static bool note_targets(struct run *r, const struct reply *reply)
{
	for (size_t i = 0; i < reply->n; i++)
		if (!names_add(&r->targets, reply->srv[i].host.text))
			return false;
	return true;
}

/* Why a name that was not in the table is not there now either. */
static const char *nothing_of(const struct name *name, const struct reply *reply)
{
	if (reply[FAMILY_V4].status == REPLY_NO_NAME)
		return "no such name";
	return name_is_service(name) ? "no SRV record that leads anywhere" : "no address";
}

static void take_answer(struct run *r, size_t i, const struct reply *reply, struct outcome_of_name *out)
{
	const char *word = r->names->name[i];
	struct name name;
	struct name_ref ref;
	struct name_view before = {0};
	bool known = names_find(r->c, r->names, i, &name, &ref) && pins_view(&r->c->table, ref, &before);
	bool gone = reply[FAMILY_V4].n == 0 && reply[FAMILY_V6].n == 0;
	out->absent = gone;
	if (gone && resolve_in_hosts(word)) {
		out->failure = "not in DNS but in /etc/hosts: left alone";
		return;
	}
	if (gone && !known)
		out->failure = nothing_of(&name, reply);	/* and no record shall be made for it */
	else if (admin_result(r->c, change_take(&r->c->table, &name, reply, &before, out->change), word) != DONE)
		r->status = FAILED;
	else if (name_is_service(&name) && !note_targets(r, &reply[FAMILY_SRV]))
		r->status = complain(r->c, "out of memory");
}

/* ---- printing, in the order of the names ---- */

static const char *family_of(const char *name, enum family f)
{
	struct name n;
	return name_canonical(name, &n) == NAME_OK ? family_text(&n, f) : "-";
}

static json_t *change_json(const struct table *t, const struct change *ch, const char *family)
{
	return json_pack("{s:s, s:s, s:o, s:I, s:o}", "family", family, "result", result_text(ch->result),
			 "address", ch->has_pin ? json_address(t, &ch->pin) : json_null(), "published",
			 (json_int_t)ch->published, "ttl_s", ch->published ? json_integer(ch->ttl) : json_null());
}

static json_t *outcome_json(const struct table *t, const char *name, const struct outcome_of_name *o)
{
	json_t *families = json_array();
	for (enum family f = 0; f < FAMILIES; f++)
		if (o->change[f].result != NOTHING)
			json_array_append_new(families, change_json(t, &o->change[f], family_of(name, f)));
	return json_pack("{s:s, s:s, s:o, s:o}", "name", name, "status",
			 o->failure ? "failed" : o->absent ? "absent" : "answered", "error",
			 o->failure ? json_string(o->failure) : json_null(), "families", families);
}

static void outcome_rows(const struct table *t, struct grid *g, const char *name, const struct outcome_of_name *o)
{
	for (enum family f = 0; f < FAMILIES; f++) {
		const struct change *ch = &o->change[f];
		char address[TARGET_TEXT] = "-", ttl[AGE_TEXT] = "-";
		if (ch->result == NOTHING)
			continue;
		if (ch->has_pin)
			target_format(t, &ch->pin, address);
		if (ch->published)
			time_text(ch->ttl, ttl);
		grid_row(g, (const char *const[]){name, family_of(name, f), result_text(ch->result), address, ttl});
	}
	if (o->absent && !o->failure)
		grid_row(g, (const char *const[]){name, "-", "absent", "-", "-"});
}

static void print_outcome(struct run *r, const char *name, const struct outcome_of_name *o)
{
	if (o->failure) {
		complain(r->c, "%s: %s", name, o->failure);
		r->status = FAILED;
	}
	if (r->c->json)
		r->whole = json_element(outcome_json(&r->c->table, name, o), &r->elements) && r->whole;
	else if (!o->failure)
		outcome_rows(&r->c->table, &r->grid, name, o);
}

static void on_resolved(void *arg, size_t i, const struct reply *reply)
{
	struct run *r = arg;
	struct outcome_of_name *out = &r->outcomes[i];
	out->failure = failure_of(reply);
	if (!out->failure)
		take_answer(r, i, reply, out);
	out->done = true;
	for (; r->printed < r->names->n && r->outcomes[r->printed].done; r->printed++)
		print_outcome(r, r->names->name[r->printed], &r->outcomes[r->printed]);
}

/* ---- all ---- */

static int one_round(struct run *r, const struct names *l, const struct resolve_options *o)
{
	size_t asked = l->n;
	r->names = l;
	r->printed = 0;
	r->outcomes = calloc(l->n + 1, sizeof *r->outcomes);
	if (!r->outcomes)
		return complain(r->c, "out of memory");
	const char *trouble = resolve(l->name, l->n, o, on_resolved, r, &asked);
	free(r->outcomes);
	if (trouble)
		return complain(r->c, "%s", trouble);
	if (asked < l->n)
		return complain(r->c, "nothing answers: %zu more names not asked for", l->n - asked);
	return DONE;
}

static int refresh(struct context *c, const struct names *l, const struct resolve_options *o)
{
	static const char *const titles[] = {"NAME", "FAMILY", "RESULT", "PIN", "TTL"};
	struct run r = {.c = c, .status = DONE, .whole = true};
	if (!c->json)
		r.grid = grid_begin(titles, 5);
	if (one_round(&r, l, o) != DONE)
		r.status = FAILED;
	else if (!names_only_new(&r.targets, l))
		r.status = complain(c, "out of memory");
	else if (r.targets.n > 0 && one_round(&r, &r.targets, o) != DONE)
		r.status = FAILED;
	if (c->json)
		json_array_end(r.elements);
	else
		r.whole = grid_end(&r.grid) && r.whole;
	names_free(&r.targets);
	return r.whole || ferror(stdout) ? r.status : complain(c, "out of memory");
}

/* In another network DNS may well say other things; table_open() has said where the table is from. */
static int same_network(const struct context *c)
{
	return c->status == STORE_FOREIGN ? FAILED : DONE;
}

int cmd_refresh(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	struct names l = {0};
	struct endpoint server;
	struct resolve_options o;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE)
		status = options_parse(c, &w, &server, &o);
	if (status == DONE)
		status = names_wanted(c, TO_CREATE, &w.wanted, &l);
	if (status == DONE)
		status = same_network(c);
	if (status == DONE)
		status = refresh(c, &l, &o);
	names_free(&l);
	return status;
}
