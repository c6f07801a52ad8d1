/*
 * recv.c: the exported symbols that receive: datagrams, and streams.
 *
 * An fd that is none of ours costs one load and a tail call. Answers of DNS servers are
 * led as they come in (dns.h), and what answers a datagram that was steered is made to
 * come from where the program sent it (outcome.h); streams are for sip.h. What the
 * program passed is looked at after the kernel took it, or asked about first (memory.h).
 */
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/core/peername.h"
#include "shim/core/pieces.h"
#include "shim/core/shared.h"
#include "shim/hooks/passing.h"
#include "shim/udp/outcome.h"
#include "shim/udp/peer.h"

/*
 * How many bytes of an address the program takes: known only before the call, which
 * writes over it. While nothing was steered it need not be known for certain: the
 * address's own length does.
 */
static socklen_t room_of(const socklen_t *len)
{
	if (len && memory_near(len, sizeof *len))
		return *len;
	if (!redirected_any())
		return PEERNAME_ROOM_UNKNOWN;
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
		dns_received(buf, n, peer_key(fd, from.addr, from.len));
	else
		datagram_received(fd, buf, n, from.addr, from.len, from.room);
}

/*
 * Can what a call with these flags received be told from the bytes? Of the error queue it is our own that came back;
 * with MSG_TRUNC a TCP socket threw them away (tcp(7)), and there may be no buffer at all.
 */
static bool shows(int flags) { return !(flags & (MSG_ERRQUEUE | MSG_TRUNC)); }

/* `r` bytes came into buf, which has room for `size`, or the call failed (-1, errno). Returns r. */
static ssize_t received(enum watch w, int fd, void *buf, size_t size, ssize_t r, int flags, struct sender from)
{
	size_t n = r < 0 ? 0 : (size_t)r < size ? (size_t)r : size;
	if (w == WATCH_UNKNOWN)
		w = n > 0 && shows(flags) ? watch_ask(fd, buf, n, false)
		    : r == -1             ? unknown_failed(fd)
					  : WATCH_NONE;
	if (w == WATCH_STREAM)
		return r == 0 && size == 0 ? r : stream_received(fd, buf, r, flags);
	if (w == WATCH_NONE || (flags & MSG_ERRQUEUE))
		return r;
	if (r == -1)
		datagram_failed(fd, errno);
	else if (r > 0 || from.addr)
		datagram_in(fd, buf, n, from);
	return r;
}

/* A program that does not ask who answered: we do, since only who was asked is believed. */
static ssize_t received_unasked(int fd, void *buf, size_t len, int flags)
{
	struct sockaddr_storage sa = {0};
	socklen_t sa_len = sizeof sa;
	struct sockaddr *const addr = (struct sockaddr *)&sa;
	const ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, &sa_len);
	const struct sender from = {addr, sa_len, sizeof sa};
	return received(WATCH_DATAGRAM, fd, buf, len, r, flags, r >= 0 && sa_len ? from : (struct sender){0});
}

/*
 * A socket may become one that speaks DNS while its reader waits: another thread sends the question. A datagram of no bytes
 * is read by recv(2) and not by read(2).
 */
static inline bool is_unasked(enum watch w, size_t len) { return w == WATCH_DATAGRAM && len > 0; }

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->recv(fd, buf, len, flags);
	if (is_unasked(w, len))
		return received_unasked(fd, buf, len, flags);
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
	if (is_unasked(w, len))
		return received_unasked(fd, buf, len, 0);
	return received(w, fd, buf, len, real()->read(fd, buf, len), 0, (struct sender){0});
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	if (!addr && is_unasked(w, len))
		return received_unasked(fd, buf, len, flags);
	const socklen_t room = addr && w != WATCH_STREAM ? room_of(addrlen) : 0;
	ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	return received(w, fd, buf, len, r, flags, r >= 0 && addr ? (struct sender){addr, *addrlen, room} : (struct sender){0});
}

static struct sender sender_of(const struct msghdr *msg, socklen_t room)
{
	return (struct sender){msg->msg_name, msg->msg_namelen, room};
}

