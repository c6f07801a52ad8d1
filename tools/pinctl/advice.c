/*
 * advice.c: see advice.h.
 *
 * One function a finding: it adds a line, or nothing. The order is that of the questions: does the library get into the
 * program, does that have a table, may it write there, whom does it share it with, and what suits not all programs.
 */
#include "tools/pinctl/advice.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "policy/table/file.h"
#include "tools/pinctl/reach.h"

#define SHIM "libstickydns.so"

enum { LINE = 2 * PATH_MAX };

static bool add(struct names *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool add(struct names *out, const char *format, ...)
{
	char line[LINE];
	va_list ap;
	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	return names_add(out, line);
}

static bool has_object(const struct patient *p, const char *begin)
{
	for (size_t i = 0; i < p->objects.n; i++)
		if (strncmp(basename(p->objects.name[i]), begin, strlen(begin)) == 0)
			return true;
	return false;
}

/* "in kamailio.service", or "in its unit". */
static const char *unit_of(const struct diagnosis *d)
{
	return d->confined->unit[0] ? d->confined->unit : "its unit";
}

/* The value of a variable of the shim's; NULL: it has none. */
static const char *variable(const struct patient *p, const char *name)
{
	const size_t len = strlen(name);
	for (size_t i = 0; i < p->environment.n; i++)
		if (strncmp(p->environment.name[i], name, len) == 0 && p->environment.name[i][len] == '=')
			return p->environment.name[i] + len + 1;
	return NULL;
}

/* ---- does the library get into it? ---- */

/* The word of LD_PRELOAD that is our library; separated by colons or spaces (ld.so(8)). False: none. */
static bool preloaded_path(const char *preload, char out[static PATH_MAX])
{
	for (const char *p = preload; *p; p += strcspn(p, ": ")) {
		p += strspn(p, ": ");
		snprintf(out, PATH_MAX, "%.*s", (int)strcspn(p, ": "), p);
		if (strncmp(basename(out), SHIM, strlen(SHIM)) == 0)
			return true;
	}
	return false;
}

static bool advise_preload(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	char path[PATH_MAX];
	if (!p->pid || p->shim[0])
		return true;
	if (d->confined->secure)
		return add(out, "it was started set-id or with file capabilities, so LD_PRELOAD was ignored: pinwatch steer redirects it "
				"(pinctl run --cgroup)");
	if (p->trouble[0])
		return true;
	if (!preloaded_path(p->preload, path))
		return add(out, "LD_PRELOAD of it does not name the library: start it by pinctl run, or with "
				"Environment=LD_PRELOAD=%s in %s", d->shim[0] ? d->shim : SHIM, unit_of(d));
	if (*path == '/' && !confined_has((pid_t)p->pid, path))
		return add(out, "LD_PRELOAD names %s, which is not in its file system%s", path,
			   d->confined->container ? ": bind it into the container" : "");
	return add(out, "LD_PRELOAD names %s, and the library is not in it: the loader's complaint is on its stderr", path);
}

static bool advise_reach(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	const char *raises = p->pid ? NULL : reach_raises_rights(p->program);
	if (p->trouble[0] && !d->confined->secure)
		return add(out, "what LD_PRELOAD cannot reach, pinwatch steer redirects (pinctl run --cgroup, pinwatch(8))");
	if (raises)
		return add(out, "%s %s: LD_PRELOAD does not reach it when others start it, or when it is started by another user than its own",
			   p->program, raises);
	return true;
}

/* ---- has it a table, and may it write there? ---- */

static void user_name(pid_t pid, char *out, size_t size)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	const struct passwd *user = stat(path, &st) == 0 ? getpwuid(st.st_uid) : NULL;
	snprintf(out, size, "%s", user ? user->pw_name : "its user");
}

