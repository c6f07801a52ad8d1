/*
 * pending.h: the TCP connects of this process that are in flight.
 *
 * Each is kept under its descriptor, which is FD_PENDING so long. Whoever learns how
 * it ended takes it off, once. A child finds its parent's entries, after vfork(2) in
 * the very same memory: each is of one pid. No locks, no system call but getpid(2).
 */
#ifndef STICKYDNS_PENDING_H
#define STICKYDNS_PENDING_H

#include <stdbool.h>
#include <sys/types.h>

#include "policy/base/endpoint.h"
#include "policy/table/names.h"
#include "shim/core/fds.h"

struct flow {
	struct endpoint to;		/* where it goes */
	struct endpoint asked;		/* where the program wanted it to go */
	addr_ref ref;			/* of `to` */
	uint64_t cookie;		/* of the socket (SO_COOKIE, socket(7)) */
	uint32_t since;			/* tick */
	pid_t pid;
	bool settled, told;		/* as in struct verdict, of `to`, */
	uint64_t epoch;			/* when the connect began */
};

/* Is there one of this process on the fd? */
bool pending_mine(int fd);

/* What was kept under the fd; of use only if pending_mine(). */
const struct flow *pending_flow(int fd);

/* The fd becomes FD_PENDING; nothing happens if it was, or cannot be followed. */
void pending_add(int fd, const struct flow *fl);

/* Takes the flow off the fd, which becomes `next`; false if another thread was first, or it is a parent's. */
bool pending_take(int fd, enum fd_class next, struct flow *out);

/*
 * A stale FD_PENDING ends without an outcome, also one that was a parent's when it
 * forked. After vfork(2) a parent's stays: its memory is ours.
 */
void pending_forget(int fd);

/* Goes through all of this process: while ((fd = pending_next(&walk)) != -1). Cheap when there are none. */
struct pending_walk {
	int next, left;
	pid_t pid;
};

struct pending_walk pending_all(void);

/* The same for a process whose number is known: no system call. */
struct pending_walk pending_of(pid_t pid);

int pending_next(struct pending_walk *w);

#endif
