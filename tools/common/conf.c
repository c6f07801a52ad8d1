/* conf.c: reads stickydns.conf with libConfuse. See conf.h. */
#include "tools/common/conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "policy/table/effective.h"
#include "tools/common/format.h"
#include "tools/common/conf-text.h"
#include "tools/common/setting-text.h"

/* The first complaint about the file being read: cfg_errfunc_t has no place for a pointer of ours. */
static char first_error[512];

__attribute__((format(printf, 2, 0)))
static void note_error(int line, const char *format, va_list ap)
{
	char text[400];
	if (first_error[0])
		return;
	vsnprintf(text, sizeof text, format, ap);
	snprintf(first_error, sizeof first_error, "%d: %s", line, text);
}

__attribute__((format(printf, 2, 0)))
static void on_error(cfg_t *cfg, const char *format, va_list ap) { note_error(cfg ? cfg->line : 0, format, ap); }

/* False. */
__attribute__((format(printf, 2, 3)))
static bool wrong(int line, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	note_error(line, format, ap);
	va_end(ap);
	return false;
}

/* ---- values ---- */

/* One word of a value, and the line where it stands: whether a list is whole is known behind its last word. */
struct word {
	int line;
	char text[];
};

/* libConfuse's parser of one word; `result` is a pointer, for free(). */
static int on_word(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const size_t size = strlen(value) + 1;
	struct word *w = malloc(sizeof *w + size);
	(void)opt;
	if (!w)
		return -1;
	w->line = cfg->line;
	memcpy(w->text, value, size);
	*(struct word **)result = w;
	return 0;
}

/* Which word, and what had been right. A list that lacks one ends with its last. */
static bool wrong_value(cfg_t *sec, enum setting k, unsigned at)
{
	const char *key = setting_forms[k].key;
	const unsigned n = cfg_size(sec, key);
	char takes[SETTING_TAKES];
	setting_takes(k, takes);
	if (n == 0)
		return wrong(sec->line, "%s: '{}' does not fit %s", key, takes);
	const struct word *w = cfg_getnptr(sec, key, at < n ? at : n - 1);
	return wrong(w->line, "%s: '%s' %s %s", key, w->text, takes[0] == '{' ? "does not fit" : "is not", takes);
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
	for (unsigned i = 0; i < cfg_size(sec, "dns-ports"); i++) {
		const char *port = cfg_getnstr(sec, "dns-ports", i);
		if (!add_port(port, ports))
			return wrong(sec->line, "dns-ports: '%s': more than %d beside 53", port, DNS_PORTS);
	}
	return true;
}

/* ---- blocks ---- */

/* `{}` is a value, too. */
static bool is_given(cfg_t *sec, const char *key) { return (cfg_getopt(sec, key)->flags & CFGF_MODIFIED) != 0; }

static bool take_values(cfg_t *sec, struct settings_block *out)
{
	for (enum setting k = 0; k < SETTINGS; k++) {
		const char *words[SETTING_VALUES_MAX], *key = setting_forms[k].key;
		const unsigned n = cfg_size(sec, key);
		for (unsigned i = 0; i < n && i < SETTING_VALUES_MAX; i++)
			words[i] = ((const struct word *)cfg_getnptr(sec, key, i))->text;
		if (!is_given(sec, key))
			continue;
		const int at = n > SETTING_VALUES_MAX ? SETTING_VALUES_MAX : setting_parse(k, words, n, &out->set.value[k]);
		if (at >= 0)
			return wrong_value(sec, k, (unsigned)at);
		out->given |= 1u << k;
	}
	return true;
}

/* libConfuse's structures do not tell a title's line: it is looked up in the text. */
static int title_line(const char *text, const char *title, cfg_t *sec)
{
	const char *at = strstr(text, *title ? title : "\"\"");
	return at ? conf_text_line(text, at) : sec->line;
}

