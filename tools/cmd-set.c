/* cmd-set.c: pinctl set HOST ADDR[,ADDR...]: an explicit pin, or a list in order of preference. */
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "format.h"

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
	.args_doc = "HOST ADDR[,ADDR...]",
	.doc = "Pin HOST to ADDR, whichever addresses DNS gives and whatever fails; of several, all IPv4 or all IPv6, the first "
	       "that is not cooling off is used. Fails whole or not at all."
	       "\vIt takes the place of the pin and the list of that family.",
	.options = options,
	.parser = parse,
};

/* The word as the n-th address of the list. */
static int address_take(const struct context *c, const char *word, struct address *list, size_t n)
{
	if (n == PREFERENCES)
		return misused(c, "more than %d addresses: '%s'", PREFERENCES, word);
	if (!address_parse(word, &list[n]))
		return misused(c, "not an address: '%s'", word);
	if (!address_is_unicast(&list[n]))
		return misused(c, "no address of a server: '%s'", word);
	for (size_t i = 0; i < n; i++) {
		if (address_equal(&list[i], &list[n]))
			return misused(c, "twice in the list: '%s'", word);
		if (address_family(&list[i]) != address_family(&list[n]))
			return misused(c, "IPv4 and IPv6 in one list: '%s'", word);
	}
	return DONE;
}

static int addresses_parse(const struct context *c, char *words, struct address list[static PREFERENCES], size_t *n)
{
	int status = DONE;
	char *word;
	for (*n = 0; status == DONE && (word = strsep(&words, ",")) != NULL; (*n)++)
		status = address_take(c, word, list, *n);
	return status;
}

/* 0 is for ever, to pins_set(). */
static int ttl_parse(const struct context *c, const char *word, uint32_t *ttl)
{
	*ttl = 0;
	if (!word)
		return DONE;
	if (!time_parse(word, ttl) || *ttl == 0)
		return misused(c, "--ttl: not a time: '%s'", word);
	if (*ttl == SETTING_OFF)
		*ttl = 0;
	return DONE;
}

int cmd_set(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	struct name name;
	struct address list[PREFERENCES];
	size_t n = 0;
	uint32_t ttl = 0;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && !w.list)
		status = misused(c, "HOST and ADDR are wanted");
	if (status == DONE)
		status = host_parse(c, w.host, &name);
	if (status == DONE)
		status = addresses_parse(c, w.list, list, &n);
	if (status == DONE)
		status = ttl_parse(c, w.ttl, &ttl);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	return status == DONE ? hand_result(c, pins_set(&c->table, &name, list, n, ttl), w.host) : status;
}
