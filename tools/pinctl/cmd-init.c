/*
 * cmd-init.c: pinctl init: make a table before programs do.
 *
 * A table that a program makes belongs to its user alone and has the usual size. This one
 * is as large as wanted. If root makes it, it is the machine's: every program finds it, and
 * members of the group stickydns may write it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "policy/pins/history.h"
#include "policy/pins/takeover.h"
#include "policy/pins/view.h"
#include "policy/table/create.h"
#include "policy/table/layout.h"
#include "tools/common/format.h"
#include "tools/pinctl/commands.h"
#include "tools/common/conf.h"
#include "tools/pinctl/holders.h"
#include "tools/pinctl/saved.h"
#include "tools/pinctl/tables.h"

#define SYSTEM_GROUP "stickydns"

struct words {
	const char *names, *group, *conf;
	bool replace, empty;
};

enum {
	KEY_CONF = 0x2000,
	REPLACE_LOCK_S = 2,
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case 'n': w->names = arg; return 0;
	case 'g': w->group = arg; return 0;
	case 'r': w->replace = true; return 0;
	case 'e': w->replace = w->empty = true; return 0;
	case KEY_CONF: w->conf = arg; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"names", 'n', "N", 0, "how many names it holds: 1 to 1000000 (16384)", 0},
	{"replace", 'r', NULL, 0, "replace the table that is there, and take over its pins, health and settings", 0},
	{"empty", 'e', NULL, 0, "the same, and take over nothing", 0},
	{"group", 'g', "GROUP", 0, "the group that may write it (mode 0664)", 0},
	{"conf", KEY_CONF, "FILE", 0, "settings to begin with (" CONF_PATH ", if it is there)", 0},
	{0},
};

static const struct usage usage = {
	.doc = "Make a table. As root and without --table or $STICKYDNS_TABLE: the system's, /run/stickydns/table.vN.SIGNATURE, "
	       "mode 0664, of the group " SYSTEM_GROUP " if there is one; else mode 0600. "
	       "A new one takes over what tables of other layouts hold, as an upgrade leaves them."
	       "\vWhoever may write the table decides where its users connect to, and can end them by truncating it.",
	.options = options,
	.parser = parse,
};

/* What is to be made. */
struct plan {
	char path[TABLE_PATH];
	uint32_t names;
	mode_t mode;
	gid_t group;
	bool replace, empty;
};

/* Root's usual table is the first path; a user's is the one that a program of his would make. */
static bool plan_path(const struct context *c, struct plan *p)
{
	bool own, system = false;
	for (unsigned n = 0; table_path(c, n, p->path, &own); n++) {
		system = !own;
		if (own || geteuid() == 0)
			break;
	}
	return system;
}

static int plan_group(const struct context *c, const char *word, bool system, struct plan *p)
{
	p->group = (gid_t)-1;
	p->mode = system || word ? 0664 : 0600;
	if (!word && !system)
		return DONE;
	const struct group *g = getgrnam(word ? word : SYSTEM_GROUP);
	if (g)
		p->group = g->gr_gid;
	return g || !word ? DONE : misused(c, "--group: no such group: '%s'", word);
}

static int plan_make(const struct context *c, const struct words *w, struct plan *p, bool *system)
{
	*p = (struct plan){.names = TABLE_NAMES_DEFAULT, .replace = w->replace, .empty = w->empty};
	if (w->names && !number_parse(w->names, 1, TABLE_NAMES_MAX, &p->names))
		return misused(c, "--names: not a number from 1 to %d: '%s'", TABLE_NAMES_MAX, w->names);
	*system = plan_path(c, p);
	if (p->path[0] == '\0')
		return complain(c, "path too long: %s", secure_getenv("STICKYDNS_TABLE"));
	return plan_group(c, w->group, *system, p);
}

/* /run is empty at each boot. */
static int make_directory(const struct context *c, const char *path)
{
	char dir[TABLE_PATH];
	snprintf(dir, sizeof dir, "%s", path);
	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0755) == -1)
		return errno == EEXIST ? DONE : complain(c, "%s: %s", dir, strerror(errno));
	return chmod(dir, 0755) == -1 ? complain(c, "%s: %s", dir, strerror(errno)) : DONE;
}

/* A short file that is a table's beginning: what a full disk or a truncation leaves. An empty one is that, too. */
static bool is_beginning(const char *path)
{
	const uint64_t magic = TABLE_MAGIC;
	char start[sizeof magic];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd == -1 ? -1 : read(fd, start, sizeof start);
	if (fd != -1)
		close(fd);
	return n >= 0 && memcmp(start, &magic, (size_t)n) == 0;
}