/* A title that is no name, or a pattern that no name can match: a regular expression, addresses. */
static bool take_title(cfg_t *sec, const char *text, struct settings_block *out)
{
	struct name pattern;
	const char *title = cfg_title(sec);
	const int line = title_line(text, title, sec);
	const enum name_status s = name_canonical(title, &pattern);
	if (s != NAME_OK)
		return wrong(line, "host '%.300s': %s", title, name_status_text(s));
	const char *odd = strpbrk(title, "^$?+|()[]{}\\/,;");
	if (odd)
		return wrong(line, "host '%.300s': no name has a '%c': a pattern has only *, which stands for any run of characters", title, *odd);
	if (strspn(title, "0123456789.*") == strlen(title) && strpbrk(title, "0123456789"))
		return wrong(line, "host '%.300s': matches no name: names are compared, not addresses", title);
	memcpy(out->pattern, pattern.text, sizeof out->pattern);
	return true;
}

/* libConfuse tells titles that are the same to the letter; "A.example" and "a.example." are one name too. */
static bool is_first(cfg_t *sec, const struct conf *out)
{
	const char *pattern = out->hosts[out->n_hosts].pattern;
	for (size_t i = 0; i < out->n_hosts; i++)
		if (strcmp(out->hosts[i].pattern, pattern) == 0)
			return wrong(sec->line, "host '%.300s': a second block for this name", cfg_title(sec));
	return true;
}

/* The keys of keeper{} are texts to libConfuse; each is judged when it is read (on_keeper). */
static void take_keeper(cfg_t *sec, struct keeper_conf *out)
{
#define TAKE(member, key, ...)                                            \
	if (cfg_size(sec, key) > 0)                                       \
		keeper_conf_set(out, key, cfg_getstr(sec, key));
	KEEPER_LIST(TAKE)
#undef TAKE
}

static int on_keeper(cfg_t *cfg, cfg_opt_t *opt)
{
	struct keeper_conf any = keeper_conf_defaults();
	const char *text = cfg_opt_getnstr(opt, 0);
	const char *takes = keeper_conf_set(&any, opt->name, text);
	if (takes)
		cfg_error(cfg, "%s: '%s' is not %s", opt->name, text, takes);
	return takes ? -1 : 0;
}

static bool take_blocks(cfg_t *cfg, const char *text, struct conf *out)
{
	unsigned hosts = cfg_size(cfg, "host"), defaults = cfg_size(cfg, "default");
	if (defaults > 1)
		return wrong(cfg_getnsec(cfg, "default", 1)->line, "default: a second block");
	if (cfg_size(cfg, "keeper") > 1)
		return wrong(cfg_getnsec(cfg, "keeper", 1)->line, "keeper: a second block");
	if (hosts > SETTINGS_HOSTS) {
		cfg_t *sec = cfg_getnsec(cfg, "host", SETTINGS_HOSTS);
		return wrong(sec->line, "host '%.300s': more than %d blocks", cfg_title(sec), SETTINGS_HOSTS);
	}
	if (defaults && !take_values(cfg_getnsec(cfg, "default", 0), &out->defaults))
		return false;
	out->keeper = keeper_conf_defaults();
	if (cfg_size(cfg, "keeper"))
		take_keeper(cfg_getnsec(cfg, "keeper", 0), &out->keeper);
	if (!take_ports(cfg, out->dns_ports) ||
	    (defaults && !take_ports(cfg_getnsec(cfg, "default", 0), out->dns_ports)))
		return false;
	for (; out->n_hosts < hosts; out->n_hosts++) {
		cfg_t *sec = cfg_getnsec(cfg, "host", (unsigned)out->n_hosts);
		if (!take_title(sec, text, &out->hosts[out->n_hosts]) || !is_first(sec, out) ||
		    !take_values(sec, &out->hosts[out->n_hosts]))
			return false;
	}
	return true;
}

/* ---- the file ---- */