static void directory_of(const char *path, char out[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	snprintf(out, PATH_MAX, "%.*s", slash && slash > path ? (int)(slash - path) : 1, slash ? path : ".");
}

/* The table of all is there, and not for it: a sandbox, a container, or its user's rights stand between. */
static bool advise_writing(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	const struct holder *h = &p->table;
	char dir[PATH_MAX], user[64];
	if (!p->pid || !h->path[0] || h->writable || h->gone)
		return true;
	directory_of(h->path, dir);
	user_name((pid_t)p->pid, user, sizeof user);
	if (confined_reads_only((pid_t)p->pid, h->path))
		return add(out, "%s is mounted read-only for it: ReadWritePaths=%s in %s, or programs can only read", dir, dir, unit_of(d));
	return add(out, "%s may only read %s: SupplementaryGroups=stickydns in %s, or usermod -a -G stickydns %s; then start it anew",
		   user, h->path, unit_of(d), user);
}

static bool advise_no_table(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	if (!p->pid || !p->shim[0] || p->table.path[0])
		return true;
	if (confined_reads_only((pid_t)p->pid, "/dev/shm"))
		return add(out, "/dev/shm is mounted read-only for it, and it found no other table: ReadWritePaths=/dev/shm in %s, or a "
				"table of the system's (pinctl init)", unit_of(d));
	if (!confined_has((pid_t)p->pid, "/dev/shm"))
		return add(out, "/dev/shm is not in its file system, and it found no other table: bind /run/stickydns into it");
	if (d->confined->seccomp)
		return add(out, "a filter of system calls may forbid what the library needs: SystemCallFilter=@system-service in %s has it",
			   unit_of(d));
	return true;
}

/* The system's table, where there is one. */
static const char *system_table(const struct diagnosis *d)
{
	static char path[TABLE_PATH];
	bool own;
	store_path(0, NULL, 0, path, &own);
	for (size_t i = 0; i < d->tables->n; i++)
		if (strcmp(d->tables->table[i].path, path) == 0 && d->tables->table[i].status == STORE_OK)
			return path;
	return NULL;
}

static bool advise_container(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	const char *of_all = system_table(d);
	char dir[PATH_MAX];
	if (!p->pid || !d->confined->container)
		return true;
	if (of_all && !d->confined->other_network && !confined_has((pid_t)p->pid, of_all)) {
		directory_of(of_all, dir);
		return add(out, "it is in a container, which does not have %s: bind the directory into it (-v %s:%s), or its pins are its own", of_all,
			   dir, dir);
	}
	if (d->confined->other_network)
		return add(out, "it is in a container with a network of its own: a table serves one network, so that its pins are its own; "
				"--network host, or a table for that network");
	return true;
}

/* ---- whom does it share it with? ---- */

static bool is_table_of(const struct diagnosis *d, const struct table_seen *t)
{
	const struct holder *h = &d->patient->table;
	return d->patient->pid && h->path[0] ? t->device == h->device && t->inode == h->inode : strcmp(t->path, d->table) == 0 && !t->gone;
}

/* One held by itself alone is a table of its own. */
static bool advise_others(const struct diagnosis *d, struct names *out)
{
	bool whole = true;
	for (size_t i = 0; whole && i < d->tables->n; i++) {
		const struct table_seen *t = &d->tables->table[i];
		char who[HOLDERS_TEXT], why[WHY_TEXT];
		if (t->holders == 0 || is_table_of(d, t) || !*d->table)
			continue;
		tables_holders_text(d->tables, t, who);
		const struct holder *first = &d->tables->holder[t->first];
		if (!t->gone)
			whole = add(out, "pins are not shared with those on %s: %s%s", t->path, who,
				    system_table(d) ? "" : "; root's pinctl init makes one table for all");
		else if (holder_follows(first, t->path, why) == IS_LEFT)
			whole = add(out, "left on a table that was replaced: %s (%s): start it anew", who, why);
	}
	return whole;
}

/* ---- is there room? ---- */

/* Tables that programs make double up to the default size, and the one before lies beside the new one for a while. */
static bool advise_room(const struct diagnosis *d, struct names *out)
{
	const size_t most = layout_for(TABLE_NAMES_DEFAULT, 2 * TABLE_NAMES_DEFAULT).size;
	char dir[PATH_MAX], there[2 * PATH_MAX];
	struct statvfs fs;
	struct stat st = {0};
	directory_of(*d->table ? d->table : "/dev/shm/", dir);
	snprintf(there, sizeof there, "%s%s", d->patient->root, dir);
	if (strcmp(dir, "/dev/shm") != 0 || statvfs(there, &fs) == -1)
		return true;
	snprintf(there, sizeof there, "%s%s", d->patient->root, d->table);
	const size_t now = *d->table && stat(there, &st) == 0 && S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
	const size_t room = (size_t)fs.f_bavail * fs.f_frsize;
	if (now >= most || room + now >= most + most / 2)
		return true;
	return add(out, "/dev/shm has %zu MiB left, and a table that programs make grows to %zu MiB: mount it larger (docker run "
			"--shm-size), or names will be forgotten", room >> 20, most >> 20);
}

static bool advise_log(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	const char *log = variable(p, "STICKYDNS_LOG");
	char dir[PATH_MAX], there[2 * PATH_MAX];
	struct statvfs fs;
	if (!p->pid || !log || !strchr(log, '/'))
		return true;
	directory_of(log, dir);
	snprintf(there, sizeof there, "/proc/%lu/%s%s%s", p->pid, *log == '/' ? "root" : "cwd", *log == '/' ? "" : "/", dir);
	if (statvfs(there, &fs) == -1)
		return add(out, "STICKYDNS_LOG=%s: %s: nothing is logged", log, strerror(errno));
	if (fs.f_flag & ST_RDONLY)
		return add(out, "STICKYDNS_LOG=%s: its file system is mounted read-only for it: nothing is logged (LogsDirectory= in %s)", log,
			   unit_of(d));
	return fs.f_bavail > 0 || add(out, "STICKYDNS_LOG=%s: its file system is full: lines are lost", log);
}

/* ---- what suits not all programs ---- */

/* What sends to every address of a name must not be redirected: dmq with multi_notify. */
static bool advise_dmq(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	const bool sends_to_all = p->pid ? has_object(p, "dmq.so") : strcmp(basename(p->program), "kamailio") == 0;
	return !sends_to_all || add(out, "dmq with multi_notify sends to each address of a name: it wants steer = off for that name "
					 "(stickydns.conf(5))");
}

/* One that runs with the shim has come past the check of its libraries' order. */
static bool advise_asan(const struct diagnosis *d, struct names *out)
{
	const struct patient *p = d->patient;
	const bool refuses = !p->shim[0] && (has_object(p, "libasan.so") || has_object(p, "libclang_rt.asan"));
	return !refuses || add(out, "AddressSanitizer refuses a preloaded shim without ASAN_OPTIONS=" ASAN_ADMITS ": pinctl run sets it");
}

static bool advise_java(const struct diagnosis *d, struct names *out)
{
	return strcmp(basename(d->patient->program), "java") != 0 ||
	       add(out, "Java keeps each answer for 30 s, and failed ones for 10 s (networkaddress.cache.ttl in java.security): a pin "
			"that moved is met after that, or with -Dsun.net.inetaddr.ttl=0 at once");
}

bool advice_find(const struct diagnosis *d, struct names *out)
{
	static bool (*const all[])(const struct diagnosis *d, struct names *out) = {
		advise_preload, advise_reach,  advise_writing, advise_no_table, advise_container, advise_others,
		advise_room,	advise_log,    advise_dmq,     advise_asan,	advise_java,
	};
	bool whole = true;
	for (size_t i = 0; whole && i < sizeof all / sizeof *all; i++)
		whole = all[i](d, out);
	return whole;
}
