/*
 * cmd.h: what the commands of pinctl and pinwatch share: the context, the table, complaints.
 *
 * A command is one function in one file cmd-NAME.c, with its usage beside it. It
 * parses its words into a plain struct, judges all of them before it touches the
 * table, and returns the exit status: 0 done, 1 not found or failed, 2 usage.
 * Every complaint is one line on stderr: "pinctl: command: what: which word".
 */
#ifndef STICKYDNS_CMD_H
#define STICKYDNS_CMD_H

#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/base/endpoint.h"
#include "policy/base/name.h"
#include "policy/pins/admin.h"
#include "policy/table/file.h"

enum { DONE = 0, FAILED = 1, MISUSED = 2 };

/* Whose commands these are, for complaints: "pinctl", unless main() says otherwise. */
extern const char *program;

#define CONF_PATH "/etc/stickydns.conf"

struct context {
	const char *command;		/* for complaints */
	const char *table_arg;		/* --table, or NULL */
	char *complaint;		/* COMPLAINT_TEXT bytes, where the last complaint goes instead of to stderr; NULL: to stderr */
	bool json;
	char path[TABLE_PATH];		/* of the open table */
	struct table table;
	enum store_status status;	/* how it opened: OK, FOREIGN, or (for TO_INSPECT) STALE */
	bool writes;			/* it was opened to be changed */
	int lock;			/* on its file, shared (table_lock): a descriptor + 1; 0: none */
};

/* The usage of a command. `parser` is argp's; its input is the command's own struct. */
struct usage {
	const char *args_doc, *doc;
	const struct argp_option *options;	/* may be NULL */
	argp_parser_t parser;			/* may be NULL */
	bool shows;				/* takes --json */
	bool in_order;				/* options end at the first other word (run) */
};

/* Parse the words of a command into `input` (and --table, --json into the context). DONE or MISUSED, after one line. */
int cmd_parse(struct context *c, const struct usage *u, int argc, char **argv, void *input);

/*
 * --help and --usage, the same for all; argp's own would not know the command's
 * name. The keys and rows go into an option table, cmd_help() into its parser.
 */
enum { KEY_JSON = 0x1000, KEY_USAGE, KEY_VERSION };

#define HELP_OPTIONS                                                           \
	{"help", '?', NULL, 0, "show this", -1},                                \
	{"usage", KEY_USAGE, NULL, 0, "show a short form of it", -1}

/* Print it and exit. `title`: "pinctl set". */
void cmd_help(int key, const char *title, struct argp_state *state);

/* The same for a program's version, which is none of its commands'. */
#define VERSION_OPTION {"version", KEY_VERSION, NULL, 0, "show which version this is, and of which tables", -1}

_Noreturn void cmd_version(const char *title);

/* "1.0" */
extern const char cmd_version_text[];

/* A parser for `usage` of commands that take one word: their input is a `const char *`. */
error_t parse_one_word(int key, char *arg, struct argp_state *state);

/* The same of commands whose word is a file to read or write: "-" is none, for stdin and stdout. */
error_t parse_one_file(int key, char *arg, struct argp_state *state);

enum { COMPLAINT_TEXT = 1024 };

/* One line on stderr. Returns FAILED; misused() returns MISUSED. `c` may be NULL: no command yet. */
int complain(const struct context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int misused(const struct context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same line, without being an error. */
void note(const struct context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum access {
	TO_READ,
	TO_WRITE,
	TO_CREATE,	/* TO_WRITE; made as a program's constructor would make it, when there is none */
	TO_INSPECT,	/* TO_READ, of a table that was made before the last boot or replaced, too */
};

/*
 * Open the table that programs of this user use: --table, else $STICKYDNS_TABLE,
 * else the first of the usual paths that opens. One of another network namespace
 * is opened, with a note, only when there is no other. DONE or FAILED.
 */
int table_open(struct context *c, enum access how);

/*
 * flock(2) of the table's file, until the process ends: LOCK_SH for who changes something by hand, so that no `init --replace`
 * copies the table meanwhile, LOCK_EX for that and for settings. Whoever may read the table may hold its lock for ever: after
 * `seconds` false, and errno EWOULDBLOCK.
 */
bool table_lock(struct context *c, const char *path, int operation, unsigned seconds);
void table_unlock(struct context *c);

/*
 * Is the open table the one at `path`: not replaced, and no other file put there in its place? Who was killed while it replaced
 * a table has marked none, nor has who removed the file.
 */
bool table_is_in_force(const struct table *t, const char *path);

/* The n-th path that a program of this user would try; `*own`: that any program may create. */
bool table_path(const struct context *c, unsigned n, char out[static TABLE_PATH], bool *own);

/*
 * The table that a program of this user would take; STORE_OK also where it would
 * make one. Else the first that is not good, and why not. `*writable` (may be NULL):
 * may it teach that table something?
 */
enum store_status table_of_shim(const struct context *c, char path[static TABLE_PATH], bool *writable);

/* A line for each table before `taken`, among the usual paths, that is there and no good: it may be the one that was meant. */
void note_passed_over(const struct context *c, const char *taken);

/* May this user make a file there? Whether there is room shows only when it is made. */
bool file_can_be_made(const char *path);

/* The word of --table. DONE, or MISUSED after one line. */
int table_word(struct context *c, char *word);

/* A word as a host name. DONE, or MISUSED after one line. */
int host_parse(const struct context *c, const char *word, struct name *out);

/* What a change by hand came to, about `word`: DONE, or FAILED after one line. */
int admin_result(const struct context *c, enum admin_status s, const char *word);

/* SIGINT and SIGTERM set cmd_stopped and end waits (no SA_RESTART); SIGPIPE is ignored. */
extern volatile sig_atomic_t cmd_stopped;
void cmd_stop_on_signals(void);

/* Is the other end of the pipe that is stdout closed (poll(2))? */
bool stdout_gone(void);

#endif
