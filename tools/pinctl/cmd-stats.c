/* cmd-stats.c: pinctl stats: counters, how full the table is, and whether it is of this boot and network. */
#include <stdio.h>

#include "policy/pins/view.h"
#include "policy/table/journal.h"
#include "tools/common/format.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/tables.h"

static const struct usage usage = {
	.doc = "Counters of all processes since the table was made; how full it is; whether programs here take it; and all the tables "
	       "that there are, with how many processes hold each.",
	.shows = true,
};

#define COUNTER_TEXT(id, text) [COUNT_##id] = text,
static const char *const counters[COUNTERS] = {COUNTERS_LIST(COUNTER_TEXT)};

static json_t *stats_json(const struct context *c)
{
	const struct table *t = &c->table;
	struct table_stats stats;
	pins_stats(t, &stats);
	json_t *all = json_pack("{s:o, s:s, s:i, s:b, s:{s:I, s:I}, s:{s:I, s:I}, s:{s:I, s:I}}",
				"path", json_words(c->path), "state", store_status_text(c->status),
				"version", TABLE_VERSION, "writable", t->writable,
				"names", "live", (json_int_t)stats.names, "capacity", (json_int_t)stats.names_capacity,
				"addresses", "live", (json_int_t)stats.addrs, "capacity", (json_int_t)stats.addrs_capacity,
				"events", "oldest", (json_int_t)journal_oldest(t), "next", (json_int_t)journal_next(t));
	json_t *counts = json_object();
	for (unsigned i = 0; i < COUNTERS; i++)
		json_object_set_new(counts, counters[i], json_integer((json_int_t)stats.counters[i]));
	json_object_set_new(all, "boot_matches", json_boolean(c->status != STORE_STALE));
	json_object_set_new(all, "netns_matches", json_boolean(c->status != STORE_FOREIGN));
	json_object_set_new(all, "retired", json_boolean(store_retired(t)));
	json_object_set_new(all, "counters", counts);
	return all;
}

static bool tables_people(const struct tables *all)
{
	struct grid g = grid_begin((const char *const[]){"TABLE", "STATE", "HELD BY"}, 3);
	for (size_t i = 0; i < all->n; i++) {
		char who[HOLDERS_TEXT], path[PATH_MAX];
		tables_holders_text(all, &all->table[i], who);
		text_line(all->table[i].path, path, sizeof path);
		grid_row(&g, (const char *const[]){path, tables_state(&all->table[i]), who});
	}
	return grid_end(&g);
}

/* One flat "key<TAB>value" a row, from the same tree that programs get. */
static void rows(struct grid *g, const char *prefix, json_t *tree)
{
	const char *key;
	json_t *value;
	json_object_foreach(tree, key, value) {
		char name[64], text[TABLE_PATH + 8];
		snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(value)) {
			rows(g, name, value);
			continue;
		}
		if (json_is_integer(value))
			snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
		else if (json_is_string(value))
			snprintf(text, sizeof text, "%s", json_string_value(value));
		else
			snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
		grid_row(g, (const char *const[]){name, text});
	}
}

static bool stats_people(json_t *tree, const struct tables *all)
{
	struct grid g = grid_begin((const char *const[]){"WHAT", "VALUE"}, 2);
	rows(&g, "", tree);
	bool whole = grid_end(&g) && tree;
	json_decref(tree);
	putchar('\n');
	return whole && tables_people(all);
}

int cmd_stats(struct context *c, int argc, char **argv)
{
	int status = cmd_parse(c, &usage, argc, argv, NULL);
	if (status != DONE)
		return status;
	struct tables all;
	status = table_open(c, TO_INSPECT);
	if (status != DONE) {				/* there may be others, which somebody holds */
		if (tables_find(c, &all) == DONE && all.n > 0 && !c->json)
			tables_people(&all);
		tables_free(&all);
		return status;
	}
	status = tables_find(c, &all);
	json_t *tree = stats_json(c);
	if (c->json)
		json_object_set_new(tree, "tables", tables_json(&all));
	bool whole = status != DONE || (c->json ? json_line(tree) : stats_people(tree, &all));
	tables_free(&all);
	if (status != DONE)
		return status;
	return whole || ferror(stdout) ? DONE : complain(c, "out of memory");
}
