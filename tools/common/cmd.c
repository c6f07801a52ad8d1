/* cmd.c: what the commands share: words and complaints. See cmd.h; which-table.c finds the table. */
#include "tools/common/cmd.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/format.h"

const char *program = "pinctl";

/* ---- complaints ---- */

/* Words of the command line come back in messages; whatever they hold, it stays one harmless line. */
__attribute__((format(printf, 2, 0)))
static void say(const struct context *c, const char *format, va_list ap)
{
	char text[COMPLAINT_TEXT], safe[sizeof text];
	vsnprintf(text, sizeof text, format, ap);
	text_line(text, safe, sizeof safe);
	if (c && c->complaint)
		memcpy(c->complaint, safe, sizeof safe);
	else
		fprintf(stderr, "%s: %s%s%s\n", program, c && c->command ? c->command : "", c && c->command ? ": " : "", safe);
}

int complain(const struct context *c, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say(c, format, ap);
	va_end(ap);
	return FAILED;
}

int misused(const struct context *c, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say(c, format, ap);
	va_end(ap);
	return MISUSED;
}

void note(const struct context *c, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say(c, format, ap);
	va_end(ap);
}

/* ---- words ---- */

struct parse {
	struct context *context;
	void *input;
	const char *title;		/* "pinctl set", for --help */
};

/* The first is only for commands that show something. */
static const struct argp_option common_options[] = {
	{"json", KEY_JSON, NULL, 0, "show it as JSON", 9},
	{"table", 't', "PATH", 0, "the table to use, instead of $STICKYDNS_TABLE or the usual ones; system: the system's", 10},
	HELP_OPTIONS,
	{0},
};

void cmd_help(int key, const char *title, struct argp_state *state)
{
	/* Without the paragraph on "mandatory or optional arguments". */
	setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
	state->name = (char *)(uintptr_t)title;
	argp_state_help(state, stdout, key == '?' ? ARGP_HELP_STD_HELP : ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
}

const char cmd_version_text[] = VERSION;

void cmd_version(const char *title)
{
	printf("%s (stickydns) " VERSION ", tables of layout " LAYOUT_NAME "\n", title, TABLE_VERSION, layout_signature());
	exit(DONE);
}

int table_word(struct context *c, char *word)
{
	if (*word == '\0' || strlen(word) >= TABLE_PATH)
		return misused(c, "--table: %s: '%s'", *word ? "path too long" : "empty path", word);
	bool own;
	if (strcmp(word, "system") == 0) {
		static char system[TABLE_PATH];
		store_path(0, NULL, 0, system, &own);
		word = system;
	}
	if (c->table_arg && strcmp(c->table_arg, word) != 0)
		return misused(c, "--table: one only: %s", word);
	c->table_arg = word;
	return DONE;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		/* getopt has said in one line what is wrong; argp's "Try --help" would be a second. */
		state->err_stream = NULL;
		if (state->child_inputs)
			state->child_inputs[0] = p->input;
		return 0;
	case '?':
	case KEY_USAGE:
		cmd_help(key, p->title, state);
		return 0;
	case KEY_JSON:
		p->context->json = true;
		return 0;
	case 't':
		return table_word(p->context, arg) == DONE ? 0 : EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_parse(struct context *c, const struct usage *u, int argc, char **argv, void *input)
{
	char title[64], prefix[64];
	int end = argc;
	const struct argp own = {.options = u->options, .parser = u->parser};
	const struct argp_child children[] = {{&own, 0, NULL, 0}, {0}};
	const struct argp all = {
		.options = u->shows ? common_options : common_options + 1,
		.parser = parse_common,
		.args_doc = u->args_doc,
		.doc = u->doc,
		.children = u->parser ? children : NULL,
	};
	snprintf(title, sizeof title, "%s %s", program, c->command);
	snprintf(prefix, sizeof prefix, "%s: %s", program, c->command);
	argv[0] = prefix;
	struct parse p = {.context = c, .input = input, .title = title};
	error_t e = argp_parse(&all, argc, argv, ARGP_NO_HELP | (u->in_order ? ARGP_IN_ORDER : 0u), &end, &p);
	argv[0] = title;
	if (e == 0 && end < argc)
		e = misused(c, "one word too many: %s", argv[end]);
	if (e == 0 && c->json && !u->shows)
		e = misused(c, "nothing is shown as JSON: --json");
	argv[0] = NULL;
	return e == 0 ? DONE : MISUSED;
}

error_t parse_one_word(int key, char *arg, struct argp_state *state)
{
	const char **word = state->input;
	if (key != ARGP_KEY_ARG || state->arg_num > 0)
		return ARGP_ERR_UNKNOWN;
	*word = arg;
	return 0;
}

error_t parse_one_file(int key, char *arg, struct argp_state *state)
{
	return parse_one_word(key, arg && strcmp(arg, "-") == 0 ? NULL : arg, state);
}

int host_parse(const struct context *c, const char *word, struct name *out)
{
	enum name_status s = name_canonical(word, out);
	return s == NAME_OK ? DONE : misused(c, "%s: '%s'", name_status_text(s), word);
}

int admin_result(const struct context *c, enum admin_status s, const char *word)
{
	switch (s) {
	case ADMIN_OK: return DONE;
	case ADMIN_NO_NAME: return complain(c, "not known: %s", word);
	case ADMIN_NO_ADDRESS: return complain(c, "no such address of that name: %s", word);
	case ADMIN_FULL: return complain(c, "no room left in the table or in its file system: %s", word);
	case ADMIN_READ_ONLY: return complain(c, "%s: this user may only read it", c->path);
	}
	return complain(c, "failed: %s", word);
}

/* ---- commands that run until they are told to end ---- */

volatile sig_atomic_t cmd_stopped;

static void on_stop(int signal)
{
	(void)signal;
	cmd_stopped = 1;
}

void cmd_stop_on_signals(void)
{
	const struct sigaction stop = {.sa_handler = on_stop};
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool stdout_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};
	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}
