/*
 * hooks-io.c: the exported symbols that carry datagrams, and streams.
 *
 * An fd that is none of ours costs one load and a tail call. A UDP socket becomes
 * FD_DNS when it is connected to port 53 or a datagram goes there: then queries are
 * remembered as they go out, and their answers led as they come in. Other datagrams
 * are shown to depart.h before they go, since they may be steered, and to datagram.h;
 * what goes through connections to candidates and DNS servers to stream.h.
 * What the program passed is looked at after the kernel took it, or asked about first
 * (memory.h), so a bad pointer is the kernel's to refuse.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "datagram.h"
#include "depart.h"
#include "dns.h"
#include "endpoint.h"
#include "fds.h"
#include "hooks.h"
#include "memory.h"
#include "real.h"
#include "stream.h"
#include "route.h"

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

/* Sends what was planned; where the host itself cannot send to the pin, as the program asked. */
static ssize_t send_planned(int fd, const struct msghdr *asked, int flags, struct departure *d)
{
	struct msghdr msg = *asked;
	bool moved = d->moved;
	ssize_t r = -1;
	if (moved) {
		msg.msg_name = &d->to;
		r = real()->sendmsg(fd, &msg, flags);
		moved = r != -1 || !route_is_local(errno);
	}
	if (!moved)
		r = real()->sendmsg(fd, asked, flags);
	if (r != -1)
		depart_done(fd, d, moved);
	return r;
}

static bool plan_message(int fd, const struct msghdr *msg, struct departure *d)
{
	return depart_possible() && memory_readable(msg, sizeof *msg) && msg->msg_name && msg->msg_iovlen &&
	       memory_readable(msg->msg_iov, sizeof *msg->msg_iov) &&
	       depart_plan(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, msg->msg_name, msg->msg_namelen, d);
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
	struct departure d;
	const bool addressed = addr && depart_possible();
	if (addressed && depart_plan(fd, buf, len, addr, addrlen, &d)) {
		struct iovec whole = {(void *)(uintptr_t)buf, len};
		const struct msghdr msg = {.msg_name = (void *)(uintptr_t)addr, .msg_namelen = addrlen, .msg_iov = &whole,
					   .msg_iovlen = 1};
		return send_planned(fd, &msg, flags, &d);
	}
	ssize_t r = real()->sendto(fd, buf, len, flags, addr, addrlen);
	if (addressed && r > 0 && !is_dns(fd) && !on_dns_port(addr, addrlen))
		depart_unplanned(fd, buf, (size_t)r, addr, addrlen, &d);
	else
		sent(fd, buf, r, addr, addrlen);
	return r;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (is_stream(fd))
		return stream_sent_message(fd, msg, real()->sendmsg(fd, msg, flags));
	if (!is_udp(fd))
		return real()->sendmsg(fd, msg, flags);
	struct departure d;
	if (plan_message(fd, msg, &d))
		return send_planned(fd, msg, flags, &d);
	ssize_t r = real()->sendmsg(fd, msg, flags);
	if (r > 0)
		sent_message(fd, msg, r);
	return r;
}

static int send_run(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	int r = real()->sendmmsg(fd, vec, n, flags);
	for (int i = 0; i < r; i++)
		sent_message(fd, &vec[i].msg_hdr, (ssize_t)vec[i].msg_len);
	return r;
}

/* Those that nothing is planned for go together. Like the kernel's: how many went, or the error of the first. */
static int send_vector(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	unsigned done = 0, next = 0;
	struct departure d;
	do {
		bool planned = false;
		while (next < n && !(planned = plan_message(fd, &vec[next].msg_hdr, &d)))
			next++;
		int r = next > done || n == 0 ? send_run(fd, vec + done, next - done, flags) : 0;
		done += r > 0 ? (unsigned)r : 0;
		if (r == -1 || done < next || !planned)
			break;
		ssize_t len = send_planned(fd, &vec[done].msg_hdr, flags, &d);
		if (len == -1)
			break;
		vec[done++].msg_len = (unsigned)len;
		next = done;
	} while (done < n);
	return done > 0 || n == 0 ? (int)done : -1;
}

EXPORT int sendmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	if (!is_udp(fd))
		return real()->sendmmsg(fd, vec, n, flags);
	return send_vector(fd, vec, n < UIO_MAXIOV ? n : UIO_MAXIOV, flags);
}

/* ---- in ---- */

