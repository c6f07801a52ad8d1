/* which-table.c: the table that a command uses, and the one that programs would take. See cmd.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "policy/table/create.h"
#include "policy/table/journal.h"
#include "tools/common/cmd.h"

enum {
	REPLACED_AGAIN = 8,		/* a table that is replaced so often meanwhile is left at that */
	CHANGE_LOCK_S = 10,		/* so long a change waits for who replaces the table */
};

bool table_path(const struct context *c, unsigned n, char out[static TABLE_PATH], bool *own)
{
	const char *env = c->table_arg ? c->table_arg : secure_getenv("STICKYDNS_TABLE");
	return store_path(n, env, geteuid(), out, own);
}

bool file_can_be_made(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return eaccess(*dir ? dir : "/", W_OK | X_OK) == 0;
}

/* While it is replaced the old one may be opened, and be marked by then: the path leads to the new one already. */
static enum store_status open_current(const char *path, struct table *t)
{
	enum store_status s = store_open(path, t);
	for (int again = 0; s == STORE_RETIRED && again < REPLACED_AGAIN; again++) {
		store_close(t);
		s = store_open(path, t);
	}
	return s;
}

enum store_status table_of_shim(const struct context *c, char path[static TABLE_PATH], bool *writable)
{
	char next[TABLE_PATH];
	bool own;
	enum store_status trouble = STORE_ABSENT;
	bool can_be_made = false;
	path[0] = '\0';
	for (unsigned n = 0; table_path(c, n, next, &own); n++) {
		struct table t;
		enum store_status s = open_current(next, &t);
		const bool good = s == STORE_OK || (own && (s == STORE_STALE || (s == STORE_ABSENT && file_can_be_made(next))));
		if (writable && (s == STORE_OK || !can_be_made))
			*writable = s != STORE_OK || t.writable;
		store_close(&t);
		if (s == STORE_OK || (!can_be_made && (good || trouble == STORE_ABSENT))) {
			memcpy(path, next, sizeof next);
			trouble = s;
		}
		can_be_made |= good;
		if (s == STORE_OK)
			break;
	}
	return can_be_made ? STORE_OK : trouble;
}

void note_passed_over(const struct context *c, const char *taken)
{
	char path[TABLE_PATH];
	bool own;
	for (unsigned n = 0; table_path(c, n, path, &own) && strcmp(path, taken) != 0; n++) {
		struct table t;
		enum store_status s = store_open(path, &t);
		store_close(&t);
		if (s != STORE_OK && s != STORE_ABSENT)
			note(c, "%s: %s: passed over for %s", path, store_status_text(s), taken);
	}
}

/* Tables that were tried, until one is good. */
struct trial {
	char trouble[TABLE_PATH];	/* the first that is there but not good */
	enum store_status status;	/* of it; STORE_ABSENT: none */
	int error;
	char missing[TABLE_PATH];	/* one that is not there, or left by an earlier boot: the first that may be made */
	bool may_create, replace;
	uint32_t names;			/* how many a new table is to hold */
};

static bool try_paths(struct context *c, struct trial *t, enum access how)
{
	bool own;
	t->status = STORE_ABSENT;
	for (unsigned n = 0; table_path(c, n, c->path, &own); n++) {
		enum store_status s = open_current(c->path, &c->table);
		int error = errno;
		bool left_over = s == STORE_STALE && own && how == TO_CREATE && c->table.writable;
		if (s == STORE_OK)
			return true;
		const uint32_t names = left_over ? c->table.names_capacity : TABLE_NAMES_OWN;
		store_close(&c->table);
		if ((s == STORE_ABSENT || left_over) && !t->may_create) {
			t->names = names;
			t->replace = left_over;
			memcpy(t->missing, c->path, sizeof t->missing);
			t->may_create = own;
		} else if (s != STORE_ABSENT && !left_over && t->status == STORE_ABSENT) {
			memcpy(t->trouble, c->path, sizeof t->trouble);
			t->status = s;
			t->error = error;
		}
	}
	return false;
}