/* --replace takes the place of a table, of any version and age, also of a cut-off one, not of a file that is none. */
static int may_replace(const struct context *c, const struct plan *p)
{
	struct table old;
	if (!p->replace)
		return DONE;
	enum store_status s = store_open(p->path, &old);
	store_close(&old);
	if (s == STORE_SHORT)
		s = is_beginning(p->path) ? STORE_OK : STORE_NO_TABLE;
	switch (s) {
	case STORE_OK:
	case STORE_ABSENT:
	case STORE_VERSION:
	case STORE_STALE:
	case STORE_RETIRED:
	case STORE_FOREIGN: return DONE;
	default: return complain(c, "%s: %s: not replaced", p->path, store_status_text(s));
	}
}

static uint32_t left_out;		/* names that the new table had no room for */

/* Nothing is lost by an upkeep: pins, health and settings are those of the old table. */
static void take_place(struct table *to, const struct table *from, bool published)
{
	to->origin = ORIGIN_PINCTL;
	history_take(to, from, published, CAUSE_BY_HAND);
	left_out = pins_take_place(to, from, published);
}

static void take_nothing(struct table *to, const struct table *from, bool published)
{
	to->origin = ORIGIN_PINCTL;
	history_leave(to, from, published, CAUSE_BY_HAND);
}

/* What one that was killed has left: PATH.newPID-RANDOM (create.c). */
static void clean(const struct plan *p)
{
	char pattern[TABLE_PATH + 8];
	glob_t found;
	snprintf(pattern, sizeof pattern, "%s.new*-*", p->path);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const pid_t pid = (pid_t)atoi(found.gl_pathv[i] + strlen(p->path) + 4);
		if (pid > 0 && kill(pid, 0) == -1 && errno == ESRCH)
			unlink(found.gl_pathv[i]);
	}
	globfree(&found);
}

static int create(const struct context *c, const struct plan *p)
{
	store_replace *const replace = !p->replace ? NULL : p->empty ? take_nothing : take_place;
	enum store_status s = store_create(p->path, p->names, p->mode, p->group, replace);
	if (s == STORE_OK && p->replace)
		clean(p);
	if (s == STORE_OK && left_out)
		note(c, "%s: no room for %u of the old table's names", p->path, left_out);
	if (s == STORE_OK)
		return DONE;
	if (s == STORE_ABSENT)
		return complain(c, "%s: no such directory", p->path);
	return complain(c, "%s: %s%s", p->path, store_status_text(s),
			s == STORE_EXISTS ? " (--replace puts a new one in its place)" : "");
}

static bool held(const struct holder *h, const char *path, const struct stat *old)
{
	return (h->device == old->st_dev && h->inode == old->st_ino) || (h->gone && h->retired && strcmp(h->path, path) == 0);
}

/* Of the processes that hold a table that was at the path, those that will not follow, or will only read the new one. */
static int name_left(const struct context *c, const struct plan *p, const struct stat *old)
{
	struct holder *list;
	size_t n;
	if (!holders_find(&list, &n))
		return free(list), complain(c, "out of memory");
	for (size_t i = 0; i < n; i++) {
		char why[WHY_TEXT];
		if (held(&list[i], p->path, old) && holder_follows(&list[i], p->path, why) != FOLLOWS)
			note(c, "%s: process %d (%s) %s", p->path, (int)list[i].pid, list[i].comm, why);
	}
	free(list);
	return DONE;
}

/* The file that is meant: the one that is named, or the usual one if it is there. DONE with nothing in `f` if none. */
static int read_conf(const struct context *c, const char *word, struct conf *f)
{
	if (!word && access(CONF_PATH, F_OK) == -1 && errno == ENOENT)
		return DONE;
	const char *path = word ? word : CONF_PATH;
	return conf_read(c, path, f);
}

/* Takes the settings into the table that was just made. */
static int store_conf(struct context *c, const struct plan *p, const struct conf *f)
{
	memcpy(c->path, p->path, sizeof c->path);
	enum store_status s = store_open(c->path, &c->table);
	if (s != STORE_OK)
		return complain(c, "%s: %s", c->path, store_status_text(s));
	return conf_store(c, f);
}

