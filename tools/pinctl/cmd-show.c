/*
 * cmd-show.c: pinctl show HOST: all about one name, who talks to another server than its pin, and where its settings
 * come from. Or about each name that is wanted.
 */
#include <stdio.h>
#include <string.h>

#include "policy/table/effective.h"
#include "policy/table/journal.h"
#include "tools/common/view.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/filter.h"
#include "tools/pinctl/settings-view.h"
#include "tools/pinctl/talkers.h"

static const struct argp_option options[] = {FILTER_OPTIONS("names with a pin that was set"), {0}};

static error_t parse(int key, char *arg, struct argp_state *state) { return filter_parse(key, arg, state->input); }

static const struct usage usage = {
	.args_doc = "HOST|ADDR...",
	.options = options,
	.doc = "One name, or each that is like that, or has such an address as pin or candidate: its pins, its candidates with "
	       "their health, the processes that still talk to another candidate than the pin, its settings and where each came "
	       "from; and where a stricter one of another name holds. A service's candidates are targets, with priority and weight.",
	.parser = parse,
	.shows = true,
};

/* ---- pins and candidates ---- */

static bool pins_rows(const struct table *t, const struct name_view *v)
{
	struct grid g = grid_begin((const char *const[]){"PIN", "ADDRESS", "KIND", "STATE", "PORT", "SET", "ENDS", "BY"}, 8);
	for (enum family f = 0; f < FAMILIES; f++) {
		const struct pin_view *p = &v->pin[f];
		char address[TARGET_TEXT], port[PORT_TEXT], set[AGE_TEXT], ends[AGE_TEXT], by[32];
		if (!p->present)
			continue;
		target_format(t, &p->addr, address);
		port_text(p->port, p->transport, port);
		age_text(p->set_s, set);
		age_text(p->expires_s ? p->expires_s : UINT32_MAX, ends);
		snprintf(by, sizeof by, p->origin_pid ? "%s %u" : "%s -", origin_text(p->origin), p->origin_pid);
		grid_row(&g, (const char *const[]){family_text(&v->name, f), address, kind_text(p), state_text(p), port, set,
						   ends, by});
	}
	return grid_end(&g);
}

/* The cells that all rows of a candidate have in common; priority and weight are of a target only. */
struct candidate_cells {
	char address[TARGET_TEXT], seen[AGE_TEXT], from[16], rank[8], priority[8], weight[8];
	bool drained, service;
};

enum { CANDIDATE_COLUMNS = 9, TARGET_COLUMNS = 11 };

static void candidate_cells(const struct table *t, const struct candidate_view *k, bool service, struct candidate_cells *out)
{
	target_format(t, &k->addr, out->address);
	age_text(k->seen_s, out->seen);
	snprintf(out->from, sizeof out->from, "%s", k->seen_s == UINT32_MAX ? "-" : k->beside ? "SRV answer" : "answer");
	snprintf(out->rank, sizeof out->rank, k->rank ? "%u" : "-", k->rank);
	snprintf(out->priority, sizeof out->priority, "%u", k->priority);
	snprintf(out->weight, sizeof out->weight, "%u", k->weight);
	out->drained = k->drained;
	out->service = service;
}

/* `e` NULL: no endpoint has had an outcome, so it is healthy as far as is known. */
static void candidate_row(struct grid *g, const struct candidate_cells *k, const struct endpoint_view *e)
{
	static const struct endpoint_view none;
	char port[PORT_TEXT] = "-", failures[16], cooling[AGE_TEXT];
	const char *const port_known = e && e->port == 0 ? "other" : port;
	if (e)
		port_text(e->port, e->transport, port);
	else
		e = &none;
	snprintf(failures, sizeof failures, "%u", e->failures);
	age_text(e->cooling_s ? e->cooling_s : UINT32_MAX, cooling);
	grid_row(g, (const char *const[]){k->address, k->rank, k->seen, port_known,
					  k->drained ? "drained" : circuit_text(e->circuit), failures, cooling,
					  e->last_cause ? cause_text(e->last_cause) : "-",
					  k->service ? k->priority : k->from, k->weight, k->from});
}

/* One row an endpoint; a candidate without any has one of its own. */
static bool candidates_rows(const struct table *t, const struct name_view *v)
{
	const bool service = name_is_service(&v->name);
	const char *const titles[] = {"CANDIDATE", "RANK", "SEEN", "PORT", "HEALTH", "FAILURES", "COOLING", "LAST ERROR",
				      service ? "PRIORITY" : "FROM", "WEIGHT", "FROM"};
	struct grid g = grid_begin(titles, service ? TARGET_COLUMNS : CANDIDATE_COLUMNS);
	for (size_t i = 0; i < v->n_candidates && i < CANDIDATES; i++) {
		const struct candidate_view *k = &v->candidates[i];
		struct candidate_cells cells;
		candidate_cells(t, k, service, &cells);
		for (size_t j = 0; j < k->n_endpoints && j < ENDPOINTS + 1; j++)
			candidate_row(&g, &cells, &k->endpoints[j]);
		if (k->n_endpoints == 0)
			candidate_row(&g, &cells, NULL);
	}
	return grid_end(&g);
}

/* ---- who talks to another one ---- */

