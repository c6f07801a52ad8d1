/* settings-view.c: see settings-view.h. */
#include "tools/pinctl/settings-view.h"

#include <stdio.h>
#include <string.h>

#include "policy/pins/endpoint-settings.h"
#include "policy/table/effective.h"
#include "tools/common/format.h"
#include "tools/common/setting-text.h"
#include "tools/common/view.h"

/* ---- of a name ---- */

static void source_text(const struct table *t, int from, char out[static NAME_BYTES + 8])
{
	char pattern[NAME_BYTES], safe[NAME_BYTES];
	if (from < 0) {
		snprintf(out, NAME_BYTES + 8, "%s", from == FROM_DEFAULT ? "default" : "builtin");
		return;
	}
	settings_pattern(t, from, pattern);
	text_safe(pattern, safe, sizeof safe);
	snprintf(out, NAME_BYTES + 8, "host \"%s\"", safe);
}

json_t *settings_json(const struct table *t, const struct effective *e)
{
	json_t *all = json_object();
	for (enum setting k = 0; k < SETTINGS; k++) {
		char value[SETTING_TEXT], source[NAME_BYTES + 8];
		setting_text(k, e->set.value[k], value);
		source_text(t, e->from[k], source);
		json_object_set_new(all, setting_forms[k].key, json_pack("{s:s, s:s}", "value", value, "from", source));
	}
	return all;
}

bool settings_rows(const struct table *t, const struct effective *e)
{
	struct grid g = grid_begin((const char *const[]){"SETTING", "VALUE", "FROM"}, 3);
	for (enum setting k = 0; k < SETTINGS; k++) {
		char value[SETTING_TEXT], source[NAME_BYTES + 8];
		setting_text(k, e->set.value[k], value);
		source_text(t, e->from[k], source);
		grid_row(&g, (const char *const[]){setting_forms[k].key, value, source});
	}
	return grid_end(&g);
}

/* ---- of other names, at its endpoints ---- */

enum { WHOSE_MAX = 16 };

/* At one endpoint a value holds that is not the name's own. */
struct stricter {
	const struct endpoint *e;
	enum setting k;
	uint64_t own, value;
	struct name whose[WHOSE_MAX];
	size_t n_whose;
};

static bool ports_beyond(uint64_t ports, uint64_t own)
{
	for (unsigned i = 0; i < SETTING_PORTS; i++)
		if (setting_port(ports, i) && !setting_has_port(own, setting_port(ports, i)))
			return true;
	return false;
}

/* Is it because of the value `v` that s->value holds? Of two values either may be. */
static bool decides(const struct stricter *s, uint64_t v)
{
	const uint64_t changed = s->value ^ s->own, lower = UINT32_MAX;
	switch (setting_forms[s->k].kind) {
	case SETTING_TAKES_CODES: return (s->value & ~s->own) == 0 || (v & ~s->own) != 0;
	case SETTING_TAKES_PORTS: return !ports_beyond(s->value, s->own) || ports_beyond(v, s->own);
	default: return ((changed & lower) && ((v ^ s->value) & lower) == 0) || ((changed & ~lower) && ((v ^ s->value) & ~lower) == 0);
	}
}

static void find_whose(const struct table *t, const struct name *own, struct stricter *s)
{
	struct name names[WHOSE_MAX];
	const size_t n = endpoint_names(t, s->e, names, WHOSE_MAX);
	s->n_whose = 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i].text, own->text) != 0 && decides(s, settings_for(t, &names[i]).value[s->k]))
			s->whose[s->n_whose++] = names[i];
}

typedef void stricter_use(const struct table *t, const struct stricter *s, void *to);

static void look_at(const struct table *t, const struct name *own, const struct effective *mine, const struct endpoint *e,
		    stricter_use *use, void *to)
{
	for (enum setting k = 0; k < SETTINGS; k++) {
		struct stricter s = {.e = e, .k = k, .own = mine->set.value[k]};
		if (setting_forms[k].shared == SETTING_OF_NAME || (s.value = setting_at(t, e, k)) == s.own)
			continue;
		find_whose(t, own, &s);
		use(t, &s, to);
	}
}

/* Of a candidate without an outcome it is not known on which port; its address alone is looked at. */
static void each_stricter(const struct table *t, const struct name_view *v, const struct effective *e, stricter_use *use, void *to)
{
	for (size_t i = 0; i < v->n_candidates; i++) {
		const struct candidate_view *k = &v->candidates[i];
		struct endpoint at = {.addr = k->addr};
		if (k->n_endpoints == 0)
			look_at(t, &v->name, e, &at, use, to);
		for (size_t j = 0; j < k->n_endpoints; j++) {
			at.port = k->endpoints[j].port;
			at.transport = k->endpoints[j].transport;
			look_at(t, &v->name, e, &at, use, to);
		}
	}
}

static void add_row(const struct table *t, const struct stricter *s, void *to)
{
	struct grid *g = to;
	char address[TARGET_TEXT], port[PORT_TEXT] = "-", value[SETTING_TEXT], names[WHOSE_MAX * NAME_BYTES] = "-";
	if (!g->columns)
		*g = grid_begin((const char *const[]){"HOLDS AT", "PORT", "SETTING", "VALUE", "OF"}, 5);
	target_format(t, &s->e->addr, address);
	if (s->e->port)
		port_text(s->e->port, s->e->transport, port);
	setting_text(s->k, s->value, value);
	for (size_t i = 0, n = 0; i < s->n_whose; i++) {
		char safe[NAME_BYTES];
		text_safe(s->whose[i].text, safe, sizeof safe);
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? " " : "", safe);
	}
	grid_row(g, (const char *const[]){address, port, setting_forms[s->k].key, value, names});
}

bool stricter_rows(const struct table *t, const struct name_view *v, const struct effective *e)
{
	struct grid g = {0};
	each_stricter(t, v, e, add_row, &g);
	if (!g.columns)
		return true;
	const bool whole = grid_end(&g);
	putchar('\n');
	return whole;
}

static void add_object(const struct table *t, const struct stricter *s, void *to)
{
	char address[TARGET_TEXT], value[SETTING_TEXT];
	json_t *names = json_array();
	target_format(t, &s->e->addr, address);
	setting_text(s->k, s->value, value);
	for (size_t i = 0; i < s->n_whose; i++)
		json_array_append_new(names, json_text(s->whose[i].text));
	json_array_append_new(to, json_pack("{s:s, s:o, s:o, s:s, s:s, s:o}", "address", address, "port", port_json(s->e->port),
					    "transport", transport_json(s->e->transport), "setting", setting_forms[s->k].key,
					    "value", value, "names", names));
}

json_t *stricter_json(const struct table *t, const struct name_view *v, const struct effective *e)
{
	json_t *list = json_array();
	each_stricter(t, v, e, add_object, list);
	return list;
}
