/*
 * hooks-io.c: the exported symbols that carry bytes: datagrams, and streams.
 *
 * An fd that is none of ours costs one load and a tail call. A UDP socket becomes
 * FD_DNS when it is connected to a DNS port or a datagram goes there: then queries are
 * remembered as they go out, and their answers led as they come in. Other datagrams
 * are shown to depart.h before they go, since they may be steered, and to datagram.h;
 * what goes through connections to candidates and DNS servers to stream.h. The kernel
 * is asked what a socket is that was inherited or received (SCM_RIGHTS) when what looks
 * like SIP or DNS passes through it.
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
#include "route.h"
#include "sip.h"
#include "stream.h"

/* Who looks at what passes. */
enum watch { WATCH_NONE, WATCH_DATAGRAM, WATCH_STREAM, WATCH_UNKNOWN };

/* For calls that files have too. */
static inline enum watch watch_file(int fd)
{
	enum fd_class c = fd_class(fd);
	if (__builtin_expect(!((FD_DATAGRAMS | WATCHED_STREAMS | 1u << FD_HANDED) >> c & 1), 1))
		return WATCH_NONE;
	if (c == FD_HANDED)
		return WATCH_UNKNOWN;
	return FD_DATAGRAMS >> c & 1 ? WATCH_DATAGRAM : WATCH_STREAM;
}

/* For calls that sockets have. */
static inline enum watch watch_socket(int fd)
{
	return fd_class(fd) == FD_UNKNOWN ? WATCH_UNKNOWN : watch_file(fd);
}

/* A call failed on a socket that may be one that was followed (stream.h). */
static enum watch unknown_failed(int fd) { return stream_owns(fd) ? WATCH_STREAM : WATCH_NONE; }

static bool is_dns(int fd) { return fd_class(fd) == FD_DNS; }

static bool on_dns_port(const struct sockaddr *addr, socklen_t len)
{
	struct endpoint e;
	return addr && endpoint_from_sockaddr(addr, len, &e) && dns_port(e.port);
}

/* Most calls on a socket that was not seen being made: nothing of ours passed, nor did one that was followed fail. */
static inline bool passes_by(enum watch w, int fd, const void *p, ssize_t r)
{
	if (w != WATCH_UNKNOWN)
		return false;
	return r > 0 ? !sip_looks(p, (size_t)r) && !dns_looks(p, (size_t)r) : r == 0 || !stream_owns(fd);
}

/* A socket that was not seen being made carried these bytes: what is it? Costs a comparison if they are none of ours. */
static enum watch ask(int fd, const void *p, size_t len, bool to_dns)
{
	int saved = errno;
	if (!to_dns && !sip_looks(p, len) && !dns_looks(p, len))
		return WATCH_NONE;
	stream_ask(fd);
	errno = saved;
	return watch_file(fd);
}

/* ---- out ---- */

static void datagram_out(int fd, const void *buf, size_t n, const struct sockaddr *addr, socklen_t len)
{
	if (on_dns_port(addr, len))
		fd_set_class(fd, FD_DNS);
	if (is_dns(fd))
		dns_sent(buf, n);
	else
		datagram_sent(fd, buf, n, addr, len);
}

/* `r` bytes of buf were sent, or the call failed (-1, errno). Returns r. */
static ssize_t sent(enum watch w, int fd, const void *buf, ssize_t r, const struct sockaddr *addr, socklen_t len)
{
	if (w == WATCH_UNKNOWN)
		w = r > 0     ? ask(fd, buf, (size_t)r, on_dns_port(addr, len))
		    : r == -1 ? unknown_failed(fd)
			      : WATCH_NONE;
	if (w == WATCH_STREAM)
		return stream_sent(fd, buf, r);
	if (w == WATCH_DATAGRAM && r > 0)
		datagram_out(fd, buf, (size_t)r, addr, len);
	else if (w == WATCH_DATAGRAM && r == -1 && !addr)
		datagram_failed(fd, errno);
	return r;
}

