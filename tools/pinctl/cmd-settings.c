/*
 * cmd-settings.c: pinctl settings [HOST]: what would hold for a name, whether anybody has looked it up or not; or all blocks
 * that are in the table.
 *
 * The table may have other settings than /etc/stickydns.conf: only `init` and `reload` read that. So this is asked of the table.
 */
#include <stdio.h>

#include "policy/table/effective.h"
#include "tools/common/format.h"
#include "tools/common/setting-text.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/settings-view.h"

static const struct usage usage = {
	.args_doc = "[HOST]",
	.doc = "The settings that hold for HOST, known or not, and where each comes from. Without HOST: the default block, with what "
	       "is built in, and what the host blocks say.",
	.parser = parse_one_word,
	.shows = true,
};

/* ---- host blocks ---- */

static json_t *hosts_json(const struct table *t)
{
	json_t *list = json_array();
	struct settings_block b;
	for (int i = 0; settings_block(t, i, &b); i++) {
		json_t *set = json_object();
		for (enum setting k = 0; k < SETTINGS; k++) {
			char value[SETTING_TEXT];
			if (!(b.given >> k & 1))
				continue;
			setting_text(k, b.set.value[k], value);
			json_object_set_new(set, setting_forms[k].key, json_string(value));
		}
		json_array_append_new(list, json_pack("{s:o, s:o}", "host", json_text(b.pattern), "settings", set));
	}
	return list;
}

/* One row a setting; a block without any is shown as well. */
static bool hosts_rows(const struct table *t)
{
	struct settings_block b;
	if (!settings_block(t, 0, &b))
		return true;
	putchar('\n');
	struct grid g = grid_begin((const char *const[]){"HOST", "SETTING", "VALUE"}, 3);
	for (int i = 0; settings_block(t, i, &b); i++) {
		char pattern[NAME_BYTES];
		text_safe(b.pattern, pattern, sizeof pattern);
		if (!b.given)
			grid_row(&g, (const char *const[]){pattern, "-", "-"});
		for (enum setting k = 0; k < SETTINGS; k++) {
			char value[SETTING_TEXT];
			if (!(b.given >> k & 1))
				continue;
			setting_text(k, b.set.value[k], value);
			grid_row(&g, (const char *const[]){pattern, setting_forms[k].key, value});
		}
	}
	return grid_end(&g);
}

/* ---- all blocks ---- */

/* What holds for names that match no host block. */
static void default_effective(const struct table *t, struct effective *out)
{
	struct settings_block b;
	settings_block(t, FROM_DEFAULT, &b);
	out->set = settings_builtin();
	for (enum setting k = 0; k < SETTINGS; k++) {
		const bool given = b.given >> k & 1;
		out->from[k] = given ? FROM_DEFAULT : FROM_BUILTIN;
		if (given)
			out->set.value[k] = b.set.value[k];
	}
}

static bool show_all(const struct context *c)
{
	struct effective e;
	default_effective(&c->table, &e);
	if (c->json)
		return json_line(json_pack("{s:o, s:o}", "default", settings_json(&c->table, &e), "hosts", hosts_json(&c->table)));
	const bool whole = settings_rows(&c->table, &e);
	return hosts_rows(&c->table) && whole;
}

/* ---- one name ---- */

static bool show_name(const struct context *c, const struct name *name)
{
	struct effective e;
	settings_effective(&c->table, name, &e);
	if (c->json)
		return json_line(json_pack("{s:o, s:o}", "name", json_text(name->text), "settings", settings_json(&c->table, &e)));
	return settings_rows(&c->table, &e);
}

int cmd_settings(struct context *c, int argc, char **argv)
{
	const char *host = NULL;
	struct name name;
	int status = cmd_parse(c, &usage, argc, argv, &host);
	if (status == DONE && host)
		status = host_parse(c, host, &name);
	if (status == DONE)
		status = table_open(c, TO_READ);
	if (status != DONE)
		return status;
	const bool whole = host ? show_name(c, &name) : show_all(c);
	return whole || ferror(stdout) ? DONE : complain(c, "out of memory");
}
