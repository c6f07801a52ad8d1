/*
 * connect.c: the exported symbols that connect, and those that make, copy and close descriptors: what keeps the classes
 * of fds.h true.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "policy/base/hot.h"
#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/core/peername.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"
#include "shim/lookup/dns-tcp.h"
#include "shim/tcp/connect.h"
#include "shim/tcp/descriptor.h"
#include "shim/tcp/sip.h"
#include "shim/tcp/stream.h"
#include "shim/udp/peer.h"

/* The port of a socket address, which stands in both families at the same place; 0: it is of neither. */
static uint16_t port_of(const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in in = {0};
	if (len < sizeof in || (addr->sa_family != AF_INET && addr->sa_family != AF_INET6))
		return 0;
	memcpy(&in, addr, sizeof in);
	return ntohs(in.sin_port);
}

/* Nothing is sent, so nothing is learnt, but whether it leads to a DNS server. The kernel has read the address then. */
static int connect_datagram(int fd, const struct sockaddr *addr, socklen_t len)
{
	int r = real()->connect(fd, addr, len);
	if (r == 0) {
		fd_set_class(fd, dns_port(port_of(addr, len)) ? FD_DNS : FD_DATAGRAM);
		peer_connected(fd, addr, len);
	}
	fd_forget_cookie(fd);		/* connected or not, that is part of what is known of it */
	return r;
}

/*
 * To a DNS server, connected or about to be? EISCONN: by an earlier call. One that is
 * FD_PENDING stays so until its end; a UDP socket was not seen being made.
 */
__attribute__((noinline)) static void note_dns(int fd, int r, const struct sockaddr *addr, socklen_t len)
{
	const unsigned streams = 1u << FD_STREAM | 1u << FD_PENDING | 1u << FD_DNS_STREAM;
	struct endpoint e;
	if (r == -1 && errno != EINPROGRESS && errno != EALREADY && errno != EISCONN)
		return;
	if (!fd_is(fd, streams | 1u << FD_DATAGRAM) || !endpoint_from_sockaddr(addr, len, &e) || !dns_port(e.port))
		return;
	if (fd_is(fd, streams))
		dnstcp_opened(fd);
	if (!fd_change_class(fd, FD_STREAM, FD_DNS_STREAM))
		fd_change_class(fd, FD_DATAGRAM, FD_DNS);
}

HOT EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	enum fd_class c = fd_class(fd);
	if (c == FD_NONE)
		return real()->connect(fd, addr, len);
	if (c == FD_DATAGRAM || c == FD_DNS)
		return connect_datagram(fd, addr, len);
	int r = connect_tcp(fd, addr, len);
	if (r == 0 && fd_class(fd) == FD_DATAGRAM)	/* it was not seen being made */
		peer_connected(fd, addr, len);
	if (fd_class(fd) != FD_STREAM_SIP)
		note_dns(fd, r, addr, len);
	return r;
}

/* Whom a steered connection leads to, over TCP or UDP: the program has asked for another address of the name. */
static int peer_asked(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	const socklen_t room = memory_readable(len, sizeof *len) ? *len : 0;
	int r = real()->getpeername(fd, addr, len);
	if (r == 0)
		peername_of_socket(fd, addr, *len, room);
	return r;
}

EXPORT int getpeername(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	return redirected_any() ? peer_asked(fd, addr, len) : real()->getpeername(fd, addr, len);
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	if (level != SOL_SOCKET || name != SO_ERROR || !fd_is(fd, WATCHED_STREAMS | 1u << FD_UNKNOWN))
		return real()->getsockopt(fd, level, name, value, len);
	int r = real()->getsockopt(fd, level, name, value, len);
	if (r == 0 && *len == sizeof(int) && fd_class(fd) == FD_PENDING)
		stream_error_read(fd, *(int *)value);
	else if (r == 0 && *len == sizeof(int) && *(int *)value)
		sip_failed(fd, *(int *)value);
	return r;
}

/* With TCP_FASTOPEN_CONNECT connect() returns 0 before a packet was sent (tcp(7)): such a socket tells us nothing. */
EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (__builtin_expect(level == IPPROTO_TCP && name == TCP_FASTOPEN_CONNECT && fd_class(fd) == FD_STREAM, 0))
		fd_set_class(fd, FD_NONE);
	return real()->setsockopt(fd, level, name, value, len);
}

EXPORT int shutdown(int fd, int how)
{
	if (fd_class(fd) == FD_PENDING)
		pending_give_up(fd);
	return real()->shutdown(fd, how);
}

/* ---- what keeps the classes of descriptors true ---- */

static enum fd_class class_of(int domain, int type, int protocol)
{
	if (domain != AF_INET && domain != AF_INET6)
		return FD_NONE;
	if (type == SOCK_STREAM && (protocol == 0 || is_tcp(protocol)))
		return FD_STREAM;
	return type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP) ? FD_DATAGRAM : FD_NONE;
}

HOT EXPORT int socket(int domain, int type, int protocol)
{
	int fd = real()->socket(domain, type, protocol);
	const enum fd_class c = class_of(domain, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol);
	if (fd >= 0 && c != FD_NONE)
		shared_need();
	if (fd >= 0)
		descriptor_opened(fd, c);
	return fd;
}

HOT EXPORT int accept(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	int new = real()->accept(fd, addr, len);
	if (new >= 0)
		descriptor_opened(new, FD_NONE);
	return new;
}

EXPORT int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
	int new = real()->accept4(fd, addr, len, flags);
	if (new >= 0)
		descriptor_opened(new, FD_NONE);
	return new;
}

HOT EXPORT int close(int fd)
{
	descriptor_closing(fd);
	return real()->close(fd);
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	if (!(flags & (int)CLOSE_RANGE_CLOEXEC))
		descriptors_closing(first, last);
	return real()->close_range(first, last, flags);
}

EXPORT void closefrom(int first)
{
	descriptors_closing(first < 0 ? 0 : (unsigned)first, UINT32_MAX);
	real()->closefrom(first);
}

EXPORT int dup(int fd)
{
	int new = real()->dup(fd);
	if (new >= 0)
		descriptor_copied(fd, new);
	return new;
}

/* What `to` was ends, unless there is nothing to take its place: then the call fails. */
static void give_way(int from, int to)
{
	int saved = errno;
	if (from != to && real()->fcntl(from, F_GETFD) != -1)
		descriptor_closing(to);
	errno = saved;
}

EXPORT int dup2(int from, int to)
{
	give_way(from, to);
	int new = real()->dup2(from, to);
	if (new >= 0 && from != to)
		descriptor_copied(from, new);
	return new;
}

EXPORT int dup3(int from, int to, int flags)
{
	give_way(from, to);
	int new = real()->dup3(from, to, flags);
	if (new >= 0)
		descriptor_copied(from, new);
	return new;
}

/* The third argument, if any, is an int or a pointer: a pointer's worth carries both (fcntl(2)). */
static int fcntl_followed(int (*real_fcntl)(int, int, ...), int fd, int cmd, void *arg)
{
	if (cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC)
		return real_fcntl(fd, cmd, arg);
	int r = real_fcntl(fd, cmd, arg);
	if (r >= 0)
		descriptor_copied(fd, r);
	return r;
}

EXPORT int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	va_start(ap, cmd);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl_followed(real()->fcntl, fd, cmd, arg);
}

EXPORT int fcntl64(int fd, int cmd, ...)
{
	va_list ap;
	va_start(ap, cmd);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl_followed(real()->fcntl64, fd, cmd, arg);
}