/* SIP and DNS messages are sent over UDP in one piece, or as a head and a body: the head says it. */
static ssize_t sent_message(enum watch w, int fd, const struct msghdr *msg, ssize_t r)
{
	const struct iovec *head = r > 0 && msg->msg_iovlen ? msg->msg_iov : NULL;
	size_t n = head && head->iov_len < (size_t)r ? head->iov_len : r > 0 ? (size_t)r : 0;
	if (w == WATCH_UNKNOWN)
		w = head ? ask(fd, head->iov_base, n, on_dns_port(msg->msg_name, msg->msg_namelen)) : WATCH_NONE;
	if (w == WATCH_STREAM)
		return stream_sent_message(fd, msg, r);
	if (head)
		sent(w, fd, head->iov_base, (ssize_t)n, msg->msg_name, msg->msg_namelen);
	return r;
}

/* ---- datagrams that are planned for ---- */

/* *d is good for sent_unplanned() if not. */
static bool plan(enum watch w, int fd, const void *buf, size_t len, const struct sockaddr *addr, socklen_t addrlen,
		 struct departure *d)
{
	d->quiet = QUIET_NOT;
	d->connected = false;
	return w == WATCH_DATAGRAM && depart_possible() && (addr || !is_dns(fd)) && depart_plan(fd, buf, len, addr, addrlen, d);
}

static bool plan_message(enum watch w, int fd, const struct msghdr *msg, struct departure *d)
{
	d->connected = false;
	return w == WATCH_DATAGRAM && depart_possible() && memory_readable(msg, sizeof *msg) && msg->msg_iovlen &&
	       memory_readable(msg->msg_iov, sizeof *msg->msg_iov) &&
	       plan(w, fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, msg->msg_name, msg->msg_namelen, d);
}

/* Sends what was planned; where the host itself cannot send to the pin, as the program asked. */
static ssize_t send_planned(int fd, const struct msghdr *asked, int flags, struct departure *d)
{
	struct msghdr msg = *asked;
	bool moved = d->moved;
	ssize_t r = -1;
	if (d->connected)
		msg.msg_name = NULL, msg.msg_namelen = 0;
	else if (moved)
		msg.msg_name = &d->to;
	if (moved) {
		r = real()->sendmsg(fd, &msg, flags);
		if (r == -1 && d->connected)
			depart_back(fd, d);
		moved = r != -1 || !route_is_local(errno);
	}
	if (!moved)
		r = real()->sendmsg(fd, d->connected ? &msg : asked, flags);
	if (r != -1)
		depart_done(fd, d, moved);
	else if (d->connected)
		datagram_failed(fd, errno);
	return r;
}

static ssize_t send_whole(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen,
			  struct departure *d)
{
	struct iovec whole = {(void *)(uintptr_t)buf, len};
	const struct msghdr msg = {.msg_name = (void *)(uintptr_t)addr, .msg_namelen = addrlen, .msg_iov = &whole,
				   .msg_iovlen = 1};
	return send_planned(fd, &msg, flags, d);
}

static ssize_t sent_unplanned(enum watch w, int fd, const void *buf, ssize_t r, const struct sockaddr *addr,
			      socklen_t addrlen, struct departure *d)
{
	if (w != WATCH_DATAGRAM || r <= 0 || is_dns(fd) || (d->quiet == QUIET_NOT && on_dns_port(addr, addrlen)))
		return sent(w, fd, buf, r, addr, addrlen);
	depart_unplanned(fd, buf, (size_t)r, addr, addrlen, d);
	return r;
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	const enum watch w = watch_socket(fd);
	struct departure d;
	if (w == WATCH_NONE)
		return real()->send(fd, buf, len, flags);
	if (plan(w, fd, buf, len, NULL, 0, &d))
		return send_whole(fd, buf, len, flags, NULL, 0, &d);
	ssize_t r = real()->send(fd, buf, len, flags);
	return passes_by(w, fd, buf, r) ? r : sent_unplanned(w, fd, buf, r, NULL, 0, &d);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	const enum watch w = watch_file(fd);
	struct departure d;
	if (w == WATCH_NONE)
		return real()->write(fd, buf, len);
	if (plan(w, fd, buf, len, NULL, 0, &d))
		return send_whole(fd, buf, len, 0, NULL, 0, &d);
	return sent_unplanned(w, fd, buf, real()->write(fd, buf, len), NULL, 0, &d);
}