/*
 * How many bytes of an address the program takes: known only before the call, which
 * writes over it. While nothing was steered it need not be known for certain: the
 * address's own length does.
 */
static socklen_t room_of(const socklen_t *len)
{
	if (len && memory_near(len, sizeof *len))
		return *len;
	if (!route_any())
		return ROUTE_ROOM_UNKNOWN;
	return memory_readable(len, sizeof *len) ? *len : 0;
}

/* An address that the kernel wrote: the first `room` of `len` bytes. */
struct sender {
	struct sockaddr *addr;		/* NULL: on a connected socket there may be none, all that comes is the peer's */
	socklen_t len, room;
};

static void received(int fd, void *buf, size_t size, ssize_t r, int flags, struct sender from)
{
	if (flags & MSG_ERRQUEUE)
		return;
	if (r == -1)
		datagram_failed(fd, errno);
	if (r < 0 || (r == 0 && !from.addr))
		return;
	size_t n = (size_t)r < size ? (size_t)r : size;
	if (is_dns(fd) && (!from.addr || (from.len <= from.room && on_dns_port(from.addr, from.len))))
		dns_received(buf, n);
	else
		datagram_received(fd, buf, n, from.addr, from.len, from.room);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	if (is_stream(fd))
		return stream_received(fd, buf, real()->recv(fd, buf, len, flags), flags);
	if (!is_udp(fd))
		return real()->recv(fd, buf, len, flags);
	ssize_t r = real()->recv(fd, buf, len, flags);
	received(fd, buf, len, r, flags, (struct sender){0});
	return r;
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	if (is_stream_file(fd))
		return stream_received(fd, buf, real()->read(fd, buf, len), 0);
	if (!is_udp(fd))
		return real()->read(fd, buf, len);
	ssize_t r = real()->read(fd, buf, len);
	received(fd, buf, len, r, 0, (struct sender){0});
	return r;
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (is_stream(fd))
		return stream_received(fd, buf, real()->recvfrom(fd, buf, len, flags, addr, addrlen), flags);
	if (!is_udp(fd))
		return real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	const socklen_t room = addr ? room_of(addrlen) : 0;
	ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	received(fd, buf, len, r, flags, r >= 0 && addr ? (struct sender){addr, *addrlen, room} : (struct sender){0});
	return r;
}

static void received_message(int fd, struct msghdr *msg, socklen_t room, ssize_t r, int flags)
{
	if (flags & MSG_ERRQUEUE)
		datagram_error(fd, msg, room);
	else if (msg->msg_iovlen)
		received(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, r, flags,
			 (struct sender){msg->msg_name, msg->msg_namelen, room});
}

EXPORT ssize_t readv(int fd, const struct iovec *piece, int pieces)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	if (is_stream_file(fd))
		return stream_received_message(fd, &msg, real()->readv(fd, piece, pieces), 0);
	if (!is_udp(fd))
		return real()->readv(fd, piece, pieces);
	ssize_t r = real()->readv(fd, piece, pieces);
	if (r > 0)
		received_message(fd, &msg, 0, r, 0);
	else
		received(fd, NULL, 0, r, 0, (struct sender){0});
	return r;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (is_stream(fd))
		return stream_received_message(fd, msg, real()->recvmsg(fd, msg, flags), flags);
	if (!is_udp(fd))
		return real()->recvmsg(fd, msg, flags);
	const socklen_t room = room_of(msg ? &msg->msg_namelen : NULL);
	ssize_t r = real()->recvmsg(fd, msg, flags);
	if (r >= 0)
		received_message(fd, msg, room, r, flags);
	else if (r == -1)
		datagram_failed(fd, errno);
	return r;
}

enum { ROOMS = 1024 };			/* UIO_MAXIOV: the kernel takes no more (recvmmsg(2)) */

EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout)
{
	if (!is_udp(fd))
		return real()->recvmmsg(fd, vec, n, flags, timeout);
	socklen_t rooms[ROOMS];
	for (unsigned i = 0; i < n && i < ROOMS; i++)
		rooms[i] = room_of(&vec[i].msg_hdr.msg_namelen);
	int r = real()->recvmmsg(fd, vec, n, flags, timeout);
	if (r == -1)
		datagram_failed(fd, errno);
	for (int i = 0; i < r && i < ROOMS; i++)
		received_message(fd, &vec[i].msg_hdr, rooms[i], (ssize_t)vec[i].msg_len, flags);
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