static void talker_texts(const struct talker *k, char comm[static COMM_BYTES], char address[static ADDRESS_TEXT])
{
	text_safe(k->comm, comm, COMM_BYTES);
	address_format(&k->to.addr, address);
}

/* Nothing if there are none. */
static bool talkers_rows(const struct talkers *all)
{
	if (all->n == 0)
		return true;
	struct grid g = grid_begin((const char *const[]){"PID", "COMM", "STILL TO", "PORT"}, 4);
	for (size_t i = 0; i < all->n; i++) {
		const struct talker *k = &all->list[i];
		char pid[16] = "-", comm[COMM_BYTES], address[ADDRESS_TEXT], port[PORT_TEXT];
		talker_texts(k, comm, address);
		port_text(k->to.port, k->to.transport, port);
		if (k->pid)
			snprintf(pid, sizeof pid, "%d", (int)k->pid);
		grid_row(&g, (const char *const[]){pid, *comm ? comm : "-", address, port});
	}
	bool whole = grid_end(&g);
	putchar('\n');
	return whole;
}

static json_t *talkers_json(const struct talkers *all)
{
	json_t *list = json_array();
	for (size_t i = 0; i < all->n; i++) {
		const struct talker *k = &all->list[i];
		char comm[COMM_BYTES], address[ADDRESS_TEXT];
		talker_texts(k, comm, address);
		json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:o, s:o}", "pid",
						      k->pid ? json_integer(k->pid) : json_null(), "comm", json_text(comm),
						      "address", address, "port", port_json(k->to.port), "transport",
						      transport_json(k->to.transport)));
	}
	return list;
}

/* ---- all of it ---- */

static bool show_people(const struct table *t, const struct name_view *v, const struct effective *e,
			const struct talkers *talkers)
{
	char name[NAME_BYTES], idle[AGE_TEXT];
	text_safe(v->name.text, name, sizeof name);
	age_text(v->idle_s, idle);
	printf("%s\tidle %s, moved %u times\n\n", name, idle, v->moves);
	bool whole = pins_rows(t, v);
	putchar('\n');
	whole = candidates_rows(t, v) && whole;
	putchar('\n');
	whole = talkers_rows(talkers) && whole;
	whole = stricter_rows(t, v, e) && whole;
	return settings_rows(t, e) && whole;
}

static json_t *name_json(const struct table *t, const struct name_view *v, const struct effective *e,
			 const struct talkers *talkers)
{
	json_t *all = view_json(t, v);
	if (all) {
		json_object_set_new(all, "talkers", talkers_json(talkers));
		json_object_set_new(all, "settings", settings_json(t, e));
		json_object_set_new(all, "stricter", stricter_json(t, v, e));
	}
	return all;
}

/* *count: of names before it; NULL: it is the only one that was asked for. False: no memory. */
static bool show_name(const struct context *c, const struct name_view *v, size_t *count)
{
	struct effective effective;
	struct talkers talkers;
	settings_effective(&c->table, &v->name, &effective);
	bool whole = talkers_find(&c->table, v, &talkers);
	if (c->json && count)
		whole = json_element(name_json(&c->table, v, &effective, &talkers), count) && whole;
	else if (c->json)
		whole = json_line(name_json(&c->table, v, &effective, &talkers)) && whole;
	else {
		if (count && (*count)++ > 0)
			putchar('\n');
		whole = show_people(&c->table, v, &effective, &talkers) && whole;
	}
	talkers_free(&talkers);
	return whole;
}

static int show_one(const struct context *c, const char *host)
{
	struct name name;
	struct name_ref ref;
	struct name_view view;
	if (name_canonical(host, &name) != NAME_OK || !table_find(&c->table, &name, &ref) || !pins_view(&c->table, ref, &view))
		return admin_result(c, ADMIN_NO_NAME, host);
	return show_name(c, &view, NULL) || ferror(stdout) ? DONE : complain(c, "out of memory");
}

static int show_each(const struct context *c, const struct filter *f)
{
	struct names l = {0};
	size_t count = 0;
	bool whole = true;
	int status = names_of_table(c, &l);
	for (size_t i = 0; status == DONE && whole && i < l.n; i++) {
		struct name name;
		struct name_ref ref;
		struct name_view view;
		if (names_find(c, &l, i, &name, &ref) && filter_takes_name(f, &name) && pins_view(&c->table, ref, &view) &&
		    filter_takes_view(f, &c->table, &view, true))
			whole = show_name(c, &view, &count);
	}
	if (status == DONE && c->json)
		json_array_end(count);
	names_free(&l);
	if (status == DONE && !whole && !ferror(stdout))
		return complain(c, "out of memory");
	return status == DONE && count == 0 ? complain(c, "no name is like that") : status;
}

int cmd_show(struct context *c, int argc, char **argv)
{
	struct filter f = {0};
	int status = cmd_parse(c, &usage, argc, argv, &f);
	if (status == DONE && f.hosts.n == 0 && !filter_is_of_pins(&f))
		status = misused(c, "a HOST is wanted");
	if (status == DONE)
		status = filter_judge(c, &f);
	if (status == DONE)
		status = table_open(c, TO_READ);
	const bool one = f.hosts.n == 1 && !strchr(f.hosts.name[0], '*') && !filter_is_of_pins(&f);
	if (status == DONE)
		status = one ? show_one(c, f.hosts.name[0]) : show_each(c, &f);
	filter_free(&f);
	return status;
}
