/*
 * file.h: the table's file: opened, mapped, closed. create.h makes it.
 *
 * The file is untrusted. It is opened only if it is a regular file, belongs to root or the
 * caller, is not writable by the world, and is at least as long as its header says. Its
 * sizes are copied out at opening and never read again. Who may write it can spoil a
 * choice, and end its users by truncating it.
 */
#ifndef STICKYDNS_STORE_H
#define STICKYDNS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/table/layout.h"

enum {
	TABLE_NAMES_DEFAULT = 16384,		/* the system's */
	TABLE_NAMES_OWN = 1024,			/* one that a program makes for itself: it weighs in each process (mlockall(2)) */
	TABLE_NAMES_MAX = 1000000,
	TABLE_PATH = 256,
	NO_SPARE = 64,				/* addresses of which that is known */
};

struct event;

/* A mapped table. Plain data of this process: pointers and sizes that were checked. */
struct table {
	struct header *header;
	struct settings_bank *settings;		/* two */
	struct event_record *journal;		/* layout.events */
	struct wait_record *waits;		/* WAIT_SETS * WAIT_WAYS */
	struct name_hot *hot;			/* layout.name_slots */
	word64 *index;				/* layout.index_words */
	struct addr_record *addrs;		/* layout.addr_slots */
	struct name_cold *cold;			/* layout.name_slots */
	struct layout layout;
	uint32_t names_capacity, addrs_capacity;
	uint64_t seed;
	dev_t device;				/* of the file */
	ino_t inode;
	bool writable;
	word64 no_spare[NO_SPARE];		/* address 32 | tick 32: its words of the index were all in use then (index.c) */
	uint8_t space;				/* this process's pid namespace, as a hash: pids of others cannot be asked about */

	/* Called with each event after it is in the journal; may be NULL. Set by the shim for its log and probes. */
	void (*observer)(const struct table *t, const struct event *e);

	/*
	 * Who this process is, and does another one live (true: or it cannot be told)? Set by the shim, whose program may be
	 * forbidden to ask. NULL: the kernel is asked.
	 */
	uint32_t (*pid)(void);
	bool (*lives)(uint32_t pid);
	const char *comm;
	uint8_t origin;				/* enum origin: what this process says of itself */
};

enum store_status {
	STORE_OK,
	STORE_ABSENT,		/* no such file */
	STORE_DENIED,		/* EACCES, EPERM */
	STORE_NOT_REGULAR,	/* a FIFO, directory, symlink … */
	STORE_OWNER,		/* neither root's nor ours */
	STORE_WORLD_WRITABLE,
	STORE_SHORT,		/* shorter than its header says */
	STORE_NO_TABLE,		/* no magic */
	STORE_VERSION,		/* another layout */
	STORE_STALE,		/* made before the last boot */
	STORE_RETIRED,		/* marked as replaced */
	STORE_FOREIGN,		/* made in another network namespace */
	STORE_FULL,		/* no space left for it */
	STORE_EXISTS,		/* create: somebody else's is there */
	STORE_SYSTEM,		/* another error; errno */
};

/*
 * Open and map the table at `path` into `t`; for reading only when it may not be
 * written. STORE_FOREIGN, STORE_STALE and STORE_RETIRED leave it mapped all the same: the shim
 * refuses them, pinctl may look. errno is that of the failing call.
 */
enum store_status store_open(const char *path, struct table *t);

/*
 * The same, whosever the file is: for a path that the administrator named, whose
 * daemon serves the tables of others. What they can do with it: nothing to memory;
 * truncating it raises SIGBUS here too (store_forget).
 */
enum store_status store_open_named(const char *path, struct table *t);

/* The process id, as the table's owner has it. */
uint32_t store_pid(const struct table *t);

/* Unmap. NULL and a table that was never mapped are fine. */
void store_close(struct table *t);

/*
 * Give the memory of a replaced table back, but keep its addresses readable, as
 * zeros, for a reader that is late. store_close is still due.
 */
void store_forget(struct table *t);

/* True once the table was replaced: attach again. */
static inline bool store_retired(const struct table *t) { return get32(&t->header->retired) != 0; }

/* How the name of a usual table ends: by the version and signature of its layout, so that nobody reads one differently. */
#define LAYOUT_NAME "v%d.%08x"
#define LAYOUT_SUFFIX "." LAYOUT_NAME

/*
 * The n-th path to try, from 0: `env` ($STICKYDNS_TABLE) alone if given, else the
 * system's, then the user's; last the user's in a directory of his own, for when somebody else
 * has taken that name in /dev/shm: by malice, or as uid 0 of a rootless container that shares it.
 * False when there are no more. `*own`: may be created by any program, if none of them is there.
 */
bool store_path(unsigned n, const char *env, uid_t uid, char out[static TABLE_PATH], bool *own);

/* The cookie of this process's network namespace (SO_NETNS_COOKIE, socket(7)); 0: unknown. */
uint64_t store_netns(void);

/* Does a process of that number live (kill(2), signal 0)? Ask table->lives first. May set errno. */
bool store_process_lives(uint32_t pid);

/* "made before the last boot" … for one line of a message. */
const char *store_status_text(enum store_status s);

/* ---- for create.c ---- */

/* The kernel's id of this boot (random(4)); zeros when it cannot be read. */
void file_boot_id(uint64_t out[static 2]);

/* errno of a failed call on the file, as a status. */
enum store_status file_status(void);

/* store_open() of a file that is open. */
enum store_status file_open(int fd, bool writable, bool any_owner, struct table *t);

/* mmap(2) of a whole table; of a huge one where huge pages can back it. MAP_FAILED and errno as there. */
void *file_map(int fd, int prot, const struct layout *l);

#endif
