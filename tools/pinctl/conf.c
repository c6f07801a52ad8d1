/* conf.c: reads stickydns.conf with libConfuse. See conf.h. */
#include "tools/pinctl/conf.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/format.h"
#include "tools/pinctl/conf-text.h"

/* The first complaint about the file being read: cfg_errfunc_t has no place for a pointer of ours. */
static char first_error[512];

__attribute__((format(printf, 2, 0)))
static void on_error(cfg_t *cfg, const char *format, va_list ap)
{
	char text[400];
	if (first_error[0])
		return;
	vsnprintf(text, sizeof text, format, ap);
	snprintf(first_error, sizeof first_error, "%d: %s", cfg ? cfg->line : 0, text);
}

/* ---- values ---- */

static bool word_parse(enum setting k, const char *value, uint32_t *out)
{
	size_t n;
	const char *const *words = setting_words(k, &n);
	for (size_t i = 0; words && i < n; i++) {
		if (strcmp(value, words[i]) == 0) {
			*out = (uint32_t)i;
			return true;
		}
	}
	return false;
}

static bool value_parse(enum setting k, const char *value, uint32_t *out)
{
	size_t n;
	return setting_words(k, &n) ? word_parse(k, value, out) : time_parse(value, out);
}

static const char *values_of(enum setting k)
{
	switch (k) {
	case SET_STICKY:
	case SET_SERVE: return "on or off";
	case SET_ANSWER: return "first or only";
	case SET_STEER: return "sip, on or off";
	default: return "a time such as 30s, 5m, 3h, 1d, or off";
	}
}

static enum setting setting_of(const char *key)
{
	for (enum setting k = 0; k < SETTINGS; k++)
		if (setting_key(k) && strcmp(setting_key(k), key) == 0)
			return k;
	return SETTINGS;
}

/* libConfuse's parser of one value; `result` is a long. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	enum setting k = setting_of(opt->name);
	uint32_t v;
	if (!value_parse(k, value, &v)) {
		cfg_error(cfg, "%s: '%s' is not %s", opt->name, value, values_of(k));
		return -1;
	}
	*(long *)result = (long)v;
	return 0;
}

/* "grace 5m", {grace, 5m}, follow, keep: the words of one or two strings. False: none of these. */
static bool absent_parse(const char *first, const char *second, struct settings_block *out)
{
	char mode[64], time[64], more;
	char text[128];
	snprintf(text, sizeof text, "%s%s%s", first, second ? " " : "", second ? second : "");
	int n = sscanf(text, "%63s %63s %c", mode, time, &more);
	uint32_t v, grace = 0;
	if (n < 1 || n > 2 || !word_parse(SET_ABSENT, mode, &v))
		return false;
	if (n == 2 && (v != ABSENT_GRACE || !time_parse(time, &grace) || grace == SETTING_OFF))
		return false;
	out->set.value[SET_ABSENT] = v;
	out->given |= 1u << SET_ABSENT;
	if (n == 2) {
		out->set.value[SET_GRACE] = grace;
		out->given |= 1u << SET_GRACE;
	}
	return true;
}

static const char *second_of(cfg_opt_t *opt) { return cfg_opt_size(opt) > 1 ? cfg_opt_getnstr(opt, 1) : NULL; }

/* Called after each word of the list, too: what is valid so far is valid. */
static int on_absent(cfg_t *cfg, cfg_opt_t *opt)
{
	struct settings_block ignored = {0};
	unsigned n = cfg_opt_size(opt);
	if (n <= 2 && absent_parse(cfg_opt_getnstr(opt, 0), second_of(opt), &ignored))
		return 0;
	cfg_error(cfg, "absent: '%s' is not follow, keep, or \"grace TIME\"", cfg_opt_getnstr(opt, n - 1));
	return -1;
}

/* Takes in one port; 53 needs no place. False: no room. */
static bool add_port(const char *word, uint16_t ports[static DNS_PORTS])
{
	uint32_t port = 0;
	number_parse(word, 1, 65535, &port);
	if (port == 53)
		return true;
	for (size_t i = 0; i < DNS_PORTS; i++) {
		if (ports[i] && ports[i] != port)
			continue;
		ports[i] = (uint16_t)port;
		return true;
	}
	return false;
}

static int on_ports(cfg_t *cfg, cfg_opt_t *opt)
{
	uint16_t ports[DNS_PORTS] = {0};
	uint32_t port;
	const char *last = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
	bool fits = true;
	if (!number_parse(last, 1, 65535, &port)) {
		cfg_error(cfg, "dns-ports: '%s' is not a port", last);
		return -1;
	}
	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		fits = fits && add_port(cfg_opt_getnstr(opt, i), ports);
	if (!fits)
		cfg_error(cfg, "dns-ports: '%s': more than %d beside 53", last, DNS_PORTS);
	return fits ? 0 : -1;
}

/* Of the file, then of its default block: together they may be too many. */
static bool take_ports(cfg_t *sec, uint16_t ports[static DNS_PORTS])
{
	for (unsigned i = 0; i < cfg_size(sec, "dns-ports"); i++)
		if (!add_port(cfg_getnstr(sec, "dns-ports", i), ports)) {
			snprintf(first_error, sizeof first_error, "%d: dns-ports: '%s': more than %d beside 53", sec->line,
				 cfg_getnstr(sec, "dns-ports", i), DNS_PORTS);
			return false;
		}
	return true;
}

/* ---- blocks ---- */

