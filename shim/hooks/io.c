/* io.c: see io.h. */
#include "shim/hooks/io.h"

#include <errno.h>
#include <stdint.h>

#include "policy/base/endpoint.h"
#include "policy/wire/dns-message.h"
#include "policy/wire/sip-message.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/core/peername.h"
#include "shim/core/pieces.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/way.h"
#include "shim/lookup/dns-tcp.h"
#include "shim/lookup/dns.h"
#include "shim/tcp/descriptor.h"
#include "shim/tcp/onset.h"
#include "shim/tcp/sip.h"
#include "shim/tcp/stream.h"
#include "shim/udp/outcome.h"
#include "shim/udp/peer.h"
#include "shim/udp/send.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Where a message is to go; NULL: to the connected peer, as with an address of no bytes (sendmsg(2)). */
static const struct sockaddr *name_of(const struct msghdr *msg) { return msg->msg_namelen ? msg->msg_name : NULL; }

static bool is_dns(int fd) { return fd_class(fd) == FD_DNS; }

static bool on_dns_port(const struct sockaddr *addr, socklen_t len)
{
	struct endpoint e;
	return addr && endpoint_from_sockaddr(addr, len, &e) && dns_port(e.port);
}

/* A socket that was not seen being made carried these bytes: what is it? Costs a comparison if they are none of ours. */
static enum traffic traffic_ask(int fd, const void *p, size_t len, bool to_dns)
{
	int saved = errno;
	if (!to_dns && !sip_looks(p, len) && !dns_looks(p, len))
		return TRAFFIC_NONE;
	descriptor_ask(fd);
	errno = saved;
	return traffic_file(fd);
}

/* A connection to a DNS server: from its first query on, which tells that a connect in flight is over. */
static bool is_dns_stream(int fd)
{
	int saved = errno;
	if (fd_class(fd) == FD_PENDING && dnstcp_any())
		stream_error_read(fd, 0);
	errno = saved;
	return fd_class(fd) == FD_DNS_STREAM;
}

/* ---- out ---- */

static bool readable(const struct msghdr *msg)
{
	return memory_readable(msg, sizeof *msg) && msg->msg_iovlen && memory_readable(msg->msg_iov, sizeof *msg->msg_iov);
}

static __attribute__((noinline)) void query_in_pieces(const struct msghdr *msg, uint64_t server)
{
	char whole[PIECES_MAX];
	const struct iovec *piece = msg->msg_iov;
	const size_t pieces = msg->msg_iovlen;
	if (pieces <= UIO_MAXIOV && memory_readable(piece, pieces * sizeof *piece) && pieces_readable(piece, pieces))
		dns_sent(whole, pieces_join(piece, pieces, SIZE_MAX, whole), server);
}

/*
 * A query is noted before it goes, since another thread may read its answer at once. What cannot be looked at so soon is
 * noted when it has gone.
 */
static void query_goes(int fd, const struct msghdr *msg)
{
	const struct sockaddr *to = name_of(msg);
	const socklen_t len = msg->msg_namelen;
	const void *buf = msg->msg_iov->iov_base;
	const size_t head = least(msg->msg_iov->iov_len, PIECES_MAX);	/* its question is in there */
	if (to && !(len <= sizeof(struct sockaddr_storage) && memory_readable(to, len) && on_dns_port(to, len)))
		return;
	if (!(to || is_dns(fd)) || !memory_readable(buf, head))
		return;
	fd_set_class(fd, FD_DNS);
	if (msg->msg_iovlen > 1)
		query_in_pieces(msg, peer_key(fd, to, len));
	else
		dns_sent(buf, head, peer_key(fd, to, len));
}

/*
 * What the bytes that are about to go tell of a socket that was not seen being made: it was inherited, or a vfork child
 * closed its own under this number. Already its first request is to go to the pin. TRAFFIC_UNKNOWN: look when they have gone.
 */
static enum traffic traffic_before(int fd, const struct msghdr *msg)
{
	if (!send_possible() || !readable(msg))
		return TRAFFIC_UNKNOWN;
	const void *buf = msg->msg_iov->iov_base;
	const size_t head = least(msg->msg_iov->iov_len, WIRE_HEADER + 1);
	if (!memory_readable(buf, head))
		return TRAFFIC_UNKNOWN;
	const enum traffic w = traffic_ask(fd, buf, head, false);
	return w == TRAFFIC_NONE && name_of(msg) ? TRAFFIC_UNKNOWN : w;
}

/* Is there something to decide about where a datagram goes? If not, *d is good for sent(). */
static bool plan(enum traffic w, int fd, const struct msghdr *msg, struct udp_send *d)
{
	d->steady = STEADY_NOT;
	d->connected = false;
	if (w != TRAFFIC_DATAGRAM || !send_possible() || !readable(msg))
		return false;
	if ((name_of(msg) || !is_dns(fd)) &&
	    send_plan(fd, msg->msg_iov, msg->msg_iovlen, name_of(msg), msg->msg_namelen, d))
		return true;
	if (d->steady == STEADY_NOT)
		query_goes(fd, msg);
	return false;
}

