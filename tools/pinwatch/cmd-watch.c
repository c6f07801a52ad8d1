/* cmd-watch.c: pinwatch itself: watches for the tables, and reports into them. */
#include <errno.h>

#include "tools/pinwatch/commands.h"
#include "tools/pinwatch/watch.h"

enum { KEY_DRY_RUN = 0x3000 };

static const struct argp_option options[] = {
	{"table", 't', "PATH", 0, "a table to serve, instead of $STICKYDNS_TABLE or the usual one; may be given again", 0},
	WATCH_OPTIONS,
	{"dry-run", KEY_DRY_RUN, NULL, 0, "say what would be reported, and change no table", 0},
	{"verbose", 'v', NULL, 0, "say what is reported", 0},
	HELP_OPTIONS,
	VERSION_OPTION,
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct watch_words *w = state->input;
	switch (key) {
	case ARGP_KEY_INIT: state->err_stream = NULL; return 0;
	case '?':
	case KEY_USAGE: cmd_help(key, "pinwatch", state); return 0;
	case KEY_VERSION: cmd_version("pinwatch");
	case 't': return watch_table(arg, w);
	case KEY_DRY_RUN: w->dry_run = true; return 0;
	case 'v': w->verbose = true; return 0;
	case ARGP_KEY_ARG: return misused(NULL, "one word too many: %s", arg), EINVAL;
	default: return watch_word(key, arg, w);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Watch what becomes of connections and datagrams to the servers in the table, in every program.\v"
	       "Commands (each with --help):\n"
	       "  watch     the same as no command\n"
	       "  status    what is attached, which tables are served, what was lost\n"
	       "  trace     show connects and failures as they come\n"
	       "  steer     lead programs that no preload reaches to the pins\n"
	       "\nExit status: 0 told to end, 1 nothing could be watched, 2 usage. See pinwatch(8).",
};

int cmd_watch(struct context *c, int argc, char **argv)
{
	static struct watch_words words;
	static char name[] = "pinwatch";
	argv[0] = name;
	argp_err_exit_status = MISUSED;
	if (argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &words) != 0)
		return MISUSED;
	return watch_run(c, &words, NULL, NULL);
}
