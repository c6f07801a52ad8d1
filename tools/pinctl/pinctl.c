/*
 * pinctl.c: the front door: global options, the table of commands, the end.
 *
 * Nothing happens here. Each command lives in cmd-NAME.c; what they share is in
 * cmd.h. A word that is no command is misuse; no word at all is `list`.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tools/pinctl/commands.h"

static const struct command {
	const char *name;
	int (*run)(struct context *c, int argc, char **argv);
	const char *help;
} commands[] = {
	{"list", cmd_list, "what is pinned (also: no command at all)"},
	{"show", cmd_show, "one name: pins, candidates, settings and where each came from"},
	{"set", cmd_set, "pin a name by hand, to an address or a list in order of preference"},
	{"drop", cmd_drop, "forget names; their next lookup chooses anew"},
	{"refresh", cmd_refresh, "ask DNS now: renew what is published, drop auto pins that are not"},
	{"fail", cmd_fail, "report that a server failed"},
	{"ok", cmd_ok, "report that a server works"},
	{"drain", cmd_drain, "keep pins away from an address; which are drained"},
	{"undrain", cmd_undrain, "let them come again"},
	{"save", cmd_save, "write what is pinned as text"},
	{"restore", cmd_restore, "take it back"},
	{"events", cmd_events, "the journal of what happened"},
	{"top", cmd_top, "a live view of pins, counters and events"},
	{"stats", cmd_stats, "counters, and how full the table is"},
	{"settings", cmd_settings, "what holds for a name, known or not; or all that is set"},
	{"init", cmd_init, "make a table"},
	{"check", cmd_check, "look for errors in stickydns.conf"},
	{"reload", cmd_reload, "take stickydns.conf into the table"},
	{"doctor", cmd_doctor, "how a program resolves, and whether the shim is in it"},
	{"run", cmd_run, "run a program under the shim"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

/* The words of main(), split at the command. */
struct split {
	struct context *context;
	int argc;
	char **argv;			/* of the command; NULL: none was given */
};

static const struct argp_option options[] = {
	{"table", 't', "PATH", 0, "the table to use, instead of $STICKYDNS_TABLE or the usual ones", 0},
	{"json", KEY_JSON, NULL, 0, "show it as JSON", 0},
	HELP_OPTIONS,
	VERSION_OPTION,
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct split *s = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;	/* getopt's one line is enough */
		return 0;
	case '?':
	case KEY_USAGE:
		cmd_help(key, "pinctl", state);
		return 0;
	case KEY_VERSION:
		cmd_version("pinctl");
	case KEY_JSON:
		s->context->json = true;
		return 0;
	case 't':
		return table_word(s->context, arg) == DONE ? 0 : EINVAL;
	case ARGP_KEY_ARG:
		s->argv = &state->argv[state->next - 1];
		s->argc = state->argc - (state->next - 1);
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The list of commands, written from the table, after the options in --help. */
static char *help(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t size = 0;
	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	FILE *f = open_memstream(&out, &size);
	if (!f)
		return NULL;
	fputs("Commands (each with --help):\n", f);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(f, "  %-8s  %s\n", commands[i].name, commands[i].help);
	fputs("\nExit status: 0 done, 1 not found or failed, 2 usage. See pinctl(1).", f);
	fclose(f);
	return out;
}

static int dispatch(struct context *c, int argc, char **argv)
{
	c->command = argv[0];
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(c, argc, argv);
	c->command = NULL;
	return misused(c, "no such command: '%s'", argv[0]);
}

/*
 * Where stdin, stdout or stderr are closed, the next file has their number: what is
 * printed would go to a DNS server, as a datagram. On these nothing can be written
 * (O_PATH, open(2)), so that a closed stdout is found as ever; a program that is run does not get them.
 */
static void guard_standard_files(void)
{
	int fd;
	do
		fd = open("/", O_PATH | O_CLOEXEC);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

/* What was changed is lost if the table was replaced by then: nobody looks at the old one any more. */
static int judge_change(const struct context *c, int status)
{
	if (status != DONE || !c->writes || !store_retired(&c->table))
		return status;
	return complain(c, "%s: was replaced meanwhile: try again", c->path);
}

/* A full disk, or a closed pipe, is a failure like any other, and shows only now. */
static void close_stdout(void)
{
	int bad = ferror(stdout);
	errno = 0;
	if (fflush(stdout) == EOF || bad) {
		complain(NULL, "cannot write the output: %s", errno ? strerror(errno) : "it was cut short");
		_exit(FAILED);
	}
}

/* Reading a table that somebody truncates meanwhile ends here: mmap(2), SIGBUS. */
static void on_bus(int signal)
{
	static const char text[] = "pinctl: the table was truncated by somebody\n";
	(void)signal;
	if (write(STDERR_FILENO, text, sizeof text - 1) == -1) {
		/* nobody left to tell */
	}
	_exit(FAILED);
}

int main(int argc, char **argv)
{
	static char list[] = "list", *bare[] = {list, NULL};
	struct context c = {0};
	struct split s = {.context = &c};
	char name[] = "pinctl";
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[COMMAND [WORD...]]",
		.doc = "See and change which server the programs of this machine stick to.\v",
		.help_filter = help,
	};
	now_start();
	guard_standard_files();
	atexit(close_stdout);
	signal(SIGBUS, on_bus);
	argp_err_exit_status = MISUSED;
	if (argc < 1)
		return MISUSED;
	argv[0] = name;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &s) != 0)
		return MISUSED;
	int status = s.argv ? dispatch(&c, s.argc, s.argv) : dispatch(&c, 1, bare);
	status = judge_change(&c, status);
	store_close(&c.table);
	return status;
}
