/*
 * hooks-io.c: the exported symbols that carry datagrams, and streams.
 *
 * An fd that is none of ours costs one load and a tail call. A UDP socket becomes
 * FD_DNS when it is connected to port 53 or a datagram goes there: then queries are
 * remembered as they go out, and their answers led as they come in. Other datagrams
 * are shown to datagram.h, and what goes through connections to candidates and
 * DNS servers to stream.h. What the program passed is looked at only after the
 * kernel took it, so a bad pointer is the kernel's to refuse.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "datagram.h"
#include "dns.h"
#include "endpoint.h"
#include "fds.h"
#include "hooks.h"
#include "real.h"
#include "stream.h"

static bool is_udp(int fd)
{
	enum fd_class c = fd_class(fd);
	return __builtin_expect(c == FD_DATAGRAM || c == FD_DNS, 0);
}

static bool is_dns(int fd) { return fd_class(fd) == FD_DNS; }

/* A connection to a candidate or a DNS server, for calls that files have too; and what may be one, for calls that sockets have. */
static bool is_stream_file(int fd) { return __builtin_expect(fd_is(fd, STREAM_FILES), 0); }
static bool is_stream(int fd) { return __builtin_expect(fd_is(fd, STREAM_SOCKETS), 0); }

static bool on_dns_port(const struct sockaddr *addr, socklen_t len)
{
	struct endpoint e;
	return addr && endpoint_from_sockaddr(addr, len, &e) && dns_port(e.port);
}

/* ---- out ---- */

static void sent(int fd, const void *buf, ssize_t r, const struct sockaddr *addr, socklen_t len)
{
	if (r <= 0) {
		if (r == -1 && !addr)
			datagram_failed(fd, errno);
		return;
	}
	if (on_dns_port(addr, len))
		fd_set_class(fd, FD_DNS);
	if (is_dns(fd))
		dns_sent(buf, (size_t)r);
	else
		datagram_sent(fd, buf, (size_t)r, addr, len);
}

/* SIP and DNS messages are sent in one piece, or as a head and a body: the head says it. */
static void sent_message(int fd, const struct msghdr *msg, ssize_t r)
{
	const struct iovec *head = msg->msg_iovlen ? msg->msg_iov : NULL;
	if (r > 0 && head)
		r = (size_t)r < head->iov_len ? r : (ssize_t)head->iov_len;
	sent(fd, head ? head->iov_base : NULL, r, msg->msg_name, msg->msg_namelen);
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	if (is_stream(fd))
		return stream_sent(fd, buf, real()->send(fd, buf, len, flags));
	if (!is_udp(fd))
		return real()->send(fd, buf, len, flags);
	ssize_t r = real()->send(fd, buf, len, flags);
	sent(fd, buf, r, NULL, 0);
	return r;
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	if (is_stream_file(fd))
		return stream_sent(fd, buf, real()->write(fd, buf, len));
	if (!is_udp(fd))
		return real()->write(fd, buf, len);
	ssize_t r = real()->write(fd, buf, len);
	sent(fd, buf, r, NULL, 0);
	return r;
}

EXPORT ssize_t writev(int fd, const struct iovec *piece, int pieces)
{
	const struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	if (is_stream_file(fd))
		return stream_sent_message(fd, &msg, real()->writev(fd, piece, pieces));
	if (!is_udp(fd))
		return real()->writev(fd, piece, pieces);
	ssize_t r = real()->writev(fd, piece, pieces);
	if (r > 0)
		sent_message(fd, &msg, r);
	else
		sent(fd, NULL, r, NULL, 0);
	return r;
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	if (is_stream(fd))
		return stream_sent(fd, buf, real()->sendto(fd, buf, len, flags, addr, addrlen));
	if (!is_udp(fd))
		return real()->sendto(fd, buf, len, flags, addr, addrlen);
	ssize_t r = real()->sendto(fd, buf, len, flags, addr, addrlen);
	sent(fd, buf, r, addr, addrlen);
	return r;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (is_stream(fd))
		return stream_sent_message(fd, msg, real()->sendmsg(fd, msg, flags));
	if (!is_udp(fd))
		return real()->sendmsg(fd, msg, flags);
	ssize_t r = real()->sendmsg(fd, msg, flags);
	if (r > 0)
		sent_message(fd, msg, r);
	return r;
}

