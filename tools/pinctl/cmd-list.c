/* cmd-list.c: pinctl list: what is pinned, all names in order, or those that are wanted. */
#include <stdio.h>

#include "policy/table/journal.h"
#include "tools/common/names.h"
#include "tools/common/view.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/filter.h"

static const struct argp_option options[] = {FILTER_OPTIONS("pins that were set"), {0}};

static error_t parse(int key, char *arg, struct argp_state *state) { return filter_parse(key, arg, state->input); }

static const struct usage usage = {
	.args_doc = "[HOST|ADDR...]",
	.options = options,
	.parser = parse,
	.doc = "What is pinned, of all names or of those: a table on a terminal, tabs without titles when piped, an array with --json."
	       "\vColumns: name, family (srv: a service), address or target (- for none), kind (auto, explicit), state (tentative, confirmed), "
	       "port/transport of the endpoint that confirmed it, time since the last lookup, who set it.",
	.shows = true,
};

static const char *const titles[] = {"NAME", "FAMILY", "ADDRESS", "KIND", "STATE", "PORT", "IDLE", "BY"};
enum { COLUMNS = sizeof titles / sizeof *titles };

static void row_pin(const struct table *t, struct grid *g, const char *name, const struct name_view *v, enum family f)
{
	const struct pin_view *p = &v->pin[f];
	char address[TARGET_TEXT], port[PORT_TEXT], idle[AGE_TEXT];
	target_format(t, &p->addr, address);
	port_text(p->port, p->transport, port);
	age_text(v->idle_s, idle);
	grid_row(g, (const char *const[COLUMNS]){name, family_text(&v->name, f), address, kind_text(p), state_text(p),
						 port, idle, origin_text(p->origin)});
}

static void row_name(const struct table *t, const struct filter *filter, struct grid *g, const struct name_view *v)
{
	char name[NAME_BYTES], idle[AGE_TEXT];
	text_safe(v->name.text, name, sizeof name);
	for (enum family f = 0; f < FAMILIES; f++)
		if (v->pin[f].present && filter_takes_pin(filter, t, &v->pin[f]))
			row_pin(t, g, name, v, f);
	if (v->pin[FAMILY_V4].present || v->pin[FAMILY_V6].present)
		return;
	age_text(v->idle_s, idle);
	grid_row(g, (const char *const[COLUMNS]){name, "-", "-", "-", "-", "-", idle, "-"});
}

static bool next_view(const struct context *c, const struct filter *f, const struct names *l, size_t i, struct name_view *out)
{
	struct name name;
	struct name_ref ref;
	return names_find(c, l, i, &name, &ref) && filter_takes_name(f, &name) && pins_view(&c->table, ref, out) &&
	       filter_takes_view(f, &c->table, out, false);
}

static bool list_json(const struct context *c, const struct filter *f, const struct names *l)
{
	struct name_view view;
	size_t count = 0;
	bool whole = true;
	for (size_t i = 0; i < l->n && whole; i++)
		if (next_view(c, f, l, i, &view))
			whole = json_element(view_json(&c->table, &view), &count);
	json_array_end(count);
	return whole;
}

static bool list_rows(const struct context *c, const struct filter *f, const struct names *l)
{
	struct grid g = grid_begin(titles, COLUMNS);
	struct name_view view;
	for (size_t i = 0; i < l->n; i++)
		if (next_view(c, f, l, i, &view))
			row_name(&c->table, f, &g, &view);
	return grid_end(&g);
}

int cmd_list(struct context *c, int argc, char **argv)
{
	struct filter f = {0};
	struct names l = {0};
	int status = cmd_parse(c, &usage, argc, argv, &f);
	if (status == DONE)
		status = filter_judge(c, &f);
	if (status == DONE)
		status = table_open(c, TO_READ);
	if (status == DONE)
		status = names_of_table(c, &l);
	if (status == DONE && !(c->json ? list_json(c, &f, &l) : list_rows(c, &f, &l)) && !ferror(stdout))
		status = complain(c, "out of memory");
	names_free(&l);
	filter_free(&f);
	return status;
}
