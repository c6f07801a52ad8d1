/* holders.c: see holders.h. */
#include "tools/pinctl/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DELETED " (deleted)"

/* ---- one process ---- */

FILE *proc_open(pid_t pid, const char *what)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
	return fopen(path, "re");
}

void proc_comm(pid_t pid, char comm[static COMM_BYTES])
{
	FILE *f = proc_open(pid, "comm");
	if (f && fgets(comm, COMM_BYTES, f))
		comm[strcspn(comm, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* A table has its magic at its beginning; what was deleted is reached by its mapping, by those who may. */
static bool read_header(struct holder *h, const char *range)
{
	char path[PATH_MAX + 64];
	unsigned char head[offsetof(struct header, retired) + sizeof(uint32_t)];
	uint64_t magic;
	uint32_t retired;
	if (h->gone)
		snprintf(path, sizeof path, "/proc/%d/map_files/%s", (int)h->pid, range);
	else
		snprintf(path, sizeof path, "/proc/%d/root%s", (int)h->pid, h->path);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const ssize_t n = fd == -1 ? -1 : pread(fd, head, sizeof head, 0);
	if (fd != -1)
		close(fd);
	if (n != (ssize_t)sizeof head)
		return false;
	memcpy(&magic, head, sizeof magic);
	memcpy(&h->signature, head + offsetof(struct header, signature), sizeof h->signature);
	memcpy(&retired, head + offsetof(struct header, retired), sizeof retired);
	h->retired = retired != 0;
	return magic == TABLE_MAGIC;
}

/* A table that was replaced last had the name of the one that took its place, before that one had it: PATH.newPID-RANDOM (create.c). */
static void cut_new(char *path)
{
	char *end = strrchr(path, '.');
	if (end && strncmp(end, ".new", 4) == 0 && end[4] && strspn(end + 4, "0123456789abcdef-") == strlen(end + 4))
		*end = '\0';
}

/* A newline in a path stands in its line as \012. */
static void unescape(char *path)
{
	for (char *at = path; (at = strstr(at, "\\012")); at++) {
		*at = '\n';
		memmove(at + 1, at + 4, strlen(at + 4) + 1);
	}
}

/* "7f00-7f10 rw-s 00000000 00:1b 1234   /dev/shm/stickydns-0 (deleted)": proc_pid_maps(5) */
static bool read_mapping(char *line, struct holder *h)
{
	char range[64], mode[8], *file = strchr(line, '/');
	unsigned major, minor;
	unsigned long inode;
	if (!file || sscanf(line, "%63s %7s %*s %x:%x %lu", range, mode, &major, &minor, &inode) != 5 || !strchr(mode, 's'))
		return false;
	file[strcspn(file, "\n")] = '\0';
	unescape(file);
	char *gone = strstr(file, DELETED);
	if (gone)
		*gone = '\0';
	h->gone = gone != NULL;
	h->device = makedev(major, minor);
	h->inode = (ino_t)inode;
	h->writable = strchr(mode, 'w') != NULL;
	snprintf(h->path, sizeof h->path, "%s", file);
	if (!read_header(h, range))
		return false;
	if (gone)
		cut_new(h->path);
	return true;
}

bool holder_of(pid_t pid, struct holder *out)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *f = proc_open(pid, "maps");
	while (f && getline(&line, &size, f) != -1) {
		struct holder h = {.pid = pid};
		if (read_mapping(line, &h) && (!found || out->retired))
			*out = h, found = true;
	}
	free(line);
	if (f)
		fclose(f);
	if (!found)
		return false;
	proc_comm(pid, out->comm);
	return true;
}

/* ---- all ---- */

static int by_table(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

bool holders_find(struct holder **out, size_t *n)
{
	size_t room = 0;
	bool whole = true;
	DIR *proc = opendir("/proc");
	*out = NULL;
	*n = 0;
	for (const struct dirent *d; proc && whole && (d = readdir(proc));) {
		struct holder h;
		const pid_t pid = (pid_t)atoi(d->d_name);
		if (pid <= 0 || !holder_of(pid, &h))
			continue;
		struct holder *more = *n < room ? *out : realloc(*out, (room = 2 * room + 16) * sizeof **out);
		whole = more != NULL;
		if (whole)
			(*out = more)[(*n)++] = h;
	}
	if (proc)
		closedir(proc);
	if (*n > 0)
		qsort(*out, *n, sizeof **out, by_table);
	return whole;
}

/* ---- who is left ---- */

/* As proc_pid_status(5) tells them. */
struct credentials {
	uid_t user;
	gid_t group;
	char groups[4096];		/* " 4 24 100 " */
	bool over;			/* file modes do not bind it (capabilities(7), CAP_DAC_OVERRIDE) */
};

static bool read_credentials(pid_t pid, struct credentials *out)
{
	enum { DAC_OVERRIDE = 1 };
	char line[sizeof out->groups];
	bool any = false;
	FILE *f = proc_open(pid, "status");
	*out = (struct credentials){0};
	while (f && fgets(line, sizeof line, f)) {
		unsigned effective;
		unsigned long long caps;
		any |= sscanf(line, "Uid: %*u %*u %*u %u", &out->user) == 1;
		if (sscanf(line, "Gid: %*u %*u %*u %u", &effective) == 1)
			out->group = effective;
		if (strncmp(line, "Groups:", 7) == 0) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(out->groups, sizeof out->groups, " %s ", line + 8);
		}
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			out->over = (caps >> DAC_OVERRIDE & 1) != 0;
	}
	if (f)
		fclose(f);
	return any;
}

static bool is_member(const struct credentials *c, gid_t group)
{
	char word[16];
	snprintf(word, sizeof word, " %u ", group);
	return c->group == group || strstr(c->groups, word);
}

/* May it read (4), write (2) the file? path_resolution(7) */
static bool may(const struct credentials *c, const struct stat *st, unsigned what)
{
	const unsigned shift = c->user == st->st_uid ? 6 : is_member(c, st->st_gid) ? 3 : 0;
	return c->over || (st->st_mode >> shift & what) == what;
}

/* The file that the process will find: a container may have it by another name, a program after chroot(2) none by that. */
static bool stat_there(pid_t pid, const char *its_path, const char *path, struct stat *out)
{
	char there[PATH_MAX + 32];
	snprintf(there, sizeof there, "/proc/%d/root%s", (int)pid, its_path);
	if (stat(there, out) == 0)
		return true;
	snprintf(there, sizeof there, "/proc/%d/root%s", (int)pid, path);
	return stat(there, out) == 0;
}

enum following holder_follows(const struct holder *old, const char *path, char why[static WHY_TEXT])
{
	struct stat st, seen;
	struct credentials c;
	why[0] = '\0';
	if (stat(path, &st) == -1 || !read_credentials(old->pid, &c))
		return FOLLOWS;			/* or it has ended */
	if (!stat_there(old->pid, old->path, path, &seen) || seen.st_dev != st.st_dev || seen.st_ino != st.st_ino)
		snprintf(why, WHY_TEXT, "cannot follow: that file is not in its file system (chroot, container)");
	else if (!may(&c, &st, 4) || (st.st_uid != 0 && st.st_uid != c.user))
		snprintf(why, WHY_TEXT, "cannot follow: its user (%u) may not open that file", c.user);
	else if (old->writable && !may(&c, &st, 6))
		return snprintf(why, WHY_TEXT, "follows, but its user (%u) may only read that file", c.user), ONLY_READS;
	else
		return FOLLOWS;
	return IS_LEFT;
}
