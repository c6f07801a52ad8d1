/*
 * pinkeeper.c: the front door of the daemon that keeps a table true: its options, its loop, its duties.
 *
 * Programs need no pinkeeper, and notice nothing when it ends: all that it knows it writes into the table, by the
 * functions that pinctl uses.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tools/common/conf.h"
#include "tools/common/notify.h"
#include "tools/pinkeeper/attach.h"
#include "tools/pinkeeper/events.h"
#include "tools/pinkeeper/follow.h"
#include "tools/pinkeeper/keeper.h"
#include "tools/pinkeeper/metrics.h"
#include "tools/pinkeeper/on-move.h"
#include "tools/pinkeeper/probe.h"
#include "tools/pinkeeper/reap.h"

/* ---- words ---- */

struct words {
	struct context *c;
	const char *conf;
};

enum { KEY_CONF = 'c' };

static const struct argp_option options[] = {
	{"table", 't', "PATH", 0, "the table to serve, instead of $STICKYDNS_TABLE or the system's", 0},
	{"conf", KEY_CONF, "PATH", 0, "read this instead of " CONF_PATH, 0},
	HELP_OPTIONS,
	VERSION_OPTION,
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case ARGP_KEY_INIT: state->err_stream = NULL; return 0;
	case '?':
	case KEY_USAGE: cmd_help(key, "pinkeeper", state); return 0;
	case KEY_VERSION: cmd_version("pinkeeper");
	case 't': return table_word(w->c, arg) == DONE ? 0 : EINVAL;
	case KEY_CONF:
		w->conf = arg;
		return *arg ? 0 : (misused(NULL, "--conf: an empty path"), EINVAL);
	case ARGP_KEY_ARG: return misused(NULL, "one word too many: %s", arg), EINVAL;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Keep the table of pinned servers true: follow DNS, probe servers, tell what happens.\v"
	       "What it does stands in the block keeper{} of stickydns.conf(5). Exit status: 0 told to end, 1 it cannot run, "
	       "2 usage. See pinkeeper(8).",
};

/* ---- start and end ---- */

/* Without a file the defaults hold; with one that has an error nothing starts. */
static int take_conf(struct keeper *k, const char *path)
{
	struct conf conf;
	k->conf = keeper_conf_defaults();
	if (!path && access(CONF_PATH, F_OK) == -1 && errno == ENOENT)
		return DONE;
	if (conf_read(&k->c, path ? path : CONF_PATH, &conf) != DONE)
		return FAILED;
	k->conf = conf.keeper;
	conf_free(&conf);
	return DONE;
}

/* Unlike a program it serves the system's table alone, if none is named. */
static int choose_table(struct keeper *k)
{
	bool own;
	const char *env = k->c.table_arg ? k->c.table_arg : secure_getenv("STICKYDNS_TABLE");
	if (!store_path(0, env, 0, k->c.path, &own))
		return complain(&k->c, "path too long: %s", env);
	return DONE;
}

static void start_duties(struct keeper *k)
{
	const struct {
		const struct duty *duty;
		bool wanted;
	} all[] = {
		{&follow_duty, k->conf.follow},
		{&probe_duty, k->conf.probe},
		{&reap_duty, k->conf.reap},
		{&events_duty, k->conf.events != EVENTS_OFF},
		{&on_move_duty, *k->conf.on_move != '\0'},
		{&metrics_duty, *k->conf.metrics != '\0'},
	};
	size_t n = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].wanted && all[i].duty->start(k))
			k->duties[n++] = all[i].duty;
}

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	uv_stop(signal->loop);
}

static bool end_on_signals(struct keeper *k, uv_signal_t ends[static 2])
{
	const int numbers[] = {SIGTERM, SIGINT};
	for (size_t i = 0; i < 2; i++)
		if (uv_signal_init(k->loop, &ends[i]) != 0 || uv_signal_start(&ends[i], on_signal, numbers[i]) != 0)
			return complain(&k->c, "signals cannot be waited for"), false;
	return true;
}

static int serve(struct keeper *k)
{
	uv_signal_t ends[2];
	signal(SIGPIPE, SIG_IGN);
	start_duties(k);
	if (!end_on_signals(k, ends) || !attach_start(k))
		return FAILED;
	notify("READY=1");
	uv_run(k->loop, UV_RUN_DEFAULT);
	notify("STOPPING=1");
	attach_stop(k);
	for (const struct duty **d = k->duties; *d; d++)
		if ((*d)->stop)
			(*d)->stop(k);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&ends[i], NULL);
	uv_run(k->loop, UV_RUN_DEFAULT);		/* what is closed ends in the loop */
	return DONE;
}

int main(int argc, char **argv)
{
	static struct keeper k;
	static char name[] = "pinkeeper";
	struct words w = {.c = &k.c};
	program = name;
	now_start();
	if (argc > 0)
		argv[0] = name;
	argp_err_exit_status = MISUSED;
	if (argc < 1 || argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &w) != 0)
		return MISUSED;
	k.loop = uv_default_loop();
	if (!k.loop)
		return complain(NULL, "out of memory");
	int status = take_conf(&k, w.conf);
	if (status == DONE)
		status = choose_table(&k);
	return status == DONE ? serve(&k) : status;
}
