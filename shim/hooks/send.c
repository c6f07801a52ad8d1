/*
 * send.c: the exported symbols that send: datagrams, and streams.
 *
 * An fd that is none of ours costs one load and a tail call. A UDP socket becomes
 * FD_DNS when it is connected to a DNS port or a datagram goes there: then queries are
 * remembered before they go out. Other datagrams are shown to send.h before they go,
 * since they may be steered, and to outcome.h; what goes through connections to
 * candidates and DNS servers to sip.h.
 * What the program passed is looked at after the kernel took it, or asked about first
 * (memory.h), so a bad pointer is the kernel's to refuse.
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
#include "shim/core/way.h"
#include "shim/hooks/passing.h"
#include "shim/tcp/onset.h"
#include "shim/udp/outcome.h"
#include "shim/udp/send.h"

static void datagram_out(int fd, const void *buf, size_t n, const struct sockaddr *addr, socklen_t len)
{
	if (on_dns_port(addr, len))
		fd_set_class(fd, FD_DNS);
	if (is_dns(fd))
		dns_sent(buf, n, peer_key(fd, addr, len));
	else
		datagram_sent(fd, buf, n, addr, len);
}

/* `r` bytes of buf were sent, or the call failed (-1, errno). Returns r. */
static ssize_t sent(enum watch w, int fd, const void *buf, ssize_t r, const struct sockaddr *addr, socklen_t len)
{
	if (w == WATCH_UNKNOWN)
		w = r > 0     ? watch_ask(fd, buf, (size_t)r, on_dns_port(addr, len))
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

/* Where it is to go; NULL: to the connected peer, as with an address of no bytes (sendmsg(2) takes it for none). */
static const struct sockaddr *name_of(const struct msghdr *msg) { return msg->msg_namelen ? msg->msg_name : NULL; }

/* A DNS query, or a SIP message whose header is cut. */
static __attribute__((noinline)) void sent_pieces(int fd, const struct msghdr *msg, size_t len)
{
	char whole[PIECES_MAX];
	const size_t n = pieces_join(msg->msg_iov, msg->msg_iovlen, len, whole);
	sent(WATCH_DATAGRAM, fd, whole, (ssize_t)n, name_of(msg), msg->msg_namelen);
}

/* Otherwise they are sent over UDP in one piece, or as a head and a body: the head says it. */
static ssize_t sent_message(enum watch w, int fd, const struct msghdr *msg, ssize_t r)
{
	const struct iovec *head = r > 0 && msg->msg_iovlen ? msg->msg_iov : NULL;
	size_t n = head && head->iov_len < (size_t)r ? head->iov_len : r > 0 ? (size_t)r : 0;
	if (w == WATCH_UNKNOWN)
		w = head ? watch_ask(fd, head->iov_base, n, on_dns_port(name_of(msg), msg->msg_namelen)) : WATCH_NONE;
	if (w == WATCH_STREAM)
		return stream_sent_message(fd, msg, r);
	if (w == WATCH_DATAGRAM && msg->msg_iovlen > 1 && head && (is_dns(fd) || pieces_cut(head->iov_base, n)))
		sent_pieces(fd, msg, (size_t)r);
	else if (head)
		sent(w, fd, head->iov_base, (ssize_t)n, name_of(msg), msg->msg_namelen);
	return r;
}

/* ---- datagrams that are planned for ---- */

static __attribute__((noinline)) void query_in_pieces(const struct iovec *piece, size_t pieces, uint64_t server)
{
	char whole[PIECES_MAX];
	if (pieces <= UIO_MAXIOV && memory_readable(piece, pieces * sizeof *piece) && pieces_readable(piece, pieces))
		dns_sent(whole, pieces_join(piece, pieces, SIZE_MAX, whole), server);
}

/*
 * A query is noted before it goes, since its answer may be read by another thread at once. What cannot be looked at so
 * soon is noted when it has gone.
 */
static void query_goes(int fd, const struct iovec *piece, size_t pieces, const struct sockaddr *addr, socklen_t len)
{
	const size_t head = piece->iov_len < PIECES_MAX ? piece->iov_len : PIECES_MAX;	/* its question is in there */
	if (addr && !(len <= sizeof(struct sockaddr_storage) && memory_readable(addr, len) && on_dns_port(addr, len)))
		return;
	if (!(addr || is_dns(fd)) || !memory_readable(piece->iov_base, head))
		return;
	fd_set_class(fd, FD_DNS);
	const uint64_t server = peer_key(fd, addr, len);
	if (pieces > 1)
		query_in_pieces(piece, pieces, server);
	else
		dns_sent(piece->iov_base, head, server);
}

/* *d is good for sent_unplanned() if not. */
static bool plan(enum watch w, int fd, const struct iovec *piece, size_t pieces, const struct sockaddr *addr,
		 socklen_t addrlen, struct udp_send *d)
{
	const void *buf = piece->iov_base;
	const size_t head = piece->iov_len < SIP_SHORTEST ? piece->iov_len : SIP_SHORTEST;
	d->steady = STEADY_NOT;
	d->connected = false;
	/* Inherited, or a vfork child closed its own under this number: already its first request is to go to the pin. */
	if (w == WATCH_UNKNOWN && send_possible() && memory_readable(buf, head))
		w = watch_ask(fd, buf, head, false);
	if (w != WATCH_DATAGRAM || !send_possible())
		return false;
	if ((addr || !is_dns(fd)) && send_plan(fd, piece, pieces, addr, addrlen, d))
		return true;
	if (d->steady == STEADY_NOT)
		query_goes(fd, piece, pieces, addr, addrlen);
	return false;
}

static bool plan_whole(enum watch w, int fd, const void *buf, size_t len, const struct sockaddr *addr, socklen_t addrlen,
		       struct udp_send *d)
{
	return plan(w, fd, &(struct iovec){(void *)(uintptr_t)buf, len}, 1, addr, addrlen, d);
}

static bool plan_message(enum watch w, int fd, const struct msghdr *msg, struct udp_send *d)
{
	d->connected = false;
	return (w == WATCH_DATAGRAM || w == WATCH_UNKNOWN) && send_possible() && memory_readable(msg, sizeof *msg) &&
	       msg->msg_iovlen &&
	       memory_readable(msg->msg_iov, sizeof *msg->msg_iov) &&
	       plan(w, fd, msg->msg_iov, msg->msg_iovlen, name_of(msg), msg->msg_namelen, d);
}

/* A message that begins a connection may show that it belongs elsewhere. False: nothing can be sent there. */
static bool stream_ready_for(enum watch w, int fd, const void *buf, size_t len)
{
	return w != WATCH_STREAM || !onset_due(fd) || onset_sends(fd, &(struct iovec){(void *)(uintptr_t)buf, len}, 1);
}

static bool stream_ready_for_message(enum watch w, int fd, const struct msghdr *msg)
{
	return w != WATCH_STREAM || !onset_due(fd) || !memory_readable(msg, sizeof *msg) || msg->msg_iovlen == 0 ||
	       !memory_readable(msg->msg_iov, sizeof *msg->msg_iov) || onset_sends(fd, msg->msg_iov, msg->msg_iovlen);
}

/*
 * The system call that the program made: with another one a sealed program (seccomp(2)) would end, and other
 * arguments might be good. write(2) and writev(2) go to the connected peer, and take no flags.
 */
typedef ssize_t send_call(int fd, const struct msghdr *msg, int flags);

static ssize_t by_sendmsg(int fd, const struct msghdr *msg, int flags) { return real()->sendmsg(fd, msg, flags); }

static ssize_t by_sendmmsg(int fd, const struct msghdr *msg, int flags)
{
	struct mmsghdr one = {.msg_hdr = *msg};
	return real()->sendmmsg(fd, &one, 1, flags) == 1 ? (ssize_t)one.msg_len : -1;
}

static ssize_t by_sendto(int fd, const struct msghdr *msg, int flags)
{
	return real()->sendto(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, flags, msg->msg_name, msg->msg_namelen);
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

/* Sends what was planned; where the host itself cannot send to the pin, as the program asked. */
static ssize_t send_planned(send_call *call, int fd, const struct msghdr *asked, int flags, struct udp_send *d)
{
	struct msghdr msg = *asked;
	bool moved = d->moved;
	ssize_t r = -1;
	if (d->connected)
		msg.msg_name = NULL, msg.msg_namelen = 0;
	else if (moved)
		msg.msg_name = &d->to;
	if (moved) {
		r = call(fd, &msg, flags);
		if (r == -1 && d->connected)
			send_back(fd, d);
		moved = r != -1 || !way_is_missing(errno, &d->actual.addr);
	}
	if (!moved)
		r = call(fd, d->connected ? &msg : asked, flags);
	if (r != -1)
		send_done(fd, d, moved);
	else if (d->connected)
		datagram_failed(fd, errno);
	return r;
}

static ssize_t send_whole(send_call *call, int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
			  socklen_t addrlen, struct udp_send *d)
{
	struct iovec whole = {(void *)(uintptr_t)buf, len};
	const struct msghdr msg = {.msg_name = (void *)(uintptr_t)addr, .msg_namelen = addrlen, .msg_iov = &whole,
				   .msg_iovlen = 1};
	return send_planned(call, fd, &msg, flags, d);
}

static ssize_t sent_unplanned(enum watch w, int fd, const void *buf, ssize_t r, const struct sockaddr *addr,
			      socklen_t addrlen, struct udp_send *d)
{
	if (w != WATCH_DATAGRAM || r <= 0 || is_dns(fd) || (d->steady == STEADY_NOT && on_dns_port(addr, addrlen)))
		return sent(w, fd, buf, r, addr, addrlen);
	send_unplanned(fd, buf, (size_t)r, addr, addrlen, d);
	return r;
}

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	const enum watch w = watch_socket(fd);
	struct udp_send d;
	if (w == WATCH_NONE)
		return real()->send(fd, buf, len, flags);
	if (!stream_ready_for(w, fd, buf, len))
		return -1;
	if (plan_whole(w, fd, buf, len, NULL, 0, &d))
		return send_whole(by_sendto, fd, buf, len, flags, NULL, 0, &d);
	ssize_t r = real()->send(fd, buf, len, flags);
	return passes_by(w, fd, buf, r) ? r : sent_unplanned(w, fd, buf, r, NULL, 0, &d);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	const enum watch w = watch_file(fd);
	struct udp_send d;
	if (w == WATCH_NONE)
		return real()->write(fd, buf, len);
	if (!stream_ready_for(w, fd, buf, len))
		return -1;
	if (plan_whole(w, fd, buf, len, NULL, 0, &d))
		return send_whole(by_write, fd, buf, len, 0, NULL, 0, &d);
	return sent_unplanned(w, fd, buf, real()->write(fd, buf, len), NULL, 0, &d);
}

EXPORT ssize_t writev(int fd, const struct iovec *piece, int pieces)
{
	const enum watch w = watch_file(fd);
	struct udp_send d;
	if (w == WATCH_NONE)
		return real()->writev(fd, piece, pieces);
	const struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)pieces};
	if (pieces > 0 && !stream_ready_for_message(w, fd, &msg))
		return -1;
	if (pieces > 0 && plan_message(w, fd, &msg, &d))
		return send_planned(by_writev, fd, &msg, 0, &d);
	ssize_t r = real()->writev(fd, piece, pieces);
	return r == -1 ? sent(w, fd, NULL, r, NULL, 0) : sent_message(w, fd, &msg, r);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	const enum watch w = watch_socket(fd);
	struct udp_send d;
	if (w == WATCH_NONE)
		return real()->sendto(fd, buf, len, flags, addr, addrlen);
	if (!stream_ready_for(w, fd, buf, len))
		return -1;
	if (plan_whole(w, fd, buf, len, addr, addrlen, &d))
		return send_whole(by_sendto, fd, buf, len, flags, addr, addrlen, &d);
	return sent_unplanned(w, fd, buf, real()->sendto(fd, buf, len, flags, addr, addrlen), addr, addrlen, &d);
}

/* No message can be looked at after a failure: it may be none. */
EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const enum watch w = watch_socket(fd);
	struct udp_send d;
	if (w == WATCH_NONE)
		return real()->sendmsg(fd, msg, flags);
	if (!stream_ready_for_message(w, fd, msg))
		return -1;
	if (plan_message(w, fd, msg, &d))
		return send_planned(by_sendmsg, fd, msg, flags, &d);
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
	struct udp_send d;
	do {
		bool planned = false;
		while (next < n && !(planned = plan_message(WATCH_DATAGRAM, fd, &vec[next].msg_hdr, &d)))
			next++;
		int r = next > done || n == 0 ? send_run(fd, vec + done, next - done, flags) : 0;
		done += r > 0 ? (unsigned)r : 0;
		if (r == -1 || done < next || !planned)
			break;
		ssize_t len = send_planned(by_sendmmsg, fd, &vec[done].msg_hdr, flags, &d);
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
