/*
 * cmd-run.c: pinctl run -- CMD: runs a program under the shim.
 *
 * It sets the environment and becomes CMD, so its exit status is CMD's. It refuses a
 * program that the shim cannot get into: that would run as if nobody had asked for the shim.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "policy/table/create.h"
#include "policy/base/environment.h"
#include "tools/common/cgroup.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/reach.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };	/* as a shell says it */

struct words {
	const char *names, *log, *cgroup;
	char **command;			/* NULL-terminated, as argv is */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case 'n': w->names = arg; return 0;
	case 'l': w->log = arg; return 0;
	case 'c': w->cgroup = arg; return 0;
	case ARGP_KEY_ARG:
		w->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"names", 'n', "PATTERNS", 0, "only these names are sticky: patterns with *, separated by commas", 0},
	{"log", 'l', "LOG", 0, "what the shim does, to stderr, syslog, or a file", 0},
	{"cgroup", 'c', "PATH", 0, "run it in this cgroup, for `pinwatch steer`; made if absent", 0},
	{0},
};

static const struct usage usage = {
	.args_doc = "[--] CMD [ARG...]",
	.doc = "Run CMD under the shim. The exit status is CMD's; 127: not found, 126: not executable."
	       "\vA static program, and one that is set-id or has capabilities, cannot be reached. It is not run, "
	       "and the exit status is 1, unless --cgroup is given: pinwatch(8) can steer it there. The shim is $STICKYDNS_LIB, or "
	       "libstickydns.so beside pinctl, or the installed one.",
	.options = options,
	.parser = parse,
	.in_order = true,
};

static int judge_words(const struct context *c, const struct words *w)
{
	if (!w->command)
		return misused(c, "a CMD is wanted");
	if (w->cgroup && (*w->cgroup == '-' || *w->cgroup == '\0'))
		return misused(c, "--cgroup: no path: '%s'", w->cgroup);
	if (w->names && strlen(w->names) >= ENVIRONMENT_NAMES)
		return misused(c, "--names: longer than %d bytes: '%.32s...'", ENVIRONMENT_NAMES - 1, w->names);
	if (w->log && *w->log == '\0')
		return misused(c, "--log: stderr, syslog or a path is wanted: ''");
	return DONE;
}

/* ---- the environment ---- */

static int put(const struct context *c, const char *name, const char *value)
{
	return setenv(name, value, 1) == 0 ? DONE : complain(c, "%s: %s", name, strerror(errno));
}

/* `shim`, then what is in LD_PRELOAD already and is not `shim`. */
static int preload(const struct context *c, const char *shim)
{
	const char *old = getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "";
	size_t size = strlen(shim) + strlen(old) + 2;
	char *list = malloc(size);
	if (!list)
		return complain(c, "out of memory");
	char *end = stpcpy(list, shim);
	for (const char *p = old; *p; p += strspn(p, ": ")) {
		size_t len = strcspn(p, ": ");
		if (len > 0 && !(len == strlen(shim) && strncmp(p, shim, len) == 0)) {
			*end++ = ':';
			end = mempcpy(end, p, len);
		}
		p += len;
	}
	*end = '\0';
	int status = put(c, "LD_PRELOAD", list);
	free(list);
	return status;
}

/*
 * gcc's AddressSanitizer refuses to start where its library is not the first one, unless told so; then it works behind
 * the shim. Told to every CMD, since the instrumented program may be one that CMD starts; to the others it says nothing.
 * What the user has said comes later, and so counts.
 */
static int admit_asan(const struct context *c)
{
	const char *old = getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "";
	char *all = NULL;
	if (strstr(old, ASAN_ADMITS))
		return DONE;
	if (asprintf(&all, ASAN_ADMITS "%s%s", *old ? ":" : "", old) == -1)
		return complain(c, "out of memory");
	int status = put(c, "ASAN_OPTIONS", all);
	free(all);
	return status;
}

/* CMD may change its directory before its children attach or log. */
static int put_path(const struct context *c, const char *name, const char *path)
{
	char cwd[PATH_MAX], whole[2 * PATH_MAX];
	if (*path == '/')
		return put(c, name, path);
	if (!getcwd(cwd, sizeof cwd))
		return complain(c, "%s: %s", path, strerror(errno));
	snprintf(whole, sizeof whole, "%s/%s", cwd, path);
	return put(c, name, whole);
}