/* Sends what was planned. Where the host itself cannot send to the pin, it goes where the program said. */
static ssize_t send_planned(send_call *call, int fd, const struct msghdr *original, int flags, struct udp_send *d)
{
	struct msghdr msg = *original;
	bool redirected = d->redirected;
	ssize_t r = -1;
	if (d->connected)
		msg.msg_name = NULL, msg.msg_namelen = 0;
	else if (redirected)
		msg.msg_name = &d->to;
	if (redirected) {
		r = call(fd, &msg, flags);
		if (r == -1 && d->connected)
			send_back(fd, d);
		redirected = r != -1 || !way_is_missing(errno, &d->actual.addr);
	}
	if (!redirected)
		r = call(fd, d->connected ? &msg : original, flags);
	if (r != -1)
		send_done(fd, d, redirected);
	else if (d->connected)
		datagram_failed(fd, errno);
	return r;
}

/* `dns`: a server of DNS was asked. */
static void datagram_out(int fd, bool dns, const void *buf, size_t len, const struct msghdr *msg, struct udp_send *d)
{
	if (!dns) {
		send_unplanned(fd, buf, len, name_of(msg), msg->msg_namelen, d);
		return;
	}
	fd_set_class(fd, FD_DNS);
	dns_sent(buf, len, peer_key(fd, name_of(msg), msg->msg_namelen));
}

/* A DNS query, or a SIP message whose header is cut. */
static __attribute__((noinline)) void pieces_out(int fd, bool dns, size_t len, const struct msghdr *msg, struct udp_send *d)
{
	char whole[PIECES_MAX];
	const size_t n = pieces_join(msg->msg_iov, msg->msg_iovlen, len, whole);
	datagram_out(fd, dns, whole, n, msg, d);
}

/* `len` bytes of `msg` were sent without a plan. A message over UDP is in one piece, or a head and a body: the head tells. */
static void sent(enum traffic w, int fd, const struct msghdr *msg, size_t len, struct udp_send *d)
{
	const void *head = msg->msg_iov->iov_base;
	const size_t n = least(msg->msg_iov->iov_len, len);
	if (w == TRAFFIC_UNKNOWN)
		w = traffic_ask(fd, head, n, on_dns_port(name_of(msg), msg->msg_namelen));
	if (w == TRAFFIC_STREAM && is_dns_stream(fd))
		dnstcp_sent(fd, msg->msg_iov, msg->msg_iovlen, len);
	else if (w == TRAFFIC_STREAM)
		stream_sent(fd, msg, (ssize_t)len);
	if (w != TRAFFIC_DATAGRAM)
		return;
	const bool dns = is_dns(fd) || (d->steady == STEADY_NOT && on_dns_port(name_of(msg), msg->msg_namelen));
	if (msg->msg_iovlen > 1 && (dns || pieces_cut(head, n)))
		pieces_out(fd, dns, len, msg, d);
	else
		datagram_out(fd, dns, head, n, msg, d);
}

ssize_t io_send(enum traffic w, send_call *call, int fd, const struct msghdr *msg, int flags)
{
	struct udp_send d;
	if (w == TRAFFIC_UNKNOWN)
		w = traffic_before(fd, msg);
	/* A message that begins a connection may show that it belongs elsewhere. False: nothing can be sent there. */
	if (w == TRAFFIC_STREAM && onset_due(fd) && readable(msg) && !onset_sends(fd, msg->msg_iov, msg->msg_iovlen))
		return -1;
	if (plan(w, fd, msg, &d))
		return send_planned(call, fd, msg, flags, &d);
	const ssize_t r = call(fd, msg, flags);
	if (r > 0)
		sent(w, fd, msg, (size_t)r, &d);
	else if (r == -1 && (w == TRAFFIC_STREAM || (w != TRAFFIC_DATAGRAM && sip_owns(fd))))
		stream_sent(fd, msg, r);
	else if (r == -1 && w == TRAFFIC_DATAGRAM && d.connected)
		datagram_failed(fd, errno);
	return r;
}

static int send_run(int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	struct udp_send d = {.steady = STEADY_NOT};
	const int r = real()->sendmmsg(fd, vec, n, flags);
	for (int i = 0; i < r; i++, d.steady = STEADY_NOT)
		if (vec[i].msg_len > 0)
			sent(traffic_socket(fd), fd, &vec[i].msg_hdr, vec[i].msg_len, &d);
	return r;
}