static bool create_missing(struct context *c, struct trial *t)
{
	enum store_status s = store_create(t->missing, t->names, 0600, (gid_t)-1, t->replace ? store_empty : NULL);
	memcpy(c->path, t->missing, sizeof c->path);
	if (s == STORE_OK || s == STORE_EXISTS)		/* another process was first: as good as ours */
		s = store_open(c->path, &c->table);
	if (s == STORE_OK)
		return true;
	t->error = errno;
	t->status = s;
	memcpy(t->trouble, c->path, sizeof t->trouble);
	store_close(&c->table);
	return false;
}

static bool may_be_seen(enum store_status s, enum access how)
{
	return s == STORE_FOREIGN || (how == TO_INSPECT && (s == STORE_STALE || s == STORE_RETIRED));
}

/* No good one: a foreign one will do for a look, and a stale one for an inspection. */
static bool take_doubtful(struct context *c, const struct trial *t, enum access how)
{
	if (!may_be_seen(t->status, how))
		return false;
	memcpy(c->path, t->trouble, sizeof c->path);
	c->status = store_open(c->path, &c->table);
	if (c->status != STORE_OK && !may_be_seen(c->status, how))
		return false;
	if (c->status == STORE_FOREIGN && how != TO_INSPECT)
		note(c, "%s: %s", c->path, store_status_text(c->status));
	return true;
}

static int no_table(const struct context *c, const struct trial *t, enum access how)
{
	if (t->status != STORE_ABSENT) {
		errno = t->error;
		return complain(c, "%s: %s", t->trouble, store_status_text(t->status));
	}
	if (t->missing[0] == '\0')
		return complain(c, "path too long: %s", secure_getenv("STICKYDNS_TABLE"));
	return complain(c, "no table at %s%s", t->missing, how == TO_CREATE ? ", and no directory to make it in" : "");
}

bool table_lock(struct context *c, const char *path, int operation, unsigned seconds)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	const int fd = c->lock ? c->lock - 1 : open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return false;
	c->lock = fd + 1;
	for (unsigned tries = seconds * 50; flock(fd, operation | LOCK_NB) == -1; tries--) {	/* flock(2) has no time-out */
		if ((errno != EWOULDBLOCK && errno != EINTR) || tries == 0)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

void table_unlock(struct context *c)
{
	if (c->lock)
		close(c->lock - 1);
	c->lock = 0;
}

bool table_is_in_force(const struct table *t, const char *path)
{
	struct stat st;
	return !store_retired(t) && (stat(path, &st) == -1 || (st.st_dev == t->device && st.st_ino == t->inode));
}

/*
 * Waits while the table is replaced, and then takes the new one. Whoever may read the table may hold its lock: then it goes
 * on without, after a while.
 */
static bool settle_for(struct context *c)
{
	for (int again = 0; again < REPLACED_AGAIN; again++) {
		if (!table_lock(c, c->path, LOCK_SH, CHANGE_LOCK_S) && errno != EWOULDBLOCK)
			return false;
		if (table_is_in_force(&c->table, c->path))
			return true;
		errno = 0;
		table_unlock(c);
		store_close(&c->table);
		if (open_current(c->path, &c->table) != STORE_OK)
			return false;
	}
	return false;
}

/* Asked once: restore writes a hundred thousand events. */
static uint32_t own_pid(void)
{
	static uint32_t pid;
	return pid ? pid : (pid = (uint32_t)getpid());
}

static const char *own_comm(void)
{
	static char comm[COMM_BYTES];
	prctl(PR_GET_NAME, comm);
	return comm;
}

int table_open(struct context *c, enum access how)
{
	struct trial t = {.status = STORE_ABSENT};
	bool open = try_paths(c, &t, how) ||
		    (how == TO_CREATE && t.may_create && create_missing(c, &t)) ||
		    take_doubtful(c, &t, how);
	if (!open)
		return no_table(c, &t, how);
	note_passed_over(c, c->path);
	if ((how == TO_WRITE || how == TO_CREATE) && !settle_for(c))
		return complain(c, "%s: %s", c->path, errno ? strerror(errno) : "was replaced meanwhile: try again");
	c->table.origin = ORIGIN_PINCTL;
	c->table.pid = own_pid;
	c->table.comm = own_comm();
	c->writes = how == TO_WRITE || how == TO_CREATE;
	if (c->writes && !c->table.writable)
		return complain(c, "%s: this user may only read it", c->path);
	return DONE;
}
