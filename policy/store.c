/* store.c: making, opening and replacing the table's file. See store.h. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23		/* Linux 5.14 */
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71		/* Linux 5.14 */
#endif

/* ---- layout ---- */

static size_t page_up(size_t n) { return (n + PAGE - 1) / PAGE * PAGE; }

struct layout layout_for(uint32_t names, uint32_t addrs)
{
	struct layout l = {
		.name_slots = 2 * names,
		.index_words = INDEX_PER_NAME * names,
		.addr_slots = addrs + addrs / 3,
	};
	l.settings = sizeof(struct header);
	l.journal = page_up(l.settings + 2 * sizeof(struct settings_bank));
	l.hot = page_up(l.journal + EVENTS * sizeof(struct event_record));
	l.index = page_up(l.hot + (size_t)l.name_slots * sizeof(struct name_hot));
	l.addrs = page_up(l.index + (size_t)l.index_words * sizeof(word64));
	l.cold = page_up(l.addrs + (size_t)l.addr_slots * sizeof(struct addr_record));
	l.reserved = l.cold;
	l.size = page_up(l.cold + (size_t)l.name_slots * sizeof(struct name_cold));
	return l;
}

uint32_t layout_signature(void)
{
	const uint64_t shapes[] = {
		sizeof(struct header), sizeof(struct settings_record), sizeof(struct event_record),
		sizeof(struct name_hot), sizeof(struct name_cold), sizeof(struct addr_record),
		offsetof(struct name_hot, absent), offsetof(struct name_cold, candidates),
		offsetof(struct addr_record, endpoints), CANDIDATES, ENDPOINTS, EVENTS, INDEX_PER_NAME,
		PROBES, SETTINGS, SETTINGS_HOSTS, HEAD_BYTES, __BYTE_ORDER__,
	};
	return (uint32_t)hash_words(shapes, sizeof shapes / sizeof *shapes, 0);
}

/* ---- this machine ---- */

/* The kernel's id of this boot (random(4)); zeros when it cannot be read. */
static void boot_id(uint64_t out[static 2])
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

/* ---- mapping ---- */

static void place(struct table *t, void *base, const struct layout *l)
{
	char *p = base;
	t->layout = *l;
	t->header = base;
	t->settings = (struct settings_bank *)(void *)(p + l->settings);
	t->journal = (struct event_record *)(void *)(p + l->journal);
	t->hot = (struct name_hot *)(void *)(p + l->hot);
	t->index = (word64 *)(void *)(p + l->index);
	t->addrs = (struct addr_record *)(void *)(p + l->addrs);
	t->cold = (struct name_cold *)(void *)(p + l->cold);
}

void store_close(struct table *t)
{
	if (!t || !t->header)
		return;
	munmap(t->header, t->layout.size);
	*t = (struct table){0};
}

bool store_reserve(const struct table *t, const void *p, size_t size)
{
	if (t->all_reserved)
		return true;
	uintptr_t from = (uintptr_t)p / PAGE * PAGE;
	return madvise((void *)from, (uintptr_t)p + size - from, MADV_POPULATE_WRITE) == 0;
}

static enum store_status status_of_errno(void)
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

static enum store_status file_check(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return STORE_NOT_REGULAR;
	if (st->st_uid != 0 && st->st_uid != geteuid())
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
	t->all_reserved = get32(&h->all_reserved) != 0;
	return STORE_OK;
}

/* Is the table of this boot and this network namespace? What cannot be known does not count. */
static enum store_status place_check(const struct table *t)
{
	uint64_t boot[2], netns = store_netns(), theirs = get64(&t->header->netns);
	boot_id(boot);
	if (store_retired(t))
		return STORE_RETIRED;
	if ((boot[0] || boot[1]) &&
	    (get64(&t->header->boot_id[0]) != boot[0] || get64(&t->header->boot_id[1]) != boot[1]))
		return STORE_STALE;
	return netns && theirs && netns != theirs ? STORE_FOREIGN : STORE_OK;
}

