/*
 * cmd-set.c: pinctl set HOST ADDR[,ADDR...], pinctl set SERVICE TARGET:PORT[,...]:
 * an explicit pin, or a list in order of preference.
 */
#include <errno.h>
#include <string.h>

#include "tools/common/format.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/server.h"

struct words {
	char *host, *list, *ttl;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case 'T':
		w->ttl = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (w->list)
			return ARGP_ERR_UNKNOWN;
		*(w->host ? &w->list : &w->host) = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"ttl", 'T', "TIME", 0, "how long it holds: 30, 30s, 5m, 3h, 1d; off (for ever) is the default", 0},
	{0},
};

static const struct usage usage = {
	.args_doc = "HOST ADDR[,ADDR...]\nSERVICE TARGET:PORT[,TARGET:PORT...]",
	.doc = "Pin HOST to ADDR, whichever addresses DNS gives and whatever fails. Of several, all IPv4 or all IPv6, the first "
	       "that is not cooling off is used. Either all is set or nothing. A service (_sip._udp.example.com) is pinned to "
	       "targets, as its SRV records name them."
	       "\vIt takes the place of the pin and the list of that family.",
	.options = options,
	.parser = parse,
};

static int servers_parse(const struct context *c, const struct name *name, char *words,
			 struct server list[static PREFERENCES], size_t *n)
{
	int status = DONE;
	char *word;
	for (*n = 0; status == DONE && (word = strsep(&words, ",")) != NULL; (*n)++)
		status = server_list_take(c, name, word, list, *n);
	return status;
}

/* 0 is for ever, to pins_set(). */
static int ttl_parse(const struct context *c, const char *word, uint32_t *ttl)
{
	*ttl = 0;
	if (!word)
		return DONE;
	if (!time_parse(word, ttl) || *ttl == 0)
		return misused(c, "--ttl: not a time from 1s to 1000d, nor off: '%s'", word);
	if (*ttl == SETTING_OFF)
		*ttl = 0;
	return DONE;
}

/* Targets get their records first: nothing of the name has changed if there is no room for one. */
static enum admin_status set(struct table *t, const struct name *name, const struct server *list, size_t n, uint32_t ttl)
{
	struct address addrs[PREFERENCES];
	for (size_t i = 0; i < n; i++)
		if (!server_address(t, &list[i], true, &addrs[i]))
			return ADMIN_FULL;
	return pins_set(t, name, addrs, n, ttl);
}

int cmd_set(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	struct name name;
	struct server list[PREFERENCES];
	size_t n = 0;
	uint32_t ttl = 0;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && !w.list)
		status = misused(c, "HOST and ADDR are needed");
	if (status == DONE)
		status = host_parse(c, w.host, &name);
	if (status == DONE && strchr(name.text, '*'))
		status = misused(c, "one name is pinned, no pattern: '%s'", w.host);
	if (status == DONE)
		status = servers_parse(c, &name, w.list, list, &n);
	if (status == DONE)
		status = ttl_parse(c, w.ttl, &ttl);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	return status == DONE ? admin_result(c, set(&c->table, &name, list, n, ttl), w.host) : status;
}
