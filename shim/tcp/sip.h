/*
 * sip.h: what a TCP connection to a candidate tells, once it is there.
 *
 * SIP that goes out and comes in is read, whatever the splits. Requests are remembered, and answers
 * judged as those over UDP are (judge.h). An answer that says that the server failed may end the
 * connection (hangup.h). A connection that is not SIP shows that in its first byte or line (TLS,
 * HTTP). From then on it is not read, and only its end is seen: a reset puts the pins in doubt, a
 * time-out is a failure, and a clean close is nothing. So is EPIPE: the peer or the program had
 * closed it.
 *
 * State of fixed size: STREAMS slots, fd modulo STREAMS. If a slot is taken, the connection is not
 * followed. A direction belongs to whoever got its bit of `busy`, by one attempt: two threads that
 * send at once, or a handler that jumped out of one, switch it off. No allocation, nobody waits.
 * Bytes are looked at only after the kernel took or gave them. Evidence is taken from an fd only if
 * its cookie is still the one that was followed. So a child after vfork may close what it likes: the
 * parent's descriptor is FD_UNKNOWN then, and a failing read or write is missed.
 */
#ifndef STICKYDNS_SIP_STREAMS_H
#define STICKYDNS_SIP_STREAMS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "policy/base/endpoint.h"
#include "shim/core/fds.h"

enum { STREAMS = 1024 };
extern HIDDEN _Atomic int sip_owners[STREAMS];	/* the fd whose slot it is */

enum sip_way { SIP_OUT, SIP_IN, SIP_WAYS };

/* fd was connected to `to`, a candidate. Its class is FD_STREAM_SIP then, or FD_STREAM if it cannot be followed. */
void sip_follow(int fd, const struct endpoint *to);

/* Was it followed when it was last heard of? A child after vfork may have closed its number since. */
static inline bool sip_owns(int fd)
{
	return atomic_load_explicit(&sip_owners[(unsigned)fd % STREAMS], memory_order_relaxed) == fd;
}

/* `len` bytes, one at least, passed through fd. errno may change in this and all below. */
void sip_passed(int fd, enum sip_way w, const void *p, size_t len);

/* Not all bytes were seen: only how it ends is seen from now on. */
void sip_only_ends(int fd);

/* The server closed the connection, or broke it. `sending`: the program was about to send, and could not. */
void sip_closed(int fd, bool sending);

/* The program read the error of the connection (SO_ERROR), or a call on it failed with it. errno is kept. */
void sip_failed(int fd, int error);

#endif
