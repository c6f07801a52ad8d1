/* file.c: opening and mapping the table's file. See file.h. */
#include "policy/table/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/hash.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71		/* Linux 5.14 */
#endif

/* ---- this machine ---- */

void file_boot_id(uint64_t out[static 2])
{
	char text[36];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof text);
	if (fd != -1)
		close(fd);
	out[0] = out[1] = 0;
	if (n != (ssize_t)sizeof text)
		return;
	uint64_t words[4];
	memcpy(words, text, sizeof words);
	out[0] = hash_words(words, 4, 1);
	out[1] = hash_words(words, 4, 2);
}

uint64_t store_netns(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof cookie;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == -1)
		cookie = 0;
	close(fd);
	return cookie;
}

/* Two namespaces of one machine have different inodes (namespaces(7)). Without /proc all seem to be the same. */
static uint8_t pid_space(void)
{
	struct stat st = {0};
	const int saved = errno;
	if (stat("/proc/self/ns/pid", &st) == -1)
		errno = saved;
	const uint64_t word = st.st_ino;
	return (uint8_t)hash_words(&word, 1, 0);
}

bool store_process_lives(uint32_t pid) { return pid && (kill((pid_t)pid, 0) == 0 || errno != ESRCH); }

/* ---- mapping ---- */

/* Within a larger reservation, whose ends are given back: the kernel would not align it. */
static void *map_aligned(int fd, int prot, size_t size)
{
	char *all = mmap(NULL, size + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return MAP_FAILED;
	size_t before = -(uintptr_t)all & (HUGE_PAGE - 1);
	void *base = mmap(all + before, size, prot, MAP_SHARED | MAP_FIXED, fd, 0);
	if (before)
		munmap(all, before);
	munmap(all + before + size, HUGE_PAGE - before);
	if (base == MAP_FAILED)
		munmap(all + before, size);
	return base;
}

void *file_map(int fd, int prot, const struct layout *l)
{
	return layout_is_huge(l) ? map_aligned(fd, prot, l->size) : mmap(NULL, l->size, prot, MAP_SHARED, fd, 0);
}

static void place(struct table *t, void *base, const struct layout *l)
{
	char *p = base;
	t->layout = *l;
	t->header = base;
	t->settings = (struct settings_bank *)(void *)(p + l->settings);
	t->journal = (struct event_record *)(void *)(p + l->journal);
	t->waits = (struct wait_record *)(void *)(p + l->waits);
	t->hot = (struct name_hot *)(void *)(p + l->hot);
	t->index = (word64 *)(void *)(p + l->index);
	t->addrs = (struct addr_record *)(void *)(p + l->addrs);
	t->cold = (struct name_cold *)(void *)(p + l->cold);
}

uint32_t store_pid(const struct table *t) { return t->pid ? t->pid() : (uint32_t)getpid(); }

void store_close(struct table *t)
{
	if (!t || !t->header)
		return;
	munmap(t->header, t->layout.size);
	*t = (struct table){0};
}

void store_forget(struct table *t)
{
	mmap(t->header, t->layout.size, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

enum store_status file_status(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR: return STORE_ABSENT;
	case EACCES:
	case EPERM:
	case EROFS: return STORE_DENIED;
	case ELOOP:
	case ENXIO:
	case EISDIR: return STORE_NOT_REGULAR;
	case ENOSPC:
	case ENOMEM:
	case EFBIG:
	case EDQUOT: return STORE_FULL;
	case EEXIST: return STORE_EXISTS;
	default: return STORE_SYSTEM;
	}
}

/* ---- opening ---- */

static enum store_status file_check(const struct stat *st, bool any_owner)
{
	if (!S_ISREG(st->st_mode))
		return STORE_NOT_REGULAR;
	if (!any_owner && st->st_uid != 0 && st->st_uid != geteuid())
		return STORE_OWNER;
	if (st->st_mode & S_IWOTH)
		return STORE_WORLD_WRITABLE;
	return st->st_size < (off_t)sizeof(struct header) ? STORE_SHORT : STORE_OK;
}

/* Reads the header's sizes once and compares them with the file's. */
static enum store_status header_check(const struct header *h, off_t file_size, struct table *t, struct layout *l)
{
	uint32_t names = get32(&h->names), addrs = get32(&h->addrs);
	if (seen64(&h->magic) != TABLE_MAGIC)
		return STORE_NO_TABLE;
	if (get32(&h->version) != TABLE_VERSION || get32(&h->signature) != layout_signature())
		return STORE_VERSION;
	if (names == 0 || names > TABLE_NAMES_MAX || addrs < names || addrs > 2 * TABLE_NAMES_MAX)
		return STORE_NO_TABLE;
	*l = layout_for(names, addrs);
	if (file_size < 0 || (uint64_t)file_size < l->size || get64(&h->size) != l->size)
		return STORE_SHORT;
	t->names_capacity = names;
	t->addrs_capacity = addrs;
	t->seed = get64(&h->seed);
	return STORE_OK;
}

/* Is the table of this boot and this network namespace? What cannot be known does not count. */
static enum store_status place_check(const struct table *t)
{
	uint64_t boot[2], netns = store_netns(), theirs = get64(&t->header->netns);
	file_boot_id(boot);
	if (store_retired(t))
		return STORE_RETIRED;
	if ((boot[0] || boot[1]) &&
	    (get64(&t->header->boot_id[0]) != boot[0] || get64(&t->header->boot_id[1]) != boot[1]))
		return STORE_STALE;
	return netns && theirs && netns != theirs ? STORE_FOREIGN : STORE_OK;
}

enum store_status file_open(int fd, bool writable, bool any_owner, struct table *t)
{
	struct stat st;
	struct layout l;
	const int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	if (fstat(fd, &st) == -1)
		return STORE_SYSTEM;
	enum store_status s = file_check(&st, any_owner);
	if (s != STORE_OK)
		return s;
	struct header *h = mmap(NULL, sizeof *h, PROT_READ, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		return file_status();
	s = header_check(h, st.st_size, t, &l);
	munmap(h, sizeof *h);
	if (s != STORE_OK)
		return s;
	void *base = file_map(fd, prot, &l);
	if (base == MAP_FAILED)
		return file_status();
	place(t, base, &l);
	t->writable = writable;
	t->device = st.st_dev;
	t->inode = st.st_ino;
	t->space = pid_space();
	return place_check(t);
}

static enum store_status open_table(const char *path, bool any_owner, struct table *t)
{
	/* O_NONBLOCK: a FIFO at this path must not stop us (open(2)). */
	const int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	bool writable = true;
	*t = (struct table){0};
	int fd = open(path, O_RDWR | flags);
	if (fd == -1 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
		writable = false;
		fd = open(path, O_RDONLY | flags);
	}
	if (fd == -1)
		return file_status();
	enum store_status s = file_open(fd, writable, any_owner, t);
	int saved = errno;
	close(fd);
	errno = saved;
	return s;
}

enum store_status store_open(const char *path, struct table *t) { return open_table(path, false, t); }

enum store_status store_open_named(const char *path, struct table *t) { return open_table(path, true, t); }

/* ---- names ---- */

/* One that nobody but the user can write, and exists: as /dev/shm, where anybody may take the name first, is not. */
static bool own_directory(uid_t uid, char out[static TABLE_PATH])
{
	struct stat st;
	snprintf(out, TABLE_PATH, uid == 0 ? "/run" : "/run/user/%u", (unsigned)uid);
	return lstat(out, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

bool store_path(unsigned n, const char *env, uid_t uid, char out[static TABLE_PATH], bool *own)
{
	if (env && *env) {
		*own = true;
		return n == 0 && snprintf(out, TABLE_PATH, "%s", env) < TABLE_PATH;
	}
	char directory[TABLE_PATH] = "/dev/shm";
	*own = n > 0;
	if (n == 0)
		return snprintf(out, TABLE_PATH, "/run/stickydns/table" LAYOUT_SUFFIX, TABLE_VERSION, layout_signature()) > 0;
	return (n == 1 || (n == 2 && own_directory(uid, directory))) &&
	       snprintf(out, TABLE_PATH, "%.200s/stickydns-%u" LAYOUT_SUFFIX, directory, (unsigned)uid, TABLE_VERSION,
			layout_signature()) > 0;
}

const char *store_status_text(enum store_status s)
{
	switch (s) {
	case STORE_OK: return "fine";
	case STORE_ABSENT: return "no table there";
	case STORE_DENIED: return "permission denied";
	case STORE_NOT_REGULAR: return "not a regular file";
	case STORE_OWNER: return "owned neither by root nor by this user";
	case STORE_WORLD_WRITABLE: return "writable by everybody";
	case STORE_SHORT: return "shorter than its header says";
	case STORE_NO_TABLE: return "not a table";
	case STORE_VERSION: return "a table of another version";
	case STORE_STALE: return "made before the last boot";
	case STORE_RETIRED: return "a table that was replaced";
	case STORE_FOREIGN: return "made in another network namespace";
	case STORE_FULL: return "no space left for it";
	case STORE_EXISTS: return "exists already";
	case STORE_SYSTEM: return strerror(errno);
	}
	return "unknown";
}