static int put_all(const struct context *c, const struct words *w, const char *shim)
{
	int status = preload(c, shim);
	if (status == DONE)
		status = admit_asan(c);
	if (status == DONE && w->names)
		status = put(c, "STICKYDNS_NAMES", w->names);
	if (status == DONE && c->table_arg)
		status = put_path(c, "STICKYDNS_TABLE", c->table_arg);
	if (status == DONE && w->log) {
		bool word = strcmp(w->log, "stderr") == 0 || strcmp(w->log, "syslog") == 0;
		status = (word ? put : put_path)(c, "STICKYDNS_LOG", w->log);
	}
	return status;
}

/* ---- what is worth a word ---- */

/*
 * The environment is whole: that is what the shim sees. If the table that it will find is one that it will not take, or
 * if there is none and none can be made.
 */
static void note_table(const struct context *c)
{
	char path[TABLE_PATH];
	enum store_status s = table_of_shim(c, path, NULL);
	if (s == STORE_OK && access(path, F_OK) == -1)
		s = store_create(path, TABLE_NAMES_OWN, 0600, (gid_t)-1, NULL);	/* as the shim would: here it can be told */
	if (path[0] == '\0')
		note(c, "path too long: %s: nothing will be sticky", getenv("STICKYDNS_TABLE"));
	else if (s != STORE_OK && s != STORE_EXISTS)
		note(c, "%s: %s: nothing will be sticky", path,
		     s == STORE_ABSENT ? "no table, and none can be made there" : store_status_text(s));
	else
		note_passed_over(c, path);
}

/* The shim never complains, and opens it so. Not made here: the program may write it as another user. */
static void note_log(const struct context *c)
{
	const char *log = getenv("STICKYDNS_LOG");
	const bool fits = log && strlen(log) < ENVIRONMENT_LOG;
	if (log && !fits)
		note(c, "log: longer than %d bytes: %s: nothing will be logged", ENVIRONMENT_LOG - 1, log);
	if (!fits || !strchr(log, '/'))
		return;
	int fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct statvfs fs;
	if (fd == -1 && (errno != ENOENT || !file_can_be_made(log)))
		note(c, "log: %s: %s: nothing will be logged", log, strerror(errno));
	else if (fd != -1 && fstatvfs(fd, &fs) == 0 && fs.f_blocks > 0 && fs.f_bavail == 0)
		note(c, "log: %s: its file system is full: lines will be lost", log);
	if (fd != -1)
		close(fd);
}

static void note_shim(const struct context *c)
{
	const char *off = getenv("STICKYDNS");
	if (switches_off(off))
		note(c, "STICKYDNS=%s is in the environment: the shim will do nothing", off);
	note_table(c);
	note_log(c);
}

static int become(const struct context *c, char **command)
{
	fflush(NULL);
	execvp(command[0], command);
	int error = errno;
	complain(c, "%s: %s", command[0], strerror(error));
	return error == ENOENT || error == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE;
}

/* In a cgroup the kernel's hooks reach it: *reached by the shim then, or not. */
static int reach_check(const struct context *c, const char *command, bool in_cgroup, bool *reached)
{
	struct reached found;
	const enum reach r = reach_of(command, &found);
	*reached = r == REACHED;
	switch (r) {
	case REACH_ABSENT: complain(c, "%s: no such program", command); return NOT_FOUND;
	case REACH_DENIED: complain(c, "%s: not executable", command); return NOT_EXECUTABLE;
	case REACH_NOT: return in_cgroup ? DONE : complain(c, "%s", found.reason);
	case REACHED: break;
	}
	return DONE;
}

static int join(const struct context *c, const char *word)
{
	char path[PATH_MAX], by[PATH_MAX];
	bool made;
	if (!cgroup_path(word, path))
		return complain(c, "--cgroup: %s: there is no cgroup2 mount (cgroups(7))", word);
	if (!cgroup_make(path, &made))
		return complain(c, "--cgroup: %s: %s", path, cgroup_error(errno));
	if (!cgroup_join(path)) {
		const int error = errno;
		if (made)
			rmdir(path);
		return complain(c, "--cgroup: %s: %s", path, strerror(error));
	}
	if (!cgroup_steered(path, by))
		note(c, "--cgroup: %s: no pinwatch steers it now", path);
	return DONE;
}

int cmd_run(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	char shim[PATH_MAX];
	bool reached = false;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE)
		status = judge_words(c, &w);
	if (status == DONE)
		status = reach_check(c, w.command[0], w.cgroup != NULL, &reached);
	if (status == DONE)
		status = shim_find(c, shim);
	if (status == DONE)
		status = put_all(c, &w, shim);
	if (status == DONE && w.cgroup)
		status = join(c, w.cgroup);
	if (status != DONE)
		return status;
	c->table_arg = NULL;		/* now an absolute path in the environment */
	if (reached)
		note_shim(c);
	return become(c, w.command);
}
