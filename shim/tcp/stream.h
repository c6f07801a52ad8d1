/*
 * stream.h: TCP connections to candidates, from the connect to the end, as the program's calls show them.
 *
 * pending.h has a connect that is in flight. The first send or receive that succeeds tells that it is over. Then the
 * bytes are for sip.h. What goes to a DNS port is not for this folder (hooks/io.h). No locks, no allocation; errno is
 * kept by every function here.
 */
#ifndef STICKYDNS_STREAM_H
#define STICKYDNS_STREAM_H

#include <sys/socket.h>

#include "policy/base/atomic.h"
#include "policy/base/hot.h"
#include "shim/tcp/pending.h"

/* Classes that stream_sent and stream_received take. */
enum { WATCHED_STREAMS = 1u << FD_PENDING | 1u << FD_STREAM_SIP | 1u << FD_STREAM_ENDS | 1u << FD_DNS_STREAM };

/* connect(2) to a candidate: see pending_connect(). */
int stream_connect(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c);

/* A second connect(2) on a pending fd has told how the first one ended; CAUSE_NONE: nothing is known of it. */
void stream_conclude(int fd, enum cause cause);

/* The program read SO_ERROR of a pending fd; 0: or bytes went through it. */
void stream_error_read(int fd, int error);

/* Looks after all pending connects of this process, before a lookup. Cheap when there are none. */
void stream_sweep(void);

/*
 * After those that are older than 3 s, at a connect: a program that keeps what it looked up turns to the next address
 * without a lookup. Where that goes was decided by what was known before; this is for all others, so once a second will
 * do for a program that has thousands in flight.
 */
void stream_sweep_long(void);

/* The program sent the first `r` bytes of msg's pieces, or failed to (-1, errno; `msg` is not read). */
void stream_sent(int fd, const struct msghdr *msg, ssize_t r);

/* It received them, with these flags of recv(2). 0: the connection was closed. */
void stream_received(int fd, const struct msghdr *msg, ssize_t r, int flags);

#endif
