/* stream.c: see stream.h. */
#include "shim/tcp/stream.h"

#include <errno.h>

#include "policy/base/clock.h"
#include "shim/core/session.h"
#include "shim/tcp/sip.h"

/* ---- from the connect to its end ---- */

/* The fd is connected: to a DNS server, or to some other candidate. */
static void begin(int fd, const struct tcp_connect *c)
{
	if (!c->settled && dns_port(c->to.port))
		fd_set_class(fd, FD_DNS_STREAM);
	else
		sip_follow(fd, &c->to);
}

HOT int stream_connect(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c)
{
	int r = pending_connect(t, fd, addr, len, c);
	if (r == 0)
		begin(fd, c);
	return r;
}

void stream_conclude(int fd, enum cause cause)
{
	struct tcp_connect c;
	if (pending_conclude(fd, cause, &c))
		begin(fd, &c);
}

void stream_error_read(int fd, int error)
{
	struct tcp_connect c;
	if (pending_error_read(fd, error, &c))
		begin(fd, &c);
}

static void look_after(struct pending_walk w, bool long_only)
{
	struct tcp_connect c;
	for (int fd; (fd = pending_next(&w)) != -1;)
		if (pending_look(fd, long_only, &c))
			begin(fd, &c);
}

void stream_sweep(void) { look_after(pending_all(), false); }

void stream_sweep_long(void)
{
	static word32 swept;			/* tick */
	const struct pending_walk w = pending_all();
	const uint32_t now = w.left ? tick_now() : 0;
	if (w.left == 0 || tick_since(now, get32(&swept)) < TICKS_PER_S)
		return;
	put32(&swept, now);
	look_after(w, true);
}

/* ---- what the calls show ---- */

/* Bytes went through: a connection in flight is there then. */
static void passed_bytes(int fd, enum sip_way w, const void *p, size_t len)
{
	int saved = errno;
	if (fd_class(fd) == FD_PENDING)
		stream_error_read(fd, 0);
	if (len > 0)
		sip_passed(fd, w, p, len);
	errno = saved;
}

static void passed_pieces(int fd, enum sip_way w, const struct msghdr *msg, size_t len)
{
	for (size_t i = 0; len > 0 && i < msg->msg_iovlen; i++) {
		const struct iovec *v = &msg->msg_iov[i];
		const size_t n = v->iov_len < len ? v->iov_len : len;
		passed_bytes(fd, w, v->iov_base, n);
		len -= n;
	}
}

static bool may_end(int fd) { return fd_class(fd) == FD_PENDING || sip_owns(fd); }

static void call_failed(int fd, enum sip_way w)
{
	int saved = errno;
	if (fd_class(fd) == FD_PENDING && cause_of_errno(saved) != CAUSE_NONE)
		stream_error_read(fd, saved);
	else if (saved == ECONNRESET || saved == EPIPE)
		sip_closed(fd, w == SIP_OUT);
	if (fd_class(fd) != FD_PENDING)
		sip_failed(fd, saved);
	errno = saved;
}

void stream_sent(int fd, const struct msghdr *msg, ssize_t r)
{
	if (r > 0)
		passed_pieces(fd, SIP_OUT, msg, (size_t)r);
	else if (r == -1 && may_end(fd))
		call_failed(fd, SIP_OUT);
}

/* Bytes that will come again, and such as never were in the buffer (tcp(7), MSG_TRUNC) or in the stream. */
static bool passed_aside(int fd, int flags)
{
	if (!(flags & (MSG_PEEK | MSG_TRUNC | MSG_OOB | MSG_ERRQUEUE)))
		return false;
	if (flags & (MSG_TRUNC | MSG_OOB))
		sip_only_ends(fd);
	return true;
}

/* A receive with room for bytes returned none. */
static void end_of_stream(int fd)
{
	int saved = errno;
	sip_closed(fd, false);
	errno = saved;
}

void stream_received(int fd, const struct msghdr *msg, ssize_t r, int flags)
{
	if (r > 0 && !passed_aside(fd, flags))
		passed_pieces(fd, SIP_IN, msg, (size_t)r);
	else if (r == 0)
		end_of_stream(fd);
	else if (r == -1 && may_end(fd))
		call_failed(fd, SIP_IN);
}
