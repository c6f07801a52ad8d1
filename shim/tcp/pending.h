/*
 * pending.h: the TCP connects of this process that are in flight.
 *
 * Each is kept under its descriptor, which is FD_PENDING meanwhile. Whoever learns how it ended
 * takes it off, once. A child finds its parent's entries, after vfork(2) in the very same memory;
 * so each belongs to one pid. No locks, no system call but getpid(2).
 */
#ifndef STICKYDNS_PENDING_H
#define STICKYDNS_PENDING_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "policy/base/cause.h"
#include "policy/base/endpoint.h"
#include "policy/table/names.h"
#include "shim/core/fds.h"

struct tcp_connect {
	struct endpoint to;		/* where it goes */
	struct endpoint original;	/* where the program wanted it to go */
	addr_ref ref;			/* of `to` */
	uint64_t cookie;		/* of the socket (SO_COOKIE, socket(7)) */
	uint32_t since;			/* tick */
	pid_t pid;
	bool settled, reported;		/* as in struct cached_redirect, of `to`, */
	uint64_t epoch;			/* when the connect began */
};

/*
 * connect(2) on a TCP socket, to c->to, a candidate, whose address `addr` is: all but cookie and pid of *c is known.
 * EINTR, and a time-out by SO_SNDTIMEO, leave it in flight (connect(2), socket(7)). 0: it is connected. errno is connect's.
 */
int pending_connect(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c);

/* Is there one of this process on the fd? */
bool pending_mine(int fd);

/* What was kept under the fd; of use only if pending_mine(). */
const struct tcp_connect *pending_at(int fd);

/* Has it waited, unanswered until now, for so long that a program may turn to the next address? */
bool pending_waits(int fd, const struct tcp_connect *c);

/* ---- the end: each returns true, and *out, if the fd is connected; its class is FD_STREAM then ---- */

/* A call of the program has told how it ended; CAUSE_NONE: nothing is known of it. */
bool pending_conclude(int fd, enum cause cause, struct tcp_connect *out);

/* The program read SO_ERROR of a pending fd. */
bool pending_error_read(int fd, int error, struct tcp_connect *out);

/* Looks what became of it. `long_only`: if it is older than 3 s. */
bool pending_look(int fd, bool long_only, struct tcp_connect *out);

/* ---- the end without a stream: the class is FD_UNKNOWN then ---- */

/* The program gives a pending fd up: close, shutdown, being replaced by dup2. */
void pending_give_up(int fd);

/*
 * A pending fd is another socket now, or none: it was closed behind our back (by syscall(2), as libuv does, or io_uring),
 * unanswered as far as anybody knows.
 */
void pending_lost(int fd);

/*
 * The program ends, with connects in flight that it has not asked about. Of one that is younger than 3 s nothing is
 * known, and nobody is to take it for one that was waited for. No system call: the program may be sealed (seccomp(2)).
 */
void pending_end(void);

/* `to` is a duplicate of `from`, and gets its pending connect, if it has one. */
void pending_copy(int from, int to);

/* Goes through all of this process: while ((fd = pending_next(&walk)) != -1). Cheap when there are none. */
struct pending_walk {
	int next, left;
	pid_t pid;
};

struct pending_walk pending_all(void);

int pending_next(struct pending_walk *w);

#endif