EXPORT ssize_t writev(int fd, const struct iovec *piece, int pieces)
{
	const enum watch w = watch_file(fd);
	struct departure d;
	if (w == WATCH_NONE)
		return real()->writev(fd, piece, pieces);
	const struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	if (pieces > 0 && plan_message(w, fd, &msg, &d))
		return send_planned(fd, &msg, 0, &d);
	ssize_t r = real()->writev(fd, piece, pieces);
	return r == -1 ? sent(w, fd, NULL, r, NULL, 0) : sent_message(w, fd, &msg, r);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	const enum watch w = watch_socket(fd);
	struct departure d;
	if (w == WATCH_NONE)
		return real()->sendto(fd, buf, len, flags, addr, addrlen);
	if (plan(w, fd, buf, len, addr, addrlen, &d))
		return send_whole(fd, buf, len, flags, addr, addrlen, &d);
	return sent_unplanned(w, fd, buf, real()->sendto(fd, buf, len, flags, addr, addrlen), addr, addrlen, &d);
}

/* No message can be looked at after a failure: it may be none. */
EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const enum watch w = watch_socket(fd);
	struct departure d;
	if (w == WATCH_NONE)
		return real()->sendmsg(fd, msg, flags);
	if (plan_message(w, fd, msg, &d))
		return send_planned(fd, msg, flags, &d);
	ssize_t r = real()->sendmsg(fd, msg, flags);
	if (r == -1)
		return w == WATCH_DATAGRAM && !d.connected ? r : sent(w, fd, NULL, r, NULL, 0);
	return sent_message(w, fd, msg, r);
}

static int send_run(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	int r = real()->sendmmsg(fd, vec, n, flags);
	for (int i = 0; i < r; i++)
		sent_message(watch_socket(fd), fd, &vec[i].msg_hdr, (ssize_t)vec[i].msg_len);
	return r;
}