static enum store_status map_fd(int fd, bool writable, struct table *t)
{
	struct stat st;
	struct layout l;
	const int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	if (fstat(fd, &st) == -1)
		return STORE_SYSTEM;
	enum store_status s = file_check(&st);
	if (s != STORE_OK)
		return s;
	struct header *h = mmap(NULL, sizeof *h, PROT_READ, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		return status_of_errno();
	s = header_check(h, st.st_size, t, &l);
	munmap(h, sizeof *h);
	if (s != STORE_OK)
		return s;
	void *base = mmap(NULL, l.size, prot, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return status_of_errno();
	place(t, base, &l);
	t->writable = writable;
	return place_check(t);
}

enum store_status store_open(const char *path, struct table *t)
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
		return status_of_errno();
	enum store_status s = map_fd(fd, writable, t);
	int saved = errno;
	close(fd);
	errno = saved;
	return s;
}

/* ---- making ---- */

static void header_fill(struct header *h, const struct layout *l, uint32_t names, uint32_t addrs)
{
	uint64_t boot[2], seed = 0;
	boot_id(boot);
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
 * Gives the file its length and reserves what is read before it is claimed, so
 * that a full tmpfs shows here and not as SIGBUS in somebody's program. Kernels
 * without MADV_POPULATE_WRITE reserve all of it, since only here is there an fd.
 */
static bool file_fill(int fd, uint32_t names, uint32_t addrs)
{
	struct layout l = layout_for(names, addrs);
	if (!size_allowed(l.size) || ftruncate(fd, (off_t)l.size) == -1)
		return false;
	void *base = mmap(NULL, l.reserved, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return false;
	bool populated = madvise(base, l.reserved, MADV_POPULATE_WRITE) == 0;
	bool old_kernel = !populated && errno == EINVAL;
	int error = populated ? 0 : old_kernel ? posix_fallocate(fd, 0, (off_t)l.size) : ENOSPC;
	if (error == 0) {
		put32(&((struct header *)base)->all_reserved, old_kernel);
		header_fill(base, &l, names, addrs);
	}
	munmap(base, l.reserved);
	errno = error;
	return error == 0;
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

/* Gives the finished file its name; with `replace`, in place of the one that has it, without a gap. */
static bool link_into_place(int fd, const char *temp, const char *path, bool replace)
{
	char self[32], next[TABLE_PATH + 16];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	snprintf(next, sizeof next, "%s.new%d", path, (int)getpid());
	const char *from = temp[0] ? temp : self, *to = replace ? next : path;
	if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == -1)
		return false;
	if (!replace || rename(next, path) == 0)
		return true;
	unlink(next);
	return false;
}

/* Makes the file and links it into place; what it leaves behind on failure is nothing. */
static bool make_file(const char *path, uint32_t names, mode_t mode, gid_t group, bool replace)
{
	char temp[TABLE_PATH + 16];
	int fd = open_temporary(path, temp);
	if (fd == -1)
		return false;
	bool made = file_fill(fd, names, 2 * names) && fchmod(fd, mode) == 0 &&
		    (group == (gid_t)-1 || fchown(fd, (uid_t)-1, group) == 0) &&
		    link_into_place(fd, temp, path, replace);
	int saved = errno;
	if (temp[0])
		unlink(temp);
	close(fd);
	errno = saved;
	return made;
}

enum store_status store_create(const char *path, uint32_t names, mode_t mode, gid_t group, bool replace)
{
	struct table old = {0};
	if (strlen(path) >= TABLE_PATH)
		return errno = ENAMETOOLONG, STORE_SYSTEM;
	if (!replace && access(path, F_OK) == 0)
		return STORE_EXISTS;
	if (replace)
		store_open(path, &old);
	bool made = make_file(path, names, mode, group, replace);
	enum store_status s = made ? STORE_OK : status_of_errno();
	if (made && old.header && old.writable)
		publish32(&old.header->retired, 1);
	store_close(&old);
	return s;
}

/* ---- names ---- */

bool store_path(unsigned n, const char *env, uid_t uid, char out[static TABLE_PATH], bool *own)
{
	if (env && *env) {
		*own = true;
		return n == 0 && snprintf(out, TABLE_PATH, "%s", env) < TABLE_PATH;
	}
	*own = n == 1;
	if (n == 0)
		snprintf(out, TABLE_PATH, "/run/stickydns/table.v%d", TABLE_VERSION);
	if (n == 1)
		snprintf(out, TABLE_PATH, "/dev/shm/stickydns-%u.v%d", (unsigned)uid, TABLE_VERSION);
	return n <= 1;
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