/* Those that nothing is planned for go together. Like the kernel's: how many went, or the error of the first. */
int io_send_each(enum traffic w, send_call *call, int fd, struct mmsghdr *vec, unsigned n, int flags)
{
	unsigned done = 0, next = 0;
	struct udp_send d;
	if (w != TRAFFIC_DATAGRAM)
		return send_run(fd, vec, n, flags);
	n = n < UIO_MAXIOV ? n : UIO_MAXIOV;
	do {
		bool planned = false;
		while (next < n && !(planned = plan(w, fd, &vec[next].msg_hdr, &d)))
			next++;
		int r = next > done || n == 0 ? send_run(fd, vec + done, next - done, flags) : 0;
		done += r > 0 ? (unsigned)r : 0;
		if (r == -1 || done < next || !planned)
			break;
		ssize_t len = send_planned(call, fd, &vec[done].msg_hdr, flags, &d);
		if (len == -1)
			break;
		vec[done++].msg_len = (unsigned)len;
		next = done;
	} while (done < n);
	return done > 0 || n == 0 ? (int)done : -1;
}

/* ---- in ---- */

socklen_t io_room(const socklen_t *len)
{
	if (len && memory_near(len, sizeof *len))
		return *len;
	if (!redirected_any())
		return PEERNAME_ROOM_UNKNOWN;
	return memory_readable(len, sizeof *len) ? *len : 0;
}

static void datagram_in(int fd, void *buf, size_t len, const struct msghdr *msg, socklen_t room)
{
	struct sockaddr *from = msg->msg_name;
	if (is_dns(fd) && (!from || (msg->msg_namelen <= room && on_dns_port(from, msg->msg_namelen))))
		dns_received(buf, len, peer_key(fd, from, msg->msg_namelen));
	else
		datagram_received(fd, buf, len, from, msg->msg_namelen, room);
}

/* A DNS answer. What was reordered is put back where it came from. */
static __attribute__((noinline)) void answer_in_pieces(int fd, const struct msghdr *msg, socklen_t room, size_t len)
{
	char whole[PIECES_MAX];
	const size_t n = pieces_join(msg->msg_iov, msg->msg_iovlen, len, whole);
	datagram_in(fd, whole, n, msg, room);
	pieces_split(msg->msg_iov, msg->msg_iovlen, whole, n);
}

/* A SIP message whose header is cut. What it is copied to is off the stack when it is judged. */
static __attribute__((noinline)) bool message_in_pieces(const struct msghdr *msg, size_t len, struct sip_message *m)
{
	char whole[PIECES_MAX];
	const size_t n = pieces_join(msg->msg_iov, msg->msg_iovlen, len, whole);
	return sip_looks(whole, n) && sip_parse_datagram(whole, n, m);
}

static void pieces_in(int fd, const struct msghdr *msg, socklen_t room, size_t len)
{
	struct sip_message m;
	if (is_dns(fd))
		answer_in_pieces(fd, msg, room, len);
	else if (message_in_pieces(msg, len, &m))
		datagram_message(fd, &m, msg->msg_name, msg->msg_namelen, room);
	else
		datagram_in(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, msg, room);
}

static void stream_in(int fd, const struct msghdr *msg, size_t len, int flags)
{
	if (len > 0 && is_dns_stream(fd))
		dnstcp_received(fd, msg->msg_iov, msg->msg_iovlen, len, flags);
	else if (len > 0 || (msg->msg_iovlen && msg->msg_iov->iov_len))		/* no bytes into no room: that is no end */
		stream_received(fd, msg, (ssize_t)len, flags);
}

/*
 * Can what a call with these flags received be told from the bytes? Of the error queue it is our own that came back;
 * with MSG_TRUNC a TCP socket threw them away (tcp(7)), and there may be no buffer at all.
 */
static bool shows(int flags) { return !(flags & (MSG_ERRQUEUE | MSG_TRUNC)); }

static void receive_failed(enum traffic w, int fd, int flags)
{
	if (w == TRAFFIC_STREAM || (w == TRAFFIC_UNKNOWN && sip_owns(fd)))
		stream_received(fd, NULL, -1, flags);
	else if (w == TRAFFIC_DATAGRAM && !(flags & MSG_ERRQUEUE))
		datagram_failed(fd, errno);
}

ssize_t io_received(enum traffic w, int fd, struct msghdr *msg, socklen_t room, ssize_t r, int flags)
{
	if (r == -1) {
		receive_failed(w, fd, flags);
		return r;
	}
	const struct iovec *head = msg->msg_iovlen ? msg->msg_iov : NULL;
	const size_t n = head ? least(head->iov_len, (size_t)r) : 0;
	if (w == TRAFFIC_UNKNOWN)
		w = n > 0 && shows(flags) ? traffic_ask(fd, head->iov_base, n, false) : TRAFFIC_NONE;
	if (w == TRAFFIC_STREAM)
		stream_in(fd, msg, (size_t)r, flags);
	if (w != TRAFFIC_DATAGRAM)
		return r;
	if (flags & MSG_ERRQUEUE)
		datagram_error(fd, msg, n, room);
	else if (head && n < (size_t)r && msg->msg_iovlen > 1 && (is_dns(fd) || pieces_cut(head->iov_base, n)))
		pieces_in(fd, msg, room, (size_t)r);
	else if (head && (r > 0 || msg->msg_name))
		datagram_in(fd, head->iov_base, n, msg, room);
	return r;
}
