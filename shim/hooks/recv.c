/*
 * recv.c: the exported symbols that receive: datagrams, and streams.
 *
 * What is none of ours passes by a tail call. For the rest io.h sees what came. Answers of DNS servers are put in the
 * pin's order as they come in (dns.h). A reply to a redirected datagram gets the address that the program sent to.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/core/peername.h"
#include "shim/core/shared.h"
#include "shim/hooks/io.h"
#include "shim/tcp/descriptor.h"

/* `r` bytes came into buf, which has room for `len`. addr is NULL, or the sender's. */
static ssize_t received(enum traffic w, int fd, void *buf, size_t len, ssize_t r, int flags, struct sockaddr *addr,
			socklen_t addrlen, socklen_t room)
{
	if (r > 0 && !(flags & (MSG_ERRQUEUE | MSG_TRUNC)) && plain_bytes(w, buf, (size_t)r))
		return r;
	struct iovec whole = {buf, len};
	struct msghdr msg = {.msg_name = addr, .msg_namelen = addrlen, .msg_iov = &whole, .msg_iovlen = 1};
	return io_received(w, fd, &msg, room, r, flags);
}

/*
 * A datagram for a program that does not ask who sent it. We ask, since only a server that was asked is believed. A socket
 * may become one that speaks DNS while its reader waits: another thread sends the question.
 */
static ssize_t received_unasked(int fd, void *buf, size_t len, int flags)
{
	struct sockaddr_storage sa = {0};
	socklen_t sa_len = sizeof sa;
	struct sockaddr *const addr = (struct sockaddr *)&sa;
	const ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, &sa_len);
	return received(TRAFFIC_DATAGRAM, fd, buf, len, r, flags, sa_len ? addr : NULL, sa_len, sizeof sa);
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return real()->recv(fd, buf, len, flags);
	if (w == TRAFFIC_DATAGRAM && len > 0)
		return received_unasked(fd, buf, len, flags);
	return received(w, fd, buf, len, real()->recv(fd, buf, len, flags), flags, NULL, 0, 0);
}

/* A datagram of no bytes is read by recv(2), and not by a read(2) of no bytes. */
EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	const enum traffic w = traffic_file(fd);
	if (w == TRAFFIC_NONE)
		return real()->read(fd, buf, len);
	if (w == TRAFFIC_DATAGRAM && len > 0)
		return received_unasked(fd, buf, len, 0);
	return received(w, fd, buf, len, real()->read(fd, buf, len), 0, NULL, 0, 0);
}

EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	if (!addr && w == TRAFFIC_DATAGRAM && len > 0)
		return received_unasked(fd, buf, len, flags);
	const socklen_t room = addr && w != TRAFFIC_STREAM ? io_room(addrlen) : 0;
	const ssize_t r = real()->recvfrom(fd, buf, len, flags, addr, addrlen);
	return received(w, fd, buf, len, r, flags, addr, r >= 0 && addr ? *addrlen : 0, room);
}

EXPORT ssize_t readv(int fd, const struct iovec *piece, int pieces)
{
	const enum traffic w = traffic_file(fd);
	if (w == TRAFFIC_NONE || pieces <= 0)
		return real()->readv(fd, piece, pieces);
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	return io_received(w, fd, &msg, 0, real()->readv(fd, piece, pieces), 0);
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
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return look_for_handed(msg, real()->recvmsg(fd, msg, flags));
	const socklen_t room = msg && w != TRAFFIC_STREAM ? io_room(&msg->msg_namelen) : 0;
	return io_received(w, fd, msg, room, look_for_handed(msg, real()->recvmsg(fd, msg, flags)), flags);
}

enum { UNKNOWN_BYTE = UINT8_MAX };

/* A room in a byte, since stacks are small: more than an address can take is as good as that. */
static uint8_t room_byte(socklen_t room)
{
	_Static_assert(sizeof(struct sockaddr_storage) < UNKNOWN_BYTE, "it fits");
	if (room == PEERNAME_ROOM_UNKNOWN)
		return UNKNOWN_BYTE;
	return (uint8_t)(room < sizeof(struct sockaddr_storage) ? room : sizeof(struct sockaddr_storage));
}

EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned n, int flags, struct timespec *timeout)
{
	const enum traffic w = traffic_socket(fd);
	if (w == TRAFFIC_NONE)
		return real()->recvmmsg(fd, vec, n, flags, timeout);
	uint8_t rooms[UIO_MAXIOV];	/* the kernel takes no more messages (recvmmsg(2)) */
	for (unsigned i = 0; i < n && i < UIO_MAXIOV; i++)
		rooms[i] = w == TRAFFIC_STREAM ? 0 : room_byte(io_room(&vec[i].msg_hdr.msg_namelen));
	const int r = real()->recvmmsg(fd, vec, n, flags, timeout);
	if (r == -1)
		io_received(w, fd, NULL, 0, -1, flags);
	for (int i = 0; i < r && i < UIO_MAXIOV; i++)
		io_received(traffic_socket(fd), fd, &vec[i].msg_hdr,
				 rooms[i] == UNKNOWN_BYTE ? PEERNAME_ROOM_UNKNOWN : rooms[i], (ssize_t)vec[i].msg_len, flags);
	return r;
}

/* ---- the fortified ones: libc checks the sizes, so it is its own that are called ---- */

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr,
			      socklen_t *addrlen);
EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
	if (traffic_socket(fd) == TRAFFIC_NONE || len > size)
		return real()->__recv_chk(fd, buf, len, size, flags);
	return recv(fd, buf, len, flags);
}

ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	if (traffic_socket(fd) == TRAFFIC_NONE || len > size)
		return real()->__recvfrom_chk(fd, buf, len, size, flags, addr, addrlen);
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (traffic_file(fd) == TRAFFIC_NONE || len > size)
		return real()->__read_chk(fd, buf, len, size);
	return read(fd, buf, len);
}
