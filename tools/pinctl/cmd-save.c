/*
 * cmd-save.c: pinctl save [FILE]: writes the table as text (saved.h), to be restored after a reboot.
 *
 * It writes FILE beside its place and renames it, so that a failure leaves the old file
 * whole. It replaces only a regular file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/pins/view.h"
#include "tools/common/names.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/saved.h"

enum { LINKS_MAX = 40 };	/* as in the kernel: path_resolution(7) */

static const struct usage usage = {
	.args_doc = "[FILE]",
	.doc = "Write what is pinned, what DNS said, and which addresses are drained, to FILE or stdout (-), as text that restore "
	       "takes back.",
	.parser = parse_one_file,
};

/* ---- entries ---- */

/* Interface numbers change with a reboot, their names hardly. */
static void server_text(const struct table *t, const struct address *a, char out[static TARGET_TEXT])
{
	char name[IF_NAMESIZE];
	target_format(t, a, out);
	char *scope = address_is_target(a) ? NULL : strchr(out, '%');
	if (scope && if_indextoname((unsigned)a->scope, name))
		snprintf(scope + 1, TARGET_TEXT - (size_t)(scope + 1 - out), "%s", name);
}

/* Can restore read it again? Not a target whose host was forgotten. */
static bool can_be_named(const struct table *t, const struct address *a)
{
	struct name_ref ref;
	struct name host, same;
	return !address_is_target(a) || (target_host(t, a, &ref, &host) && name_canonical(host.text, &same) == NAME_OK);
}

/* The preference list in its order, which is how candidates come; else the pin. */
static size_t servers_of(const struct table *t, const struct name_view *v, enum family f, struct address out[static PREFERENCES])
{
	size_t n = 0;
	for (size_t i = 0; v->pin[f].is_explicit && i < v->n_candidates && i < CANDIDATES && n < PREFERENCES; i++) {
		const struct candidate_view *k = &v->candidates[i];
		if (k->rank && address_family(&k->addr) == f && can_be_named(t, &k->addr))
			out[n++] = k->addr;
	}
	if (n == 0 && can_be_named(t, &v->pin[f].addr))
		out[n++] = v->pin[f].addr;
	return n;
}

static void write_pin(FILE *f, const struct table *t, const struct name_view *v, enum family family)
{
	const struct pin_view *p = &v->pin[family];
	struct address list[PREFERENCES];
	const size_t n = servers_of(t, v, family, list);
	if (n == 0) {
		fprintf(f, "# its target is forgotten: %s\n", v->name.text);
		return;
	}
	fprintf(f, "%s %s", p->is_explicit ? "set" : "auto", v->name.text);
	for (size_t i = 0; i < n; i++) {
		char text[TARGET_TEXT];
		server_text(t, &list[i], text);
		fprintf(f, " %s", text);
	}
	if (p->is_explicit && p->expires_s) {
		char until[SAVED_TIME];
		saved_time((time_t)(now_ns(CLOCK_REALTIME) / NS_PER_S) + p->expires_s, until);
		fprintf(f, " until %s", until);
	}
	fputc('\n', f);
}

static void write_candidate(FILE *f, const struct table *t, const struct candidate_view *k)
{
	char text[TARGET_TEXT];
	server_text(t, &k->addr, text);
	fprintf(f, " %s", text);
	if (address_is_target(&k->addr))
		fprintf(f, ":%u:%u", k->priority, k->weight);
}

static bool was_seen(const struct table *t, const struct candidate_view *k)
{
	return k->seen_s != UINT32_MAX && can_be_named(t, &k->addr);
}

/* A line for those that were last seen in the same second, so for what one answer said. */
static void write_seen(FILE *f, const struct table *t, const struct name_view *v, time_t now)
{
	bool done[CANDIDATES] = {false};
	for (size_t i = 0; i < v->n_candidates; i++) {
		char when[SAVED_TIME];
		if (done[i] || !was_seen(t, &v->candidates[i]))
			continue;
		saved_time(now - v->candidates[i].seen_s, when);
		fprintf(f, "seen %s %s", v->name.text, when);
		for (size_t k = i; k < v->n_candidates; k++) {
			if (v->candidates[k].seen_s != v->candidates[i].seen_s || !was_seen(t, &v->candidates[k]))
				continue;
			write_candidate(f, t, &v->candidates[k]);
			done[k] = true;
		}
		fputc('\n', f);
	}
}

/* A pin that has failed is one no more. */
static void write_name(FILE *f, const struct table *t, const struct name_view *v, time_t now)
{
	for (enum family k = 0; k < FAMILIES; k++)
		if (v->pin[k].present && !v->pin[k].failed)
			write_pin(f, t, v, k);
	write_seen(f, t, v, now);
}

