/*
 * descriptor.h: what happens to descriptors: opened, copied, handed over, closed. It keeps their classes true (fds.h).
 *
 * No locks; errno is kept by every function here but descriptor_ask().
 */
#ifndef STICKYDNS_DESCRIPTOR_H
#define STICKYDNS_DESCRIPTOR_H

#include <sys/socket.h>

#include "shim/core/waiting.h"
#include "shim/tcp/pending.h"

/* `to` is a duplicate of `from`: of its class, and with its pending connect. */
void descriptor_copied(int from, int to);

/* Descriptors first..last are about to be closed. */
void descriptors_closing(unsigned first, unsigned last);

/* Descriptors may have come with this message (SCM_RIGHTS, unix(7)). For any recvmsg that succeeded. */
void descriptors_handed(const struct msghdr *msg);

/*
 * Bytes of ours passed through an fd that was received (FD_HANDED) or inherited (FD_UNKNOWN):
 * asks the kernel what it is and who its peer is, and sets its class. errno may change.
 */
void descriptor_ask(int fd);

/* Requests may wait on these. A connect that came through as its fd was closed is none of a request. */
enum { WAITERS = 1u << FD_DATAGRAM | 1u << FD_STREAM_SIP | 1u << FD_STREAM_ENDS };

/* An fd is being closed or replaced: one load for those that are none of ours. */
static inline void descriptor_closing(int fd)
{
	enum fd_class c = fd_class(fd);
	if (__builtin_expect(c == FD_PENDING, 0))
		pending_give_up(fd);
	if (WAITERS >> c & 1)
		waiting_closing(fd);
	if (c != FD_PENDING && c != FD_UNKNOWN)
		fd_set_class(fd, FD_UNKNOWN);
}

/* A new descriptor of class `c` came to be. */
static inline void descriptor_opened(int fd, enum fd_class c)
{
	if (__builtin_expect(fd_class(fd) == FD_PENDING, 0))
		pending_lost(fd);
	if (fd_class(fd) != FD_PENDING)
		fd_set_class(fd, c);
	if (FD_DATAGRAMS >> c & 1)
		fd_forget_cookie(fd);	/* the number may have been closed behind our back */
}

#endif
