/*
 * cmd-refresh.c: pinctl refresh: ask DNS now, instead of at the programs' next lookup.
 *
 * A name that is no longer published loses its auto pin at once, without the grace of
 * `absent` (refresh.h). A second round asks for the targets of services.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/hosts.h"
#include "tools/common/names.h"
#include "tools/common/refresh.h"
#include "tools/common/view.h"
#include "tools/pinctl/ask-all.h"
#include "tools/pinctl/commands.h"

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
			 struct asking *o)
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

/* ---- what happened ---- */

/* What became of one name, kept until all are printed. */
struct outcome_of_name {
	bool done, absent;
	bool unanswered;
	size_t answers;			/* of other names before this one */
	const char *failure;
	enum admin_status taken;
	struct change change[FAMILIES];
};

struct run {
	struct context *c;
	struct asking asking;		/* of this round: what was wanted, or the targets of services among it */
	struct names targets;
	struct hosts hosts;
	struct outcome_of_name *outcomes;
	struct grid grid;
	size_t elements;
	int status;
	bool spoilt;			/* the table takes nothing any more */
	bool whole;
};

/* ---- one name ---- */

static const char *result_text(enum result r)
{
	static const char *const text[] = {"nothing", "renewed", "dropped", "kept", "learned"};
	return text[r];
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
	const struct names *names = r->asking.names;
	struct name name;
	struct name_ref ref;
	struct name_view before = {0};
	const bool known = names_find(r->c, names, i, &name, &ref) && pins_view(&r->c->table, ref, &before);
	out->absent = refresh_is_gone(reply);
	if (out->absent)
		hosts_update(&r->hosts);
	if (out->absent && hosts_have(&r->hosts, &name))
		out->failure = "not in DNS but in /etc/hosts: left alone";
	else if (out->absent && !known)
		out->failure = nothing_of(&name, reply);	/* and no record shall be made for it */
	else if ((out->taken = refresh_take(&r->c->table, &name, reply, &before, out->change)) != ADMIN_OK)
		r->spoilt = !r->c->table.writable || store_retired(&r->c->table);
	else if (name_is_service(&name) && !note_targets(r, &reply[FAMILY_SRV]))
		r->status = complain(r->c, "out of memory");
}

static void on_answer(void *arg, size_t i, const struct reply *reply)
{
	struct run *r = arg;
	struct outcome_of_name *out = &r->outcomes[i];
	out->done = true;
	out->answers = r->asking.tally.answered;
	out->failure = refresh_failure(reply);
	out->unanswered = out->failure != NULL;
	if (!out->unanswered)
		take_answer(r, i, reply, out);
	if (r->spoilt)
		stop_asking(&r->asking);
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

static void print_outcome(struct run *r, const char *name, const struct outcome_of_name *o, bool complains)
{
	if (o->failure && complains)
		complain(r->c, "%s: %s", name, o->failure);
	if (o->failure || admin_result(r->c, o->taken, name) != DONE)
		r->status = FAILED;
	if (r->c->json)
		r->whole = json_element(outcome_json(&r->c->table, name, o), &r->elements) && r->whole;
	else if (!o->failure)
		outcome_rows(&r->c->table, &r->grid, name, o);
}

/* ---- all ---- */

/* Was it DNS that was down, and not this name's servers? Then one line says so for all. */
static bool is_told_with_others(const struct tally *t, const struct outcome_of_name *o)
{
	return o->unanswered && o->answers == t->answered && (t->given_up || (t->answered == 0 && t->unanswered > 1));
}

/* In the order of the names. */
static void print_round(struct run *r)
{
	const struct names *names = r->asking.names;
	const struct tally *t = &r->asking.tally;
	const char *down = NULL;
	size_t told = 0, not_asked = names->n - t->answered - t->unanswered;
	for (size_t i = 0; i < names->n; i++) {
		const struct outcome_of_name *o = &r->outcomes[i];
		const bool with_others = is_told_with_others(t, o);
		if (with_others)
			down = o->failure;
		told += o->unanswered && !with_others;
		if (o->done)
			print_outcome(r, names->name[i], o, !with_others);
	}
	if (down)
		r->status = complain(r->c, "DNS is down: %s: %zu names stay as they are, %zu of them not asked for", down,
				     names->n - t->answered - told, not_asked);
	else if (t->stopped && !r->spoilt)
		r->status = complain(r->c, "stopped: %zu of %zu names are done, %zu had no answer, %zu were not asked for",
				     t->answered, names->n, t->unanswered, not_asked);
}

static int one_round(struct run *r, const struct names *l)
{
	r->asking.names = l;
	r->asking.tally = (struct tally){0};
	r->outcomes = calloc(l->n + 1, sizeof *r->outcomes);
	if (!r->outcomes)
		return complain(r->c, "out of memory");
	const char *trouble = ask_all(&r->asking);
	if (!trouble)
		print_round(r);
	free(r->outcomes);
	return trouble ? complain(r->c, "%s", trouble) : DONE;
}

static bool goes_on(const struct run *r) { return !r->asking.tally.given_up && !r->asking.tally.stopped; }

static int refresh(struct context *c, const struct names *l, const struct asking *how)
{
	static const char *const titles[] = {"NAME", "FAMILY", "RESULT", "PIN", "TTL"};
	struct run r = {.c = c, .asking = *how, .status = DONE, .whole = true};
	r.asking.done = on_answer;
	r.asking.arg = &r;
	if (!c->json)
		r.grid = grid_begin(titles, 5);
	if (one_round(&r, l) != DONE)
		r.status = FAILED;
	else if (!names_only_new(&r.targets, l))
		r.status = complain(c, "out of memory");
	else if (r.targets.n > 0 && goes_on(&r) && one_round(&r, &r.targets) != DONE)
		r.status = FAILED;
	if (c->json)
		json_array_end(r.elements);
	else
		r.whole = grid_end(&r.grid) && r.whole;
	names_free(&r.targets);
	hosts_free(&r.hosts);
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
	struct asking o = {0};
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
