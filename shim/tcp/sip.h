/*
 * sip.h: what a TCP connection to a candidate tells, once it is there.
 *
 * The first send or receive that succeeds tells that a connect did. SIP that goes
 * out and comes in is read with it, whatever the splits: requests are remembered,
 * answers judged as those over UDP are (judge.h); by one that says that the server failed the
 * connection may end (hangup.h). What is not SIP turns that off
 * at its first byte, or its first line (TLS, HTTP); then, as with TLS from the start,
 * only an end of the connection is seen: a reset puts the pins in doubt, a time-out is a failure, and a
 * clean close is nothing. So is EPIPE: the peer had closed, or the program.
 *
 * State of fixed size: STREAMS slots, fd modulo STREAMS; whose slot is taken is
 * not followed. A direction belongs to whoever got its bit of `busy`, by one
 * attempt: two threads that send at once, or a handler that jumped out of one, turn
 * it off. No allocation, nobody waits; errno is kept. Bytes are looked at only after
 * the kernel took or gave them. Evidence is taken from an fd only if its cookie is
 * still the one that was followed; so a child after vfork may close what it likes:
 * the parent's descriptor is FD_UNKNOWN then, and a failing read or write is missed.
 */
#ifndef STICKYDNS_STREAM_H
#define STICKYDNS_STREAM_H

#include <stdbool.h>
#include <sys/socket.h>

#include "policy/base/endpoint.h"
#include "shim/core/fds.h"

enum { STREAMS = 1024 };
extern HIDDEN _Atomic int stream_owners[STREAMS];	/* the fd whose slot it is */

/* fd was connected to `to`, a candidate. Its class is FD_STREAM_SIP then, or FD_STREAM if it cannot be followed. */
void stream_begin(int fd, const struct endpoint *to);

/* Classes that stream_sent and stream_received take. */
enum { WATCHED_STREAMS = 1u << FD_PENDING | 1u << FD_STREAM_SIP | 1u << FD_STREAM_ENDS | 1u << FD_DNS_STREAM };

/*
 * Bytes of ours passed through an fd that was received (FD_HANDED) or inherited (FD_UNKNOWN):
 * asks the kernel what it is and who its peer is, and sets its class. errno may change.
 */
void stream_ask(int fd);

/* Was it followed when it was last heard of? A child after vfork may have closed its number since. */
static inline bool stream_owns(int fd)
{
	return atomic_load_explicit(&stream_owners[(unsigned)fd % STREAMS], memory_order_relaxed) == fd;
}

/* The program sent `r` bytes, or failed to (-1, errno). Returns r. */
ssize_t stream_sent(int fd, const void *buf, ssize_t r);
ssize_t stream_sent_message(int fd, const struct msghdr *msg, ssize_t r);

/* It received them, with these flags of recv(2). What came from a DNS server may be led in place (dns-tcp.h). Returns r. */
ssize_t stream_received(int fd, void *buf, ssize_t r, int flags);
ssize_t stream_received_message(int fd, const struct msghdr *msg, ssize_t r, int flags);

/* Descriptors may have come with this message (SCM_RIGHTS). For any recvmsg that succeeded. */
void stream_handed(const struct msghdr *msg);

/* The program read the error of the connection (SO_ERROR), or a call on it failed with it. */
void stream_failed(int fd, int error);

#endif
