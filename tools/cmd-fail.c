/* cmd-fail.c: pinctl fail|ok HOST ADDR: what a monitor or a person knows, as an outcome for every process. */
#include "cmd.h"

struct words {
	char *host, *address;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	if (key != ARGP_KEY_ARG || w->address)
		return ARGP_ERR_UNKNOWN;
	*(w->host ? &w->address : &w->host) = arg;
	return 0;
}

static const struct usage usage_fail = {
	.args_doc = "HOST ADDR",
	.doc = "Report that ADDR, a candidate of HOST, failed: it cools off, and an auto pin moves away at once.",
	.parser = parse,
};

static const struct usage usage_ok = {
	.args_doc = "HOST ADDR",
	.doc = "Report that ADDR, a candidate of HOST, works: its cool-off ends at once.",
	.parser = parse,
};

static int report(struct context *c, const struct usage *u, int argc, char **argv, bool ok)
{
	struct words w = {0};
	struct name name;
	struct address address;
	int status = cmd_parse(c, u, argc, argv, &w);
	if (status == DONE && !w.address)
		status = misused(c, "HOST and ADDR are wanted");
	if (status == DONE)
		status = host_parse(c, w.host, &name);
	if (status == DONE && !address_parse(w.address, &address))
		status = misused(c, "not an address: '%s'", w.address);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	if (status != DONE)
		return status;
	enum hand_status s = pins_report(&c->table, &name, &address, ok);
	return hand_result(c, s, s == HAND_NO_ADDRESS ? w.address : w.host);
}

int cmd_fail(struct context *c, int argc, char **argv) { return report(c, &usage_fail, argc, argv, false); }
int cmd_ok(struct context *c, int argc, char **argv) { return report(c, &usage_ok, argc, argv, true); }
