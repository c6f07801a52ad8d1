/* cgroup.c: see cgroup.h. */
#include "tools/common/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* ---- where ---- */

/*
 * "36 35 98:0 / /mnt/x rw,noatime master:1 - cgroup2 cgroup2 rw": the fifth field is
 * where; the type stands behind the hyphen. Blanks in it come as \040.
 */
static bool line_is(char *line, char *out, size_t size)
{
	char *save, *word = strtok_r(line, " ", &save), *where = NULL;
	for (int i = 1; word; i++, word = strtok_r(NULL, " ", &save)) {
		if (i == 5)
			where = word;
		if (i > 5 && strcmp(word, "-") == 0)
			break;
	}
	const char *type = word ? strtok_r(NULL, " ", &save) : NULL;
	if (!where || !type || strcmp(type, "cgroup2") != 0 || strchr(where, '\\'))
		return false;
	return (size_t)snprintf(out, size, "%s", where) < size;
}

bool cgroup_mount(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (f && !found && getline(&line, &room, f) != -1)
		found = line_is(line, out, size);
	free(line);
	if (f)
		fclose(f);
	return found;
}

bool cgroup_path(const char *word, char out[static PATH_MAX])
{
	char mount[PATH_MAX];
	if (*word == '/')
		return snprintf(out, PATH_MAX, "%s", word) < PATH_MAX;
	if (!cgroup_mount(mount, sizeof mount))
		return false;
	return snprintf(out, PATH_MAX, "%s/%s", mount, word) < PATH_MAX;
}

static bool is_cgroup(const char *path)
{
	struct statfs fs;
	if (statfs(path, &fs) == -1)
		return false;
	errno = ENOTDIR;
	return fs.f_type == CGROUP2_SUPER_MAGIC;
}

bool cgroup_make(const char *path, bool *made)
{
	char above[PATH_MAX];
	const char *slash = strrchr(path, '/');
	*made = false;
	if (is_cgroup(path))
		return true;
	if (errno != ENOENT || !slash || slash == path)
		return false;
	snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
	*made = is_cgroup(above) && mkdir(path, 0755) == 0;
	return *made || errno == EEXIST;
}

int cgroup_open(const char *path)
{
	struct statfs fs;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC))
		return fd;
	close(fd);
	errno = ENOTDIR;
	return -1;
}

const char *cgroup_error(int error) { return error == ENOTDIR ? "no cgroup of version 2" : strerror(error); }

bool cgroup_is(const char *path, int fd)
{
	struct stat there, here;
	return stat(path, &there) == 0 && fstat(fd, &here) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/* ---- its processes ---- */

static int open_procs(const char *path, int flags)
{
	char procs[PATH_MAX + sizeof "/cgroup.procs"];
	snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
	return open(procs, flags | O_CLOEXEC | O_NOFOLLOW);
}

bool cgroup_join(const char *path)
{
	int fd = open_procs(path, O_WRONLY);
	if (fd == -1)
		return false;
	bool done = write(fd, "0", 1) == 1;
	int error = errno;
	close(fd);
	errno = error;
	return done;
}

/* ---- who steers ---- */

/* Read locks are not ours: anybody can have one. */
static bool is_locked(int fd)
{
	struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	return fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type == F_WRLCK;
}

bool cgroup_steered(const char *path, char by[static PATH_MAX])
{
	bool steered = false;
	if (!realpath(path, by))
		return false;
	while (!steered && is_cgroup(by)) {
		int fd = open_procs(by, O_RDONLY);
		steered = fd != -1 && is_locked(fd);
		if (fd != -1)
			close(fd);
		char *slash = strrchr(by, '/');
		if (!steered && (!slash || slash == by))
			break;
		if (!steered)
			*slash = '\0';
	}
	return steered;
}

int cgroup_lock(const char *path)
{
	const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_procs(path, O_RDWR);
	if (fd == -1 || fcntl(fd, F_OFD_SETLK, &whole) == 0 || !is_locked(fd))
		return fd;		/* held off by read locks it steers all the same */
	close(fd);
	errno = EBUSY;
	return -1;
}

/* "0::/user.slice": cgroups(7). False: there is none. */
static bool own_path(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (f && !found && getline(&line, &room, f) != -1) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::", 3) == 0 && (size_t)snprintf(out, size, "%s", line + 3) < size;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

bool cgroup_has_us(const char *directory)
{
	char mount[256], path[256];
	if (!cgroup_mount(mount, sizeof mount) || !own_path(path, sizeof path) ||
	    strncmp(directory, mount, strlen(mount)) != 0)
		return true;
	const char *below = directory + strlen(mount);
	size_t len = strlen(below);
	while (len > 0 && below[len - 1] == '/')
		len--;
	return strncmp(path, below, len) == 0 && (len == 0 || path[len] == '/' || path[len] == '\0');
}
