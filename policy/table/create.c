/* create.c: see create.h. */
#include "policy/table/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25		/* Linux 6.1 */
#endif

static void header_fill(struct header *h, const struct layout *l, uint32_t names, uint32_t addrs)
{
	uint64_t boot[2], seed = 0;
	file_boot_id(boot);
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
		seed = (uint64_t)(uintptr_t)h ^ boot[0];
	put32(&h->version, TABLE_VERSION);
	put32(&h->signature, layout_signature());
	put64(&h->size, l->size);
	put32(&h->names, names);
	put32(&h->addrs, addrs);
	put64(&h->seed, seed);
	put64(&h->boot_id[0], boot[0]);
	put64(&h->boot_id[1], boot[1]);
	put64(&h->netns, store_netns());
	publish64(&h->magic, TABLE_MAGIC);
}

/* Growing a file past RLIMIT_FSIZE would not only fail but end the program with SIGXFSZ (setrlimit(2)). */
static bool size_allowed(size_t size)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_FSIZE, &limit) == -1 || limit.rlim_cur >= size)
		return true;
	errno = EFBIG;
	return false;
}

/*
 * Gives the file its length and reserves all of it, so that a full tmpfs shows here and not as SIGBUS in somebody's
 * program. No program reserves more later: one that seals itself (seccomp) may not ask the kernel for it.
 */
static bool file_fill(int fd, uint32_t names, uint32_t addrs)
{
	struct layout l = layout_for(names, addrs);
	int error = size_allowed(l.size) ? posix_fallocate(fd, 0, (off_t)l.size) : errno;
	if (error) {
		errno = error;
		return false;
	}
	void *base = file_map(fd, PROT_READ | PROT_WRITE, &l);
	if (base == MAP_FAILED)
		return false;
	header_fill(base, &l, names, addrs);
	if (layout_is_huge(&l))		/* a gift: without it the table is only slower */
		madvise(base, l.size / HUGE_PAGE * HUGE_PAGE, MADV_COLLAPSE);
	munmap(base, l.size);
	return true;
}

/* A nameless file in the directory of `path`; one with a name of its own where the file system has none. */
static int open_temporary(const char *path, char temp[static TABLE_PATH + 16])
{
	char dir[TABLE_PATH];
	snprintf(dir, sizeof dir, "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	temp[0] = '\0';
	int fd = open(slash ? dir : ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	snprintf(temp, TABLE_PATH + 16, "%s.XXXXXX", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd == -1)
		temp[0] = '\0';
	return fd;
}

/*
 * Gives the file `next`, which is `made`, the name of another, whose users then attach to it. By exchange the very table
 * that had the name is in hand: of two that replace one at once the second retires the first one's, so that nobody
 * stays there.
 */
static bool take_name(const char *next, const char *path, struct table *made, store_replace *replace)
{
	struct table old;
	struct stat st;
	const bool directory = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);	/* rename(2) refuses */
	const bool exchanged = !directory && renameat2(AT_FDCWD, next, AT_FDCWD, path, RENAME_EXCHANGE) == 0;
	/* At once: who is killed between leaves programs behind. */
	const bool in_use = store_open(exchanged ? next : path, &old) == STORE_OK;
	const bool taken = exchanged || rename(next, path) == 0;
	int saved = errno;
	if (taken && old.header && old.writable)
		publish32(&old.header->retired, 1);
	if (exchanged)
		unlink(next);
	if (taken && in_use)
		replace(made, &old, true);
	store_close(&old);
	errno = saved;
	return taken;
}

static bool link_at(int fd, const char *temp, const char *to)
{
	char self[32];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, temp[0] ? temp : self, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0 ||
	       (errno == ENOENT && linkat(fd, "", AT_FDCWD, to, AT_EMPTY_PATH) == 0);	/* no /proc: root may do without */
}

/* Gives the finished file its name; with `replace`, in place of the one that has it, without a gap. */
static bool link_into_place(int fd, const char *temp, const char *path, struct table *made, store_replace *replace)
{
	char next[TABLE_PATH + 32];
	if (!replace)
		return link_at(fd, temp, path);
	/* Nobody else can foresee the name, and take it first. */
	for (int tries = 0; tries < 8; tries++) {
		uint32_t random = 0;
		if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
			random = (uint32_t)(uintptr_t)&random + (uint32_t)tries;
		snprintf(next, sizeof next, "%s.new%d-%08x", path, (int)getpid(), random);
		if (link_at(fd, temp, next))
			break;
		if (errno != EEXIST || tries == 7)
			return false;
	}
	if (take_name(next, path, made, replace))
		return true;
	unlink(next);
	return false;
}

/* What the table at `path` knows, into the one that is about to take its place. */
static void take_over(const char *path, struct table *made, store_replace *replace)
{
	struct table old;
	if (store_open(path, &old) == STORE_OK)
		replace(made, &old, false);
	store_close(&old);
}

/* Makes the file and links it into place; what it leaves behind on failure is nothing. */
static bool make_file(const char *path, uint32_t names, mode_t mode, gid_t group, store_replace *replace)
{
	char temp[TABLE_PATH + 16];
	struct table t = {0};
	int fd = open_temporary(path, temp);
	if (fd == -1)
		return false;
	bool made = file_fill(fd, names, 2 * names) && fchmod(fd, mode) == 0 &&
		    (group == (gid_t)-1 || fchown(fd, (uid_t)-1, group) == 0);
	if (made && replace && (made = file_open(fd, true, true, &t) == STORE_OK))
		take_over(path, &t, replace);
	made = made && link_into_place(fd, temp, path, &t, replace);
	int saved = errno;
	store_close(&t);
	if (temp[0])
		unlink(temp);
	close(fd);
	errno = saved;
	return made;
}

enum store_status store_create(const char *path, uint32_t names, mode_t mode, gid_t group, store_replace *replace)
{
	if (strlen(path) >= TABLE_PATH)
		return errno = ENAMETOOLONG, STORE_SYSTEM;
	if (!replace && access(path, F_OK) == 0)
		return STORE_EXISTS;
	return make_file(path, names, mode, group, replace) ? STORE_OK : file_status();
}
