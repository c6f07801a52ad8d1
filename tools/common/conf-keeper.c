/* conf-keeper.c: see conf-keeper.h. */
#include "tools/common/conf-keeper.h"

#include <stddef.h>
#include <string.h>

#include "policy/base/endpoint.h"
#include "tools/common/format.h"

enum kind { TAKES_SWITCH, TAKES_COUNT, TAKES_LOG, TAKES_PLACE, TAKES_COMMAND };

#define SWITCH TAKES_SWITCH, 0, 0, "on or off"
#define COUNT(least, most) TAKES_COUNT, least, most, "a number from " #least " to " #most
#define LOG TAKES_LOG, 0, 0, "journald, syslog or off"
#define PLACE TAKES_PLACE, 0, 0, "IP:PORT, an absolute path, or off"
#define COMMAND TAKES_COMMAND, 0, 0, "an absolute path, or off"

static const struct form {
	const char *key;
	size_t at;			/* in struct keeper_conf */
	const char *builtin, *meaning;
	enum kind kind;
	uint32_t least, most;
	const char *takes;
} forms[] = {
#define FORM(member, key, takes, builtin, meaning) {key, offsetof(struct keeper_conf, member), builtin, meaning, takes},
	KEEPER_LIST(FORM)
#undef FORM
};

enum { FORMS = sizeof forms / sizeof *forms };

static bool take_switch(const char *text, bool *out)
{
	*out = strcmp(text, "on") == 0;
	return *out || strcmp(text, "off") == 0;
}

static bool take_log(const char *text, uint32_t *out)
{
	static const char *const words[] = {[EVENTS_OFF] = "off", [EVENTS_JOURNALD] = "journald", [EVENTS_SYSLOG] = "syslog"};
	for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(text, words[i]) == 0)
			return *out = i, true;
	return false;
}

/* A path, or "" for `off`. */
static bool take_path(const char *text, char *out, size_t size)
{
	const bool off = strcmp(text, "off") == 0;
	if (!off && (*text != '/' || strlen(text) >= size))
		return false;
	strcpy(out, off ? "" : text);
	return true;
}

static bool take_place(const char *text, char out[static PLACE_TEXT])
{
	struct endpoint e;
	if (!endpoint_parse(text, 0, &e) || e.port == 0)
		return take_path(text, out, PLACE_TEXT);
	strcpy(out, text);
	return true;
}

static bool take(const struct form *f, const char *text, struct keeper_conf *k)
{
	void *const to = (char *)k + f->at;
	switch (f->kind) {
	case TAKES_SWITCH: return take_switch(text, to);
	case TAKES_COUNT: return number_parse(text, f->least, f->most, to);
	case TAKES_LOG: return take_log(text, to);
	case TAKES_PLACE: return take_place(text, to);
	case TAKES_COMMAND: return take_path(text, to, COMMAND_TEXT);
	}
	return false;
}

struct keeper_conf keeper_conf_defaults(void)
{
	struct keeper_conf k;
	memset(&k, 0, sizeof k);
	for (size_t i = 0; i < FORMS; i++)
		take(&forms[i], forms[i].builtin, &k);
	return k;
}

const char *keeper_conf_set(struct keeper_conf *k, const char *key, const char *text)
{
	size_t i = 0;
	while (strcmp(forms[i].key, key) != 0)
		i++;
	return take(&forms[i], text, k) ? NULL : forms[i].takes;
}

void keeper_conf_print(FILE *out)
{
	fputs("# What pinkeeper does.\nkeeper {\n", out);
	for (size_t i = 0; i < FORMS; i++)
		fprintf(out, "\t# %s = %-*s  # %s\n", forms[i].key, (int)(14 - strlen(forms[i].key)), forms[i].builtin,
			forms[i].meaning);
	fputs("}\n", out);
}
