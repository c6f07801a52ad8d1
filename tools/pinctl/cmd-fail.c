/*
 * cmd-fail.c: pinctl fail|ok HOST ADDR, SERVICE TARGET:PORT: a monitor or a person reports an outcome to every process.
 */
#include "tools/pinctl/commands.h"
#include "tools/pinctl/server.h"

struct words {
	char *host, *server;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	if (key != ARGP_KEY_ARG || w->server)
		return ARGP_ERR_UNKNOWN;
	*(w->host ? &w->server : &w->host) = arg;
	return 0;
}

static const struct usage usage_fail = {
	.args_doc = "HOST ADDR\nSERVICE TARGET:PORT",
	.doc = "Report that ADDR, a candidate of HOST, or TARGET:PORT, one of SERVICE, failed: it cools off, and an auto pin "
	       "moves away at once.",
	.parser = parse,
};

static const struct usage usage_ok = {
	.args_doc = "HOST ADDR\nSERVICE TARGET:PORT",
	.doc = "Report that ADDR, a candidate of HOST, or TARGET:PORT, one of SERVICE, works: its cool-off ends at once.",
	.parser = parse,
};

static int report(struct context *c, const struct usage *u, int argc, char **argv, bool ok)
{
	struct words w = {0};
	struct name name;
	struct server server;
	struct address address;
	int status = cmd_parse(c, u, argc, argv, &w);
	if (status == DONE && !w.server)
		status = misused(c, "HOST and ADDR are needed");
	if (status == DONE)
		status = host_parse(c, w.host, &name);
	if (status == DONE)
		status = server_parse(c, &name, w.server, &server);
	if (status == DONE)
		status = table_open(c, TO_CREATE);
	if (status != DONE)
		return status;
	server_address(&c->table, &server, false, &address);
	enum admin_status s = pins_report_by_hand(&c->table, &name, &address, ok);
	if (s == ADMIN_NO_ADDRESS && server.is_target)
		return complain(c, "no such target of that service: %s", w.server);
	return admin_result(c, s, s == ADMIN_NO_ADDRESS ? w.server : w.host);
}

int cmd_fail(struct context *c, int argc, char **argv) { return report(c, &usage_fail, argc, argv, false); }
int cmd_ok(struct context *c, int argc, char **argv) { return report(c, &usage_ok, argc, argv, true); }
