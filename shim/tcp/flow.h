/*
 * flow.h: what becomes of a TCP connect to a candidate (connect.h).
 *
 * A connect that is not over when it returns leaves its socket FD_PENDING. Its
 * outcome is taken once, by whichever call of the program shows it first:
 * getsockopt(SO_ERROR), a second connect, shutdown, close, exit, or the next lookup,
 * which reads TCP_INFO of all that are pending. SYN_SENT for 3 s, in which no other
 * connect to the server came through (pins_connected_lately), is a failure only when
 * the program gives up, or at a lookup; an earlier close by itself says nothing (the
 * loser of happy eyeballs, RFC 8305): such are added up (pins_unanswered). A child that
 * closes an inherited descriptor blames nobody. No locks; errno is kept by every
 * function here.
 */
#ifndef STICKYDNS_FLOW_H
#define STICKYDNS_FLOW_H

#include <stdbool.h>
#include <sys/socket.h>

#include "policy/base/cause.h"
#include "shim/core/fds.h"
#include "shim/core/waiting.h"
#include "shim/tcp/pending.h"

/*
 * connect(2) on a TCP socket, to fl->to, a candidate, whose address `addr` is: all but cookie and pid of *fl is known.
 * EINTR, and a time-out by SO_SNDTIMEO, leave it in flight (connect(2), socket(7)).
 */
int flow_connect(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct flow *fl);

/* A second connect(2) on a pending fd has told how the first one ended. */
void flow_conclude(int fd, enum cause cause);

/* Has it waited, unanswered until now, for so long that a program may turn to the next address? */
bool flow_waits(int fd, const struct flow *fl);

/* The program read SO_ERROR of a pending fd. */
void flow_so_error(int fd, int error);

/* The program gives a pending fd up: close, shutdown, being replaced by dup2. The class is FD_UNKNOWN then. */
void flow_give_up(int fd);

/*
 * A pending fd is another socket now, or none: it was closed behind our back (by syscall(2), as libuv does, or io_uring),
 * unanswered as far as anybody knows. The class is FD_UNKNOWN then.
 */
void flow_lost(int fd);

/*
 * The program ends, with connects in flight that it has not asked about. Of one that is younger than 3 s nothing is
 * known, and nobody is to take it for one that was waited for. No system call: the program may be sealed (seccomp(2)).
 */
void flow_end(void);

/* The class of an fd that was not seen being made: the kernel is asked. */
enum fd_class flow_ask_class(int fd);

/* Looks after all pending connects of this process. Cheap when there are none. */
void flow_sweep(void);

/*
 * After those that are older than 3 s, at a connect: a program that keeps what it looked up turns to the next address
 * without a lookup. Where that goes was decided by what was known before; this is for all others, so once a second will
 * do for a program that has thousands in flight.
 */
void flow_sweep_long(void);

/* `to` is a duplicate of `from`: of its class, and with its pending connect. */
void flow_copy(int from, int to);

/* Descriptors first..last are about to be closed. */
void flow_close_range(unsigned first, unsigned last);

/* Requests may wait on these. A connect that came through as its fd was closed is none of a request. */
enum { WAITERS = 1u << FD_DATAGRAM | 1u << FD_STREAM_SIP | 1u << FD_STREAM_ENDS };

/* An fd is being closed or replaced: one load for those that are none of ours. */
static inline void flow_closing(int fd)
{
	enum fd_class c = fd_class(fd);
	if (__builtin_expect(c == FD_PENDING, 0))
		flow_give_up(fd);
	if (WAITERS >> c & 1)
		waiting_closing(fd);
	if (c != FD_PENDING && c != FD_UNKNOWN)
		fd_set_class(fd, FD_UNKNOWN);
}

/* A new descriptor of class `c` came to be. */
static inline void flow_opened(int fd, enum fd_class c)
{
	if (__builtin_expect(fd_class(fd) == FD_PENDING, 0))
		flow_lost(fd);
	if (fd_class(fd) != FD_PENDING)
		fd_set_class(fd, c);
	if (FD_DATAGRAMS >> c & 1)
		fd_forget_cookie(fd);	/* the number may have been closed behind our back */
}

#endif
