/*
 * io.h: every send and receive: who looks at the bytes, before and after the real call.
 *
 * SIP over UDP is for udp/, streams are for tcp/, DNS is for lookup/. The hooks in send.c and recv.c ask traffic_file() or
 * traffic_socket() first: an fd that is none of ours costs one load. Every other call becomes a msghdr, as sendmsg(2) and
 * recvmsg(2) have it. A socket may be inherited or received (SCM_RIGHTS). The kernel is asked what it is when bytes that
 * look like SIP or DNS pass through it. Bytes are looked at after the kernel took them, or asked about first (memory.h),
 * so that the kernel refuses a bad pointer. No locks, no allocation; errno is the real call's.
 */
#ifndef STICKYDNS_IO_H
#define STICKYDNS_IO_H

#include <stdbool.h>
#include <sys/socket.h>

#include "policy/wire/dns-message.h"
#include "policy/wire/sip-message.h"
#include "shim/core/fds.h"
#include "shim/tcp/stream.h"

/* Who looks at what passes: nobody; udp/, or lookup/ on a DNS port; tcp/; that is to be asked for. */
enum traffic { TRAFFIC_NONE, TRAFFIC_DATAGRAM, TRAFFIC_STREAM, TRAFFIC_UNKNOWN };

/* For calls that files have too. */
static inline enum traffic traffic_file(int fd)
{
	enum fd_class c = fd_class(fd);
	if (__builtin_expect(!((FD_DATAGRAMS | WATCHED_STREAMS | 1u << FD_HANDED) >> c & 1), 1))
		return TRAFFIC_NONE;
	if (c == FD_HANDED)
		return TRAFFIC_UNKNOWN;
	return FD_DATAGRAMS >> c & 1 ? TRAFFIC_DATAGRAM : TRAFFIC_STREAM;
}

/* For calls that sockets have. */
static inline enum traffic traffic_socket(int fd)
{
	return fd_class(fd) == FD_UNKNOWN ? TRAFFIC_UNKNOWN : traffic_file(fd);
}

/*
 * Bytes of a socket that was not seen being made, which look like neither SIP nor DNS: nobody looks at them. Costs a few
 * comparisons. Most of these sockets join processes of the program.
 */
static inline bool plain_bytes(enum traffic w, const void *buf, size_t len)
{
	return w == TRAFFIC_UNKNOWN && len > 0 && !sip_looks(buf, len) && !dns_looks(buf, len);
}

/*
 * The system call that the program made, with another msghdr. It stays that call: a sealed program (seccomp(2)) dies of
 * another one, and other arguments might be good.
 */
typedef ssize_t send_call(int fd, const struct msghdr *msg, int flags);

/* The program sends `msg`, which may be a bad pointer, by `call`. As sendmsg(2). Not for TRAFFIC_NONE. */
ssize_t io_send(enum traffic w, send_call *call, int fd, const struct msghdr *msg, int flags);

/* As sendmmsg(2). `call` sends one message of the vector. */
int io_send_each(enum traffic w, send_call *call, int fd, struct mmsghdr *vec, unsigned n, int flags);

/*
 * How many bytes of an address the program takes. That is known only before the call, which writes over *len. While
 * nothing was redirected a guess will do: the address's own length.
 */
socklen_t io_room(const socklen_t *len);

/* A call with these flags has received `r` bytes, or failed (-1): then `msg` is not read. `room`: of msg_name. Returns r. */
ssize_t io_received(enum traffic w, int fd, struct msghdr *msg, socklen_t room, ssize_t r, int flags);

#endif