/* Nothing came into it. It may have been made by one that was killed before it had taken over what older ones hold. */
static bool is_empty(const char *path)
{
	struct table t;
	struct table_stats stats = {0};
	const bool opened = store_open(path, &t) == STORE_OK;
	if (opened)
		pins_stats(&t, &stats);
	store_close(&t);
	return opened && stats.names == 0;
}

/* A user's table is none for his programs where there is a system's. */
static void note_other(const struct context *c, const struct plan *p)
{
	char taken[TABLE_PATH];
	if (table_of_shim(c, taken, NULL) == STORE_OK && strcmp(taken, p->path) != 0)
		note(c, "%s is made, but programs of this user take %s", p->path, taken);
}

/* ---- what tables of other layouts hold: each installation leaves its pinctl in KEEPDIR under the signature of its layout ---- */

#define KEPT KEEPDIR "/pinctl.%08x"

enum { SAVE_S = 60 };			/* so long it may take */

/* False: it failed, or had to be ended, with all that it had started. */
static bool has_saved(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	int status;
	for (unsigned tries = SAVE_S * 50; tries > 0; tries--) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

/* Into a file, not a pipe, which whatever it leaves behind would hold open. */
static pid_t start_saving(const char *pinctl, const char *path, int to)
{
	const struct rlimit size = {SAVED_BYTES, SAVED_BYTES};
	const pid_t pid = fork();
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	setrlimit(RLIMIT_FSIZE, &size);
	dup2(to, STDOUT_FILENO);
	execl(pinctl, "pinctl", "-t", path, "save", (char *)NULL);
	_exit(127);
}

/* What that `pinctl` saves of the table at `path`. DONE, or FAILED after one line. */
static int save_by(const struct context *c, const char *pinctl, const char *path, struct saved *out)
{
	const int fd = memfd_create("saved", MFD_CLOEXEC);
	FILE *text = fd == -1 ? NULL : fdopen(fd, "r+");
	const pid_t pid = text ? start_saving(pinctl, path, fd) : -1;
	int status;
	if (pid == -1)
		status = complain(c, "%s", strerror(errno));
	else if (!has_saved(pid))
		status = complain(c, "%s: not taken over: %s failed, or took too long", path, pinctl);
	else {
		rewind(text);
		status = saved_load(c, text, path, out);
	}
	if (text)
		fclose(text);
	return status;
}

static void take_over(const struct context *c, const char *path, const struct table_seen *old)
{
	char pinctl[256];
	struct saved s = {0};
	struct context into = {.command = c->command, .table_arg = path};
	snprintf(pinctl, sizeof pinctl, KEPT, old->signature);
	if (access(pinctl, X_OK) == -1)
		note(c, "%s: not taken over: there is no %s: save it with its own pinctl, then restore it", old->path, pinctl);
	else if (save_by(c, pinctl, old->path, &s) == DONE)
		saved_restore(&into, &s);
	store_close(&into.table);
	saved_free(&s);
}

/*
 * For each table of another layout beside `path`, one line that says who still uses it; and what it holds comes into the
 * table at `path`, by the pinctl that was installed with that layout: that one saves it as text (saved.h).
 */
static void inherit(const struct context *c, const char *path)
{
	struct tables all;
	char who[HOLDERS_TEXT];
	const int status = tables_of_other_layouts(c, path, &all);
	for (size_t i = 0; status == DONE && i < all.n; i++) {
		tables_holders_text(&all, &all.table[i], who);
		note(c, "%s: a table of another layout, used by %s", all.table[i].path, who);
		take_over(c, path, &all.table[i]);
	}
	tables_free(&all);
}

int cmd_init(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	struct plan p;
	struct conf f = {0};
	struct stat old;
	bool system = false;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE)
		status = plan_make(c, &w, &p, &system);
	if (status == DONE)
		status = read_conf(c, w.conf, &f);
	if (status == DONE && system)
		status = make_directory(c, p.path);
	if (status == DONE)
		status = may_replace(c, &p);
	const bool replaces = status == DONE && stat(p.path, &old) == 0;
	if (replaces)
		table_lock(c, p.path, LOCK_EX, REPLACE_LOCK_S);		/* or without: what is changed meanwhile says so, as a rule */
	c->lock = 0;
	if (status == DONE)
		status = create(c, &p);
	if (status == DONE && f.hosts)
		status = store_conf(c, &p, &f);
	if (status == DONE && replaces)
		status = name_left(c, &p, &old);
	if (status == DONE && !w.empty && is_empty(p.path))
		inherit(c, p.path);
	if (status == DONE)
		note_other(c, &p);
	conf_free(&f);
	return status;
}
