/*
 * hooks-io.c: the exported symbols that carry datagrams: for resolvers of a
 * program's own.
 *
 * An fd that is none of ours costs one load and a tail call. A UDP socket becomes
 * FD_DNS when it is connected to port 53 or a datagram goes there; then queries are
 * remembered as they go out, and their answers led as they come in.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "dns.h"
#include "endpoint.h"
#include "fds.h"
#include "hooks.h"
#include "real.h"

static bool is_datagram(int fd)
{
	enum fd_class c = fd_class(fd);
	return __builtin_expect(c == FD_DATAGRAM || c == FD_DNS, 0);
}

static bool is_dns(int fd) { return __builtin_expect(fd_class(fd) == FD_DNS, 0); }

static bool from_dns(const struct sockaddr *addr, socklen_t len)
{
	struct endpoint e;
	return addr && endpoint_from_sockaddr(addr, len, &e) && e.port == DNS_PORT;
}

/* ---- out. The kernel has read what it was passed when the call succeeds; before that nothing is touched. ---- */

static void sent_to(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (from_dns(addr, len))
		fd_set_class(fd, FD_DNS);
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	if (!is_dns(fd))
		return real()->send(fd, buf, len, flags);
	ssize_t r = real()->send(fd, buf, len, flags);
	if (r > 0)
		dns_sent(buf, (size_t)r);
	return r;
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	if (!is_dns(fd))
		return real()->write(fd, buf, len);
	ssize_t r = real()->write(fd, buf, len);
	if (r > 0)
		dns_sent(buf, (size_t)r);
	return r;
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	if (!is_datagram(fd))
		return real()->sendto(fd, buf, len, flags, addr, addrlen);
	ssize_t r = real()->sendto(fd, buf, len, flags, addr, addrlen);
	if (r > 0)
		sent_to(fd, addr, addrlen);
	if (r > 0 && is_dns(fd))
		dns_sent(buf, (size_t)r);
	return r;
}

static void sent_message(int fd, const struct msghdr *msg)
{
	sent_to(fd, msg->msg_name, msg->msg_namelen);
	if (is_dns(fd))
		dns_sent_iov(msg->msg_iov, msg->msg_iovlen);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (!is_datagram(fd))
		return real()->sendmsg(fd, msg, flags);
	ssize_t r = real()->sendmsg(fd, msg, flags);
	if (r > 0)
		sent_message(fd, msg);
	return r;
}

EXPORT int sendmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	if (!is_datagram(fd))
		return real()->sendmmsg(fd, vec, n, flags);
	int r = real()->sendmmsg(fd, vec, n, flags);
	for (int i = 0; i < r; i++)
		sent_message(fd, &vec[i].msg_hdr);
	return r;
}

/* ---- in ---- */

/* A connected socket gives no address: then all that comes is the peer's. */
static void received(void *buf, size_t size, ssize_t r, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	if (r > 0 && !(flags & MSG_ERRQUEUE) && (!addr || from_dns(addr, addrlen)))
		dns_received(buf, (size_t)r < size ? (size_t)r : size);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	if (!is_dns(fd))
		return real()->recv(fd, buf, len, flags);
	ssize_t r = real()->recv(fd, buf, len, flags);
	received(buf, len, r, flags, NULL, 0);
	return r;
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	if (!is_dns(fd))
		return real()->read(fd, buf, len);
	ssize_t r = real()->read(fd, buf, len);
	received(buf, len, r, 0, NULL, 0);
	return r;
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (!is_dns(fd))
		return real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	const socklen_t room = addr && addrlen ? *addrlen : 0;
	ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	received(buf, len, r, flags, addr, r > 0 && addr && *addrlen < room ? *addrlen : room);
	return r;
}

static void received_message(const struct msghdr *msg, size_t len, int flags)
{
	if (!(flags & MSG_ERRQUEUE) && (!msg->msg_name || from_dns(msg->msg_name, msg->msg_namelen)))
		dns_received_iov(msg->msg_iov, msg->msg_iovlen, len);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (!is_dns(fd))
		return real()->recvmsg(fd, msg, flags);
	ssize_t r = real()->recvmsg(fd, msg, flags);
	if (r > 0)
		received_message(msg, (size_t)r, flags);
	return r;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout)
{
	if (!is_dns(fd))
		return real()->recvmmsg(fd, vec, n, flags, timeout);
	int r = real()->recvmmsg(fd, vec, n, flags, timeout);
	for (int i = 0; i < r; i++)
		received_message(&vec[i].msg_hdr, vec[i].msg_len, flags);
	return r;
}

/* ---- the fortified ones: libc checks the sizes, so it is its own that are called ---- */

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,
			      socklen_t *addrlen);
EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
	if (!is_dns(fd) || len > size)
		return real()->__recv_chk(fd, buf, len, size, flags);
	return recv(fd, buf, len, flags);
}

ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (!is_dns(fd) || len > size)
		return real()->__recvfrom_chk(fd, buf, len, size, flags, addr, addrlen);
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (!is_dns(fd) || len > size)
		return real()->__read_chk(fd, buf, len, size);
	return read(fd, buf, len);
}