static cfg_t *cfg_make(void)
{
#define KEY(id, key, ...) CFG_PTR_LIST_CB(key, NULL, CFGF_NODEFAULT, on_word, free),
#define PORTS CFG_STR_LIST("dns-ports", NULL, CFGF_NODEFAULT)
#define KEEPER_KEY(member, key, ...) CFG_STR(key, NULL, CFGF_NODEFAULT),
	cfg_opt_t keeper[] = {KEEPER_LIST(KEEPER_KEY) CFG_END()};
	cfg_opt_t host[] = {SETTINGS_LIST(KEY) CFG_END()};
	cfg_opt_t defaults[] = {SETTINGS_LIST(KEY) PORTS, CFG_END()};
	cfg_opt_t all[] = {
		CFG_SEC("default", defaults, CFGF_MULTI),
		CFG_SEC("host", host, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("keeper", keeper, CFGF_MULTI),
		PORTS,
		CFG_END(),
	};
#undef PORTS
#undef KEY
	cfg_t *cfg = cfg_init(all, CFGF_NONE);
	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	cfg_set_validate_func(cfg, "dns-ports", on_ports);
	cfg_set_validate_func(cfg, "default|dns-ports", on_ports);
#define VALIDATE(member, key, ...) cfg_set_validate_func(cfg, "keeper|" key, on_keeper);
	KEEPER_LIST(VALIDATE)
#undef VALIDATE
#undef KEEPER_KEY
	return cfg;
}

static bool parse_text(cfg_t *cfg, const char *text, struct conf *out)
{
	const char *what;
	first_error[0] = '\0';
	char *parted = conf_text_parted(text);
	bool parsed = parted && cfg_parse_buf(cfg, parted) == CFG_SUCCESS;
	free(parted);
	if (!parsed)
		return false;
	const int line = conf_text_open(text, &what);
	if (line > 0)
		return wrong(line, "%s", what);
	out->hosts = calloc(cfg_size(cfg, "host") + 1, sizeof *out->hosts);
	return out->hosts && take_blocks(cfg, text, out);
}

int conf_read(const struct context *c, const char *path, struct conf *out)
{
	int status = DONE;
	*out = (struct conf){0};
	char *text = conf_text_read(c, path);
	if (!text)
		return FAILED;
	cfg_t *cfg = cfg_make();
	if (!cfg || !parse_text(cfg, text, out))
		status = complain(c, "%s:%s", path, first_error[0] ? first_error : " out of memory");
	if (status != DONE)
		conf_free(out);
	if (cfg)
		cfg_free(cfg);
	free(text);
	return status;
}

void conf_print_defaults(void)
{
	puts("# stickydns.conf: for which names, and how, programs stick to one server. See stickydns.conf(5).\n"
	     "#\n"
	     "# It belongs at " CONF_PATH ". `pinctl init` and `pinctl reload` take it into the table, and it is in effect at\n"
	     "# every program's next lookup. `pinctl check` looks for errors. `pinctl settings HOST` says what holds for a name,\n"
	     "# and which block that comes from.\n"
	     "#\n"
	     "# The keys below have their default values. Nothing here is needed.\n"
	     "\n"
	     "default {");
	for (enum setting k = 0; k < SETTINGS; k++) {
		const struct setting_form *form = &setting_forms[k];
		char value[SETTING_TEXT];
		setting_text(k, form->builtin, value);
		printf("\t# %s = %-*s  # %s\n", form->key, (int)(22 - strlen(form->key)), value, form->meaning);
	}
	puts("}\n");
	keeper_conf_print(stdout);
	puts("\n"
	     "# Ports beside 53 on which programs' own resolvers ask, for instance\n"
	     "# dns-ports = {5353}\n"
	     "\n"
	     "# A registrar that drops out of DNS while it is being restarted.\n"
	     "# host \"sip.example.com\" {\n"
	     "# \tabsent = keep\n"
	     "# }\n"
	     "\n"
	     "# Servers that are each sent to, by a dispatcher.\n"
	     "# host \"pool.example.com\" {\n"
	     "# \tsteer = off\n"
	     "# }\n"
	     "\n"
	     "# Content that is meant to be spread. In a title, * stands for any run of characters.\n"
	     "# host \"*.cdn.example.com\" {\n"
	     "# \tsticky = off\n"
	     "# }");
}

int conf_store(struct context *c, const struct conf *f)
{
	int status = DONE;
	if (!table_lock(c, c->path, LOCK_EX, CONF_LOCK_S))
		status = complain(c, "%s: %s", c->path,
				  errno == EWOULDBLOCK ? "locked by another process" : strerror(errno));
	else if (store_retired(&c->table))
		status = complain(c, "%s: replaced meanwhile", c->path);
	else if (!settings_store(&c->table, &f->defaults, f->hosts, f->n_hosts, f->dns_ports))
		status = complain(c, "%s: no room for the settings", c->path);
	table_unlock(c);
	return status;
}

void conf_free(struct conf *f)
{
	free(f->hosts);
	*f = (struct conf){0};
}
