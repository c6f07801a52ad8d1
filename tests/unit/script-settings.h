/* script-settings.h: the steps of script.h that are about settings. Included by it. */

#include "policy/pins/endpoint-settings.h"

/* "off", a number, or two: "30,300". */
static inline uint64_t script_value(const char *text)
{
	const char *second = strchr(text, ',');
	const uint64_t first = strcmp(text, "off") == 0 ? SETTING_OFF : strtoull(text, NULL, 0);
	return second ? PAIR(first, strtoull(second + 1, NULL, 0)) : first;
}

static inline enum setting script_key(const char *word)
{
	for (enum setting k = 0; k < SETTINGS; k++)
		if (strcmp(word, setting_forms[k].key) == 0)
			return k;
	errx(2, "%s: no such setting", word);
}

static inline void script_opt(struct script *s, char **w)
{
	const bool host = strcmp(w[0], "host") == 0;
	struct settings_block *b = &s->defaults;
	if (host) {
		size_t i = 0;
		while (i < s->n_hosts && strcmp(s->hosts[i].pattern, w[1]) != 0)
			i++;
		s->n_hosts = i < s->n_hosts ? s->n_hosts : i + 1;
		b = &s->hosts[i];
		snprintf(b->pattern, sizeof b->pattern, "%s", w[1]);
	}
	const enum setting k = script_key(w[1 + host]);
	b->given |= 1u << k;
	b->set.value[k] = script_value(w[2 + host]);
	settings_store(&s->lab.t, &s->defaults, s->hosts, s->n_hosts, NULL);
}

static inline void script_holds(struct script *s, char **w)
{
	struct endpoint e = {.addr = lab_address(w[2])};
	char text[48];
	script_port(w[3], &e.port, &e.transport);
	const enum setting k = script_key(w[1]);
	const uint64_t value = setting_at(&s->lab.t, &e, k);
	snprintf(text, sizeof text, setting_forms[k].second.most ? "%u,%u" : "%u", (unsigned)value, (unsigned)(value >> 32));
	script_say(s, "", "%s", text);
}

static inline void script_say_names(struct script *s, char **w)
{
	struct endpoint e = {.addr = lab_address(w[1])};
	struct name names[SCRIPT_WORDS];
	script_port(w[2], &e.port, &e.transport);
	const size_t n = endpoint_names(&s->lab.t, &e, names, SCRIPT_WORDS);
	for (size_t i = 0; i < n; i++)
		script_say(s, ",", "%s", names[i].text);
}