/* A DNS answer. What was led is put back where it came from. */
static __attribute__((noinline)) void answer_in_pieces(int fd, const struct msghdr *msg, socklen_t room, size_t len)
{
	char whole[PIECES_MAX];
	const size_t n = pieces_join(msg->msg_iov, msg->msg_iovlen, len, whole);
	datagram_in(fd, whole, n, sender_of(msg, room));
	pieces_split(msg->msg_iov, msg->msg_iovlen, whole, n);
}

/* A SIP message whose header is cut. What it is copied to is off the stack when it is judged. */
static __attribute__((noinline)) bool message_in_pieces(const struct msghdr *msg, size_t len, struct sip_message *m)
{
	char whole[PIECES_MAX];
	const size_t n = pieces_join(msg->msg_iov, msg->msg_iovlen, len, whole);
	return sip_looks(whole, n) && sip_parse_datagram(whole, n, m);
}

static void received_pieces(int fd, const struct msghdr *msg, socklen_t room, size_t len)
{
	struct sip_message m;
	if (is_dns(fd))
		answer_in_pieces(fd, msg, room, len);
	else if (message_in_pieces(msg, len, &m))
		datagram_message(fd, &m, msg->msg_name, msg->msg_namelen, room);
	else
		datagram_in(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, sender_of(msg, room));
}

/* Of a call that succeeded. */
static ssize_t received_message(enum watch w, int fd, struct msghdr *msg, socklen_t room, ssize_t r, int flags)
{
	const struct iovec *head = msg->msg_iovlen ? msg->msg_iov : NULL;
	const size_t n = !head ? 0 : head->iov_len < (size_t)r ? head->iov_len : (size_t)r;
	if (w == WATCH_UNKNOWN && r > 0 && head && shows(flags))
		w = watch_ask(fd, head->iov_base, n, false);
	if (w == WATCH_STREAM)
		return r == 0 && !(head && head->iov_len) ? r : stream_received_message(fd, msg, r, flags);
	if (w == WATCH_DATAGRAM && (flags & MSG_ERRQUEUE))
		datagram_error(fd, msg, n, room);
	else if (w == WATCH_DATAGRAM && head && head->iov_len < (size_t)r && msg->msg_iovlen > 1 &&
		 (is_dns(fd) || pieces_cut(head->iov_base, head->iov_len)))
		received_pieces(fd, msg, room, (size_t)r);
	else if (w == WATCH_DATAGRAM && head)
		received(w, fd, head->iov_base, head->iov_len, r, flags, sender_of(msg, room));
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
		descriptors_handed(msg);
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

enum { ROOMS = 1024, UNKNOWN_BYTE = UINT8_MAX };	/* UIO_MAXIOV: the kernel takes no more (recvmmsg(2)) */

/* A room in a byte, since stacks are small: more than an address can take is as good as that. */
static uint8_t room_byte(socklen_t room)
{
	_Static_assert(sizeof(struct sockaddr_storage) < UNKNOWN_BYTE, "it fits");
	if (room == PEERNAME_ROOM_UNKNOWN)
		return UNKNOWN_BYTE;
	return (uint8_t)(room < sizeof(struct sockaddr_storage) ? room : sizeof(struct sockaddr_storage));
}

static socklen_t room_from(uint8_t byte) { return byte == UNKNOWN_BYTE ? PEERNAME_ROOM_UNKNOWN : byte; }

EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout)
{
	const enum watch w = watch_socket(fd);
	if (w == WATCH_NONE)
		return real()->recvmmsg(fd, vec, n, flags, timeout);
	uint8_t rooms[ROOMS];
	for (unsigned i = 0; i < n && i < ROOMS; i++)
		rooms[i] = w == WATCH_STREAM ? 0 : room_byte(room_of(&vec[i].msg_hdr.msg_namelen));
	int r = real()->recvmmsg(fd, vec, n, flags, timeout);
	if (r == -1)
		received(w, fd, NULL, 0, -1, flags, (struct sender){0});
	for (int i = 0; i < r && i < ROOMS; i++)
		received_message(watch_socket(fd), fd, &vec[i].msg_hdr, room_from(rooms[i]), (ssize_t)vec[i].msg_len, flags);
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