EXPORT int sendmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	if (!is_udp(fd))
		return real()->sendmmsg(fd, vec, n, flags);
	int r = real()->sendmmsg(fd, vec, n, flags);
	for (int i = 0; i < r; i++)
		sent_message(fd, &vec[i].msg_hdr, (ssize_t)vec[i].msg_len);
	return r;
}

/* ---- in ---- */

/* On a connected socket there may be no address: then all that comes is the peer's. */
static void received(int fd, void *buf, size_t size, ssize_t r, int flags, const struct sockaddr *addr, socklen_t len)
{
	if (flags & MSG_ERRQUEUE)
		return;
	if (r == -1)
		datagram_failed(fd, errno);
	if (r <= 0)
		return;
	size_t n = (size_t)r < size ? (size_t)r : size;
	if (is_dns(fd) && (!addr || on_dns_port(addr, len)))
		dns_received(buf, n);
	else
		datagram_received(fd, buf, n, addr, len);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	if (is_stream(fd))
		return stream_received(fd, buf, real()->recv(fd, buf, len, flags), flags);
	if (!is_udp(fd))
		return real()->recv(fd, buf, len, flags);
	ssize_t r = real()->recv(fd, buf, len, flags);
	received(fd, buf, len, r, flags, NULL, 0);
	return r;
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	if (is_stream_file(fd))
		return stream_received(fd, buf, real()->read(fd, buf, len), 0);
	if (!is_udp(fd))
		return real()->read(fd, buf, len);
	ssize_t r = real()->read(fd, buf, len);
	received(fd, buf, len, r, 0, NULL, 0);
	return r;
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (is_stream(fd))
		return stream_received(fd, buf, real()->recvfrom(fd, buf, len, flags, addr, addrlen), flags);
	if (!is_udp(fd))
		return real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	received(fd, buf, len, r, flags, r > 0 ? addr : NULL, r > 0 && addr ? *addrlen : 0);
	return r;
}

static void received_message(int fd, const struct msghdr *msg, ssize_t r, int flags)
{
	if (flags & MSG_ERRQUEUE)
		datagram_error(fd, msg);
	else if (msg->msg_iovlen)
		received(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, r, flags, msg->msg_name, msg->msg_namelen);
}

EXPORT ssize_t readv(int fd, const struct iovec *piece, int pieces)
{
	const struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	if (is_stream_file(fd))
		return stream_received_message(fd, &msg, real()->readv(fd, piece, pieces), 0);
	if (!is_udp(fd))
		return real()->readv(fd, piece, pieces);
	ssize_t r = real()->readv(fd, piece, pieces);
	if (r > 0)
		received_message(fd, &msg, r, 0);
	else
		received(fd, NULL, 0, r, 0, NULL, 0);
	return r;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (is_stream(fd))
		return stream_received_message(fd, msg, real()->recvmsg(fd, msg, flags), flags);
	if (!is_udp(fd))
		return real()->recvmsg(fd, msg, flags);
	ssize_t r = real()->recvmsg(fd, msg, flags);
	if (r > 0 || (r == 0 && (flags & MSG_ERRQUEUE)))
		received_message(fd, msg, r, flags);
	else if (r == -1)
		datagram_failed(fd, errno);
	return r;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout)
{
	if (!is_udp(fd))
		return real()->recvmmsg(fd, vec, n, flags, timeout);
	int r = real()->recvmmsg(fd, vec, n, flags, timeout);
	if (r == -1)
		datagram_failed(fd, errno);
	for (int i = 0; i < r; i++)
		received_message(fd, &vec[i].msg_hdr, (ssize_t)vec[i].msg_len, flags);
	return r;
}

/* ---- the fortified ones: libc checks the sizes, so it is its own that are called ---- */

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,
			      socklen_t *addrlen);
EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
	if (!(is_udp(fd) || is_stream(fd)) || len > size)
		return real()->__recv_chk(fd, buf, len, size, flags);
	return recv(fd, buf, len, flags);
}

ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (!(is_udp(fd) || is_stream(fd)) || len > size)
		return real()->__recvfrom_chk(fd, buf, len, size, flags, addr, addrlen);
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (!(is_udp(fd) || is_stream_file(fd)) || len > size)
		return real()->__read_chk(fd, buf, len, size);
	return read(fd, buf, len);
}