static void take_values(cfg_t *sec, struct settings_block *out)
{
	for (enum setting k = 0; k < SETTINGS; k++) {
		if (!setting_key(k) || k == SET_ABSENT || cfg_size(sec, setting_key(k)) == 0)
			continue;
		out->set.value[k] = (uint32_t)cfg_getint(sec, setting_key(k));
		out->given |= 1u << k;
	}
	if (cfg_size(sec, "absent") > 0)
		absent_parse(cfg_getnstr(sec, "absent", 0), second_of(cfg_getopt(sec, "absent")), out);
}

/* A title stands nowhere in libConfuse's structures with its line: it is looked up in the text. */
static int title_line(const char *text, const char *title, cfg_t *sec)
{
	const char *at = strstr(text, *title ? title : "\"\"");
	return at ? conf_text_line(text, at) : sec->line;
}

static bool take_host(cfg_t *sec, const char *text, struct settings_block *out)
{
	struct name pattern;
	const char *title = cfg_title(sec);
	enum name_status s = name_canonical(title, &pattern);
	if (s != NAME_OK) {
		snprintf(first_error, sizeof first_error, "%d: host '%.300s': %s", title_line(text, title, sec), title,
			 name_status_text(s));
		return false;
	}
	memcpy(out->pattern, pattern.text, sizeof out->pattern);
	take_values(sec, out);
	return true;
}

/* libConfuse tells titles that are the same to the letter; "A.example" and "a.example." are one name too. */
static bool is_first(cfg_t *sec, const struct conf *out)
{
	const char *pattern = out->hosts[out->n_hosts].pattern;
	for (size_t i = 0; i < out->n_hosts; i++)
		if (strcmp(out->hosts[i].pattern, pattern) == 0) {
			snprintf(first_error, sizeof first_error, "%d: host '%.300s': a second block for this name",
				 sec->line, cfg_title(sec));
			return false;
		}
	return true;
}

static bool take_blocks(cfg_t *cfg, const char *text, struct conf *out)
{
	unsigned hosts = cfg_size(cfg, "host"), defaults = cfg_size(cfg, "default");
	if (defaults > 1) {
		snprintf(first_error, sizeof first_error, "%d: default: a second block", cfg_getnsec(cfg, "default", 1)->line);
		return false;
	}
	if (hosts > SETTINGS_HOSTS) {
		cfg_t *sec = cfg_getnsec(cfg, "host", SETTINGS_HOSTS);
		snprintf(first_error, sizeof first_error, "%d: host '%.300s': more than %d blocks", sec->line, cfg_title(sec),
			 SETTINGS_HOSTS);
		return false;
	}
	if (defaults)
		take_values(cfg_getnsec(cfg, "default", 0), &out->defaults);
	if (!take_ports(cfg, out->dns_ports) ||
	    (defaults && !take_ports(cfg_getnsec(cfg, "default", 0), out->dns_ports)))
		return false;
	for (; out->n_hosts < hosts; out->n_hosts++) {
		cfg_t *sec = cfg_getnsec(cfg, "host", (unsigned)out->n_hosts);
		if (!take_host(sec, text, &out->hosts[out->n_hosts]) || !is_first(sec, out))
			return false;
	}
	return true;
}

/* ---- the file ---- */

static cfg_t *cfg_make(void)
{
#define KEY(k) CFG_INT_CB(k, 0, CFGF_NODEFAULT, on_value)
#define KEYS                                                                                                   \
	KEY("sticky"), KEY("answer"), KEY("steer"), KEY("stale"), KEY("idle"), KEY("max-age"), KEY("failback"), \
		KEY("serve"), CFG_STR_LIST("absent", NULL, CFGF_NODEFAULT)
	cfg_opt_t host[] = {KEYS, CFG_END()};
	cfg_opt_t defaults[] = {KEYS, CFG_STR_LIST("dns-ports", NULL, CFGF_NODEFAULT), CFG_END()};
	cfg_opt_t all[] = {
		CFG_SEC("default", defaults, CFGF_MULTI),
		CFG_SEC("host", host, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_STR_LIST("dns-ports", NULL, CFGF_NODEFAULT),
		CFG_END(),
	};
#undef KEYS
#undef KEY
	cfg_t *cfg = cfg_init(all, CFGF_NONE);
	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	cfg_set_validate_func(cfg, "default|absent", on_absent);
	cfg_set_validate_func(cfg, "host|absent", on_absent);
	cfg_set_validate_func(cfg, "dns-ports", on_ports);
	cfg_set_validate_func(cfg, "default|dns-ports", on_ports);
	return cfg;
}

static bool parse_text(cfg_t *cfg, const char *text, struct conf *out)
{
	const char *what;
	int line;
	first_error[0] = '\0';
	char *quoted = conf_text_quote(text);
	bool parsed = quoted && cfg_parse_buf(cfg, quoted) == CFG_SUCCESS;
	free(quoted);
	if (!parsed)
		return false;
	line = conf_text_open(text, &what);
	if (line > 0) {
		snprintf(first_error, sizeof first_error, "%d: %s", line, what);
		return false;
	}
	out->hosts = calloc(cfg_size(cfg, "host") + 1, sizeof *out->hosts);
	return out->hosts && take_blocks(cfg, text, out);
}

int conf_read(const struct context *c, const char *path, struct conf *out)
{
	int status = DONE;
	cfg_t *cfg = NULL;
	*out = (struct conf){0};
	char *text = conf_text_read(c, path);
	if (!text)
		return FAILED;
	cfg = cfg_make();
	if (!cfg || !parse_text(cfg, text, out))
		status = complain(c, "%s:%s", path, first_error[0] ? first_error : " out of memory");
	if (status != DONE)
		conf_free(out);
	if (cfg)
		cfg_free(cfg);
	free(text);
	return status;
}

void conf_free(struct conf *f)
{
	free(f->hosts);
	*f = (struct conf){0};
}