static void write_all(FILE *f, const struct context *c, const struct names *l)
{
	const struct table *t = &c->table;
	const time_t now = (time_t)(now_ns(CLOCK_REALTIME) / NS_PER_S);
	char text[TARGET_TEXT];
	uint32_t cursor = 0;
	struct address a;
	saved_time(now, text);
	fprintf(f, "# %s; pinctl restore takes it back\nstickydns %d\n", text, SAVED_VERSION);
	while (pins_drained(t, &cursor, &a)) {
		server_text(t, &a, text);
		fprintf(f, "drain %s\n", text);
	}
	for (size_t i = 0; i < l->n; i++) {
		struct name name;
		struct name_ref ref;
		struct name_view v;
		/* What is no name was put there by another program than ours. */
		if (names_find(c, l, i, &name, &ref) && pins_view(t, ref, &v) && strcmp(name.text, v.name.text) == 0)
			write_name(f, t, &v, now);
	}
	fputs("end\n", f);
}

/* ---- where to ---- */

/* What is no regular file (/dev/stdout, a FIFO) is written to, and stays what it is; one that has come meanwhile, too. */
static int save_into(const struct context *c, const struct names *l, const char *path)
{
	struct stat st;
	const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	FILE *f = fd != -1 ? fdopen(fd, "w") : NULL;
	if (!f || fstat(fd, &st) == -1)
		return complain(c, "%s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		fclose(f);
		return complain(c, "%s: changed meanwhile", path);
	}
	write_all(f, c, l);
	const bool whole = !ferror(f);
	return fclose(f) == 0 && whole ? DONE : complain(c, "%s: %s", path, strerror(errno));
}

/* All of it is on the disk before it takes the old one's place: fsync(2), rename(2). */
static int save_beside(const struct context *c, const struct names *l, const char *path)
{
	char beside[PATH_MAX];
	if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
		return complain(c, "path too long: %s", path);
	int fd = mkostemp(beside, O_CLOEXEC);
	FILE *f = fd == -1 ? NULL : fdopen(fd, "w");
	if (!f)
		return complain(c, "%s: %s", path, strerror(errno));
	write_all(f, c, l);
	bool whole = !ferror(f) && fflush(f) == 0 && fsync(fd) == 0;
	whole = fclose(f) == 0 && whole;
	if (whole && rename(beside, path) == 0)
		return DONE;
	int status = complain(c, "%s: %s", path, strerror(errno));
	unlink(beside);
	return status;
}

/* "dir/link" and "to": "dir/to". */
static bool beside_link(char path[static PATH_MAX], const char *to)
{
	char *slash = strrchr(path, '/');
	char *name = *to != '/' && slash ? slash + 1 : path;
	const size_t room = (size_t)(path + PATH_MAX - name);
	return snprintf(name, room, "%s", to) < (int)room;
}

/*
 * Where everybody may put a link (/tmp), only those are followed that are the user's or of the directory's owner. So
 * has it the kernel (protected_symlinks, proc_sys_fs(5)), where it is told to and follows itself.
 */
static bool may_follow(const char *path)
{
	char dir[PATH_MAX];
	struct stat link, st;
	const char *slash = strrchr(path, '/');
	snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return lstat(path, &link) == 0 && stat(dir, &st) == 0 &&
	       (!(st.st_mode & S_ISVTX) || !(st.st_mode & S_IWOTH) || link.st_uid == geteuid() || link.st_uid == st.st_uid);
}

/* What a symbolic link leads to, and that one in turn, also if nothing is there yet, which realpath(3) refuses. */
static bool follow(const char *path, char out[static PATH_MAX])
{
	bool fits = snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
	for (int links = 0; fits && links < LINKS_MAX; links++) {
		char to[PATH_MAX];
		const ssize_t n = readlink(out, to, sizeof to - 1);
		if (n == -1)
			return true;		/* no link, or nothing yet; else it cannot be written either */
		to[n] = '\0';
		if (!may_follow(out)) {
			errno = EACCES;
			return false;
		}
		fits = beside_link(out, to);
	}
	errno = fits ? ELOOP : ENAMETOOLONG;
	return false;
}

/* A symbolic link stays, too: what it leads to is replaced, unless the kernel forbids that (protected_symlinks). */
static int save_to(const struct context *c, const struct names *l, const char *path)
{
	char target[PATH_MAX];
	struct stat st;
	const bool there = stat(path, &st) == 0;
	if ((!there && errno != ENOENT) || !follow(path, target))
		return complain(c, "%s: %s", path, strerror(errno));
	if (there && !S_ISREG(st.st_mode))
		return save_into(c, l, path);
	return save_beside(c, l, target);
}

int cmd_save(struct context *c, int argc, char **argv)
{
	const char *path = NULL;
	struct names l = {0};
	int status = cmd_parse(c, &usage, argc, argv, &path);
	if (status == DONE)
		status = table_open(c, TO_READ);
	if (status == DONE)
		status = names_of_table(c, &l);
	if (status == DONE && path)
		status = save_to(c, &l, path);
	else if (status == DONE)
		write_all(stdout, c, &l);
	names_free(&l);
	return status;
}
