/*
 * send.c: the exported symbols that send: datagrams, and streams.
 *
 * What is none of ours passes by a tail call. For the rest each call becomes a msghdr (io.h), and is made again from it.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/hooks/io.h"
#include "shim/tcp/sip.h"

static ssize_t by_send(int fd, const struct msghdr *msg, int flags)
{
	return real()->send(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, flags);
}

static ssize_t by_sendto(int fd, const struct msghdr *msg, int flags)
{
	return real()->sendto(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, flags, msg->msg_name, msg->msg_namelen);
}

static ssize_t by_sendmsg(int fd, const struct msghdr *msg, int flags) { return real()->sendmsg(fd, msg, flags); }

static ssize_t by_sendmmsg(int fd, const struct msghdr *msg, int flags)
{
	struct mmsghdr one = {.msg_hdr = *msg};
	return real()->sendmmsg(fd, &one, 1, flags) == 1 ? (ssize_t)one.msg_len : -1;
}

static ssize_t by_write(int fd, const struct msghdr *msg, int flags)
{
	(void)flags;
	return real()->write(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len);
}

static ssize_t by_writev(int fd, const struct msghdr *msg, int flags)
{
	(void)flags;
	return real()->writev(fd, msg->msg_iov, (int)msg->msg_iovlen);
}

static ssize_t send_whole(enum traffic w, send_call *call, int fd, const void *buf, size_t len, int flags,
			  const struct sockaddr *addr, socklen_t addrlen)
{
	struct iovec whole = {(void *)(uintptr_t)buf, len};
	const struct msghdr msg = {.msg_name = (void *)(uintptr_t)addr, .msg_namelen = addrlen, .msg_iov = &whole,
				   .msg_iovlen = 1};
	return io_send(w, call, fd, &msg, flags);
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE || ((memory_near(buf, len) || memory_lasts(buf, len)) && plain_bytes(w, buf, len) && !sip_owns(fd)))
		return real()->send(fd, buf, len, flags);
	return send_whole(w, by_send, fd, buf, len, flags, NULL, 0);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return real()->sendto(fd, buf, len, flags, addr, addrlen);
	return send_whole(w, by_sendto, fd, buf, len, flags, addr, addrlen);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	const enum traffic w = traffic_file(fd);
	if (w == TRAFFIC_NONE)
		return real()->write(fd, buf, len);
	return send_whole(w, by_write, fd, buf, len, 0, NULL, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *piece, int pieces)
{
	const enum traffic w = traffic_file(fd);
	if (w == TRAFFIC_NONE || pieces <= 0)
		return real()->writev(fd, piece, pieces);
	const struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	return io_send(w, by_writev, fd, &msg, 0);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return real()->sendmsg(fd, msg, flags);
	return io_send(w, by_sendmsg, fd, msg, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return real()->sendmmsg(fd, vec, n, flags);
	return io_send_each(w, by_sendmmsg, fd, vec, n, flags);
}