/* Those that nothing is planned for go together. Like the kernel's: how many went, or the error of the first. */
static int send_vector(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	unsigned done = 0, next = 0;
	struct departure d;
	do {
		bool planned = false;
		while (next < n && !(planned = plan_message(WATCH_DATAGRAM, fd, &vec[next].msg_hdr, &d)))
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
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->sendmmsg(fd, vec, n, flags);
	return w == WATCH_DATAGRAM ? send_vector(fd, vec, n < UIO_MAXIOV ? n : UIO_MAXIOV, flags)
				   : send_run(fd, vec, n, flags);
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

static void datagram_in(int fd, void *buf, size_t n, struct sender from)
{
	if (is_dns(fd) && (!from.addr || (from.len <= from.room && on_dns_port(from.addr, from.len))))
		dns_received(buf, n);
	else
		datagram_received(fd, buf, n, from.addr, from.len, from.room);
}

/* `r` bytes came into buf, which has room for `size`, or the call failed (-1, errno). Returns r. */
static ssize_t received(enum watch w, int fd, void *buf, size_t size, ssize_t r, int flags, struct sender from)
{
	size_t n = r < 0 ? 0 : (size_t)r < size ? (size_t)r : size;
	if (w == WATCH_UNKNOWN)
		w = n > 0 && !(flags & MSG_ERRQUEUE) ? ask(fd, buf, n, false)
		    : r == -1                        ? unknown_failed(fd)
						     : WATCH_NONE;
	if (w == WATCH_STREAM)
		return stream_received(fd, buf, r, flags);
	if (w == WATCH_NONE || (flags & MSG_ERRQUEUE))
		return r;
	if (r == -1)
		datagram_failed(fd, errno);
	else if (r > 0 || from.addr)
		datagram_in(fd, buf, n, from);
	return r;
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->recv(fd, buf, len, flags);
	ssize_t r = real()->recv(fd, buf, len, flags);
	if (r <= 0 && passes_by(w, fd, buf, r))
		return r;
	return received(w, fd, buf, len, r, flags, (struct sender){0});
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	const enum watch w = watch_file(fd);
	if (w == WATCH_NONE)
		return real()->read(fd, buf, len);
	return received(w, fd, buf, len, real()->read(fd, buf, len), 0, (struct sender){0});
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	const socklen_t room = addr && w != WATCH_STREAM ? room_of(addrlen) : 0;
	ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	return received(w, fd, buf, len, r, flags, r >= 0 && addr ? (struct sender){addr, *addrlen, room} : (struct sender){0});
}

/* Of a call that succeeded. */
static ssize_t received_message(enum watch w, int fd, struct msghdr *msg, socklen_t room, ssize_t r, int flags)
{
	const struct iovec *head = msg->msg_iovlen ? msg->msg_iov : NULL;
	if (w == WATCH_UNKNOWN && r > 0 && head && !(flags & MSG_ERRQUEUE))
		w = ask(fd, head->iov_base, head->iov_len < (size_t)r ? head->iov_len : (size_t)r, false);
	if (w == WATCH_STREAM)
		return stream_received_message(fd, msg, r, flags);
	if (w == WATCH_DATAGRAM && (flags & MSG_ERRQUEUE))
		datagram_error(fd, msg, room);
	else if (w == WATCH_DATAGRAM && head)
		received(w, fd, head->iov_base, head->iov_len, r, flags,
			 (struct sender){msg->msg_name, msg->msg_namelen, room});
	return r;
}

EXPORT ssize_t readv(int fd, const struct iovec *piece, int pieces)
{
	const enum watch w = watch_file(fd);
	if (w == WATCH_NONE)
		return real()->readv(fd, piece, pieces);
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	ssize_t r = real()->readv(fd, piece, pieces);
	return r == -1 ? received(w, fd, NULL, 0, r, 0, (struct sender){0}) : received_message(w, fd, &msg, 0, r, 0);
}

/* Descriptors come through any UNIX socket (SCM_RIGHTS, unix(7)). */
static ssize_t look_for_handed(const struct msghdr *msg, ssize_t r)
{
	if (r >= 0 && msg->msg_controllen >= CMSG_LEN(sizeof(int)))
		stream_handed(msg);
	return r;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return look_for_handed(msg, real()->recvmsg(fd, msg, flags));
	const socklen_t room = msg && w != WATCH_STREAM ? room_of(&msg->msg_namelen) : 0;
	ssize_t r = look_for_handed(msg, real()->recvmsg(fd, msg, flags));
	return r == -1 ? received(w, fd, NULL, 0, r, flags, (struct sender){0})
		       : received_message(w, fd, msg, room, r, flags);
}

enum { ROOMS = 1024 };			/* UIO_MAXIOV: the kernel takes no more (recvmmsg(2)) */

EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->recvmmsg(fd, vec, n, flags, timeout);
	socklen_t rooms[ROOMS];
	for (unsigned i = 0; i < n && i < ROOMS; i++)
		rooms[i] = w == WATCH_STREAM ? 0 : room_of(&vec[i].msg_hdr.msg_namelen);
	int r = real()->recvmmsg(fd, vec, n, flags, timeout);
	if (r == -1)
		received(w, fd, NULL, 0, -1, flags, (struct sender){0});
	for (int i = 0; i < r && i < ROOMS; i++)
		received_message(watch_socket(fd), fd, &vec[i].msg_hdr, rooms[i], (ssize_t)vec[i].msg_len, flags);
	return r;
}

/* ---- the fortified ones: libc checks the sizes, so it is its own that are called ---- */

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,
			      socklen_t *addrlen);
EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
	if (watch_socket(fd) == WATCH_NONE || len > size)
		return real()->__recv_chk(fd, buf, len, size, flags);
	return recv(fd, buf, len, flags);
}

ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (watch_socket(fd) == WATCH_NONE || len > size)
		return real()->__recvfrom_chk(fd, buf, len, size, flags, addr, addrlen);
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (watch_file(fd) == WATCH_NONE || len > size)
		return real()->__read_chk(fd, buf, len, size);
	return read(fd, buf, len);
}
