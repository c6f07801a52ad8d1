/* stream.c: connections to candidates, from established to their end. See stream.h. */
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "dns.h"
#include "dnstcp.h"
#include "flow.h"
#include "judge.h"
#include "session.h"
#include "sipstream.h"
#include "socket.h"
#include "tell.h"

enum { STREAMS = 1024 };

enum way { OUT, IN, WAYS };

struct stream {
	_Atomic bool busy[WAYS];
	_Atomic int fd;			/* whose it is */
	_Atomic uint64_t cookie;	/* of the socket; 0: not asked yet */
	struct endpoint to;		/* written with both ways busy, read with one */
	struct sip_stream sip[WAYS];
};

static struct stream streams[STREAMS];	/* pages of descriptors that are not followed are never touched */

static struct stream *slot_of(int fd) { return &streams[(unsigned)fd % STREAMS]; }

static bool is_followed(int fd) { return fd_is(fd, 1u << FD_STREAM_SIP | 1u << FD_STREAM_ENDS); }

static bool enter(struct stream *s, enum way w)
{
	return !atomic_exchange_explicit(&s->busy[w], true, memory_order_acquire);
}

static void leave(struct stream *s, enum way w) { atomic_store_explicit(&s->busy[w], false, memory_order_release); }

/* ---- beginning ---- */

static bool is_taken(const struct stream *s, int fd)
{
	return s->fd != fd && (unsigned)s->fd % STREAMS == (unsigned)fd % STREAMS && is_followed(s->fd);
}

/* Both ways are the caller's. */
static bool occupy(struct stream *s, int fd, const struct endpoint *to)
{
	if (is_taken(s, fd))
		return false;
	s->fd = fd;
	s->cookie = 0;
	s->to = *to;
	sip_stream_restart(&s->sip[OUT]);
	sip_stream_restart(&s->sip[IN]);
	return true;
}

void stream_begin(int fd, const struct endpoint *to)
{
	struct stream *s = slot_of(fd);
	bool done = false;
	if (enter(s, OUT)) {
		if (enter(s, IN)) {
			done = occupy(s, fd, to);
			leave(s, IN);
		}
		leave(s, OUT);
	}
	fd_set_class(fd, done ? FD_STREAM_SIP : FD_STREAM);
}

/* ---- sockets that this process did not connect ---- */

/* Is the endpoint known to the table? The port of a client that connected to us, from a candidate's address, is not. */
static bool is_known(const struct endpoint *e)
{
	struct peer p;
	const struct addr_record *a = judge_peer(-1, e, &p) ? addr_at(p.table, p.ref) : NULL;
	return a && endpoint_find(a, e->transport, e->port) >= 0;
}

void stream_ask(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	struct endpoint e;
	enum fd_class c = flow_ask_class(fd);
	fd_set_class(fd, c);
	if ((c != FD_STREAM && c != FD_DATAGRAM) || getpeername(fd, (struct sockaddr *)&name, &len) == -1 ||
	    !endpoint_from_sockaddr((const struct sockaddr *)&name, len, &e))
		return;
	e.transport = TRANSPORT_TCP;
	if (c == FD_DATAGRAM && dns_port(e.port))
		fd_set_class(fd, FD_DNS);
	else if (c == FD_STREAM && is_known(&e))
		stream_begin(fd, &e);
}

void stream_closing(int fd)
{
	if (getpid() == session_pid())
		fd_set_class(fd, FD_UNKNOWN);
}

/* ---- SIP ---- */

static bool is_same_socket(struct stream *s, int fd)
{
	uint64_t now = socket_cookie(fd), was = s->cookie;
	if (was == 0)
		s->cookie = now;
	return now && (was == 0 || was == now);
}

struct saying {
	struct stream *s;
	int fd;
	enum way way;
};

static void on_message(void *arg, const struct sip_message *m)
{
	const struct saying *say = arg;
	struct transactions *requests = judge_requests();
	const uint64_t key = sip_transaction(m);
	struct peer p;
	if (!key || !requests || (say->way == OUT) != (m->status == 0) || !is_same_socket(say->s, say->fd) ||
	    !judge_peer(say->fd, &say->s->to, &p))
		return;
	if (say->way == OUT)
		tx_steered(requests, key, m->method, m->to == SIP_TO_TAGGED, &p.e, &p.e, judge_now_ms());
	else
		judge_response(&p, m, key);
}

/* The comparison that everything else is spared: a start line begins with a capital (sip.h), CRLFs before it (7.5). */
static bool may_be_sip(const struct sip_stream *sip, const char *p)
{
	return !sip_stream_is_idle(sip) || (*p >= 'A' && *p <= 'Z') || *p == '\r' || *p == '\n';
}

static void only_ends(int fd) { fd_change_class(fd, FD_STREAM_SIP, FD_STREAM_ENDS); }

static void feed(int fd, enum way w, const void *p, size_t len)
{
	struct stream *s = slot_of(fd);
	struct saying say = {s, fd, w};
	bool on = false;
	if (!enter(s, w)) {
		only_ends(fd);
		return;
	}
	if (s->fd == fd && may_be_sip(&s->sip[w], p)) {
		sip_stream_feed(&s->sip[w], p, len, on_message, &say);
		on = !sip_stream_is_off(&s->sip[w]);
	}
	leave(s, w);
	if (!on)
		only_ends(fd);
}

/* ---- ends ---- */

/* A reset tells that the server forgot the connection, not that it takes no other: the next attempt decides. */
static void ended(const struct stream *s, enum cause cause)
{
	struct name_ref names[RECENT];
	struct peer p;
	if (!judge_peer(-1, &s->to, &p))
		return;
	const struct outcome o = {.endpoint = p.e, .names = names, .n_names = recent_names(names), .reach = REACH_SHIM,
				  .socket = s->cookie};
	if (cause == CAUSE_RESET)
		pins_reset(p.table, &o);
	else
		tell_failed(p.table, &o, cause);
}

/* ---- what calls tell ---- */

/* Bytes went through: a connection in flight is there then. */
static void passed_bytes(int fd, enum way w, const void *p, size_t len)
{
	int saved = errno;
	if (fd_class(fd) == FD_PENDING)
		flow_so_error(fd, 0);
	if (len > 0 && fd_class(fd) == FD_STREAM_SIP)
		feed(fd, w, p, len);
	errno = saved;
}

/* A connection to a DNS server: from its first query on, which tells that a connect in flight is over. */
static bool is_dns(int fd)
{
	int saved = errno;
	if (fd_class(fd) == FD_PENDING && dnstcp_any())
		flow_so_error(fd, 0);
	errno = saved;
	return fd_class(fd) == FD_DNS_STREAM;
}

static void passed_pieces(int fd, enum way w, const struct msghdr *msg, size_t len)
{
	for (size_t i = 0; len > 0 && i < msg->msg_iovlen; i++) {
		const struct iovec *v = &msg->msg_iov[i];
		const size_t n = v->iov_len < len ? v->iov_len : len;
		passed_bytes(fd, w, v->iov_base, n);
		len -= n;
	}
}

void stream_failed(int fd, int error)
{
	struct stream *s = slot_of(fd);
	enum cause cause = cause_of_errno(error);
	int saved = errno;
	if (cause != CAUSE_NONE && is_followed(fd) && enter(s, IN)) {
		if (s->fd == fd && is_same_socket(s, fd))
			ended(s, cause);
		leave(s, IN);
		fd_set_class(fd, FD_STREAM);
	}
	errno = saved;
}

static void call_failed(int fd)
{
	int saved = errno;
	if (fd_class(fd) == FD_PENDING && cause_of_errno(saved) != CAUSE_NONE)
		flow_so_error(fd, saved);
	else
		stream_failed(fd, saved);
	errno = saved;
}

ssize_t stream_sent(int fd, const void *buf, ssize_t r)
{
	if (r > 0 && is_dns(fd))
		dnstcp_sent(fd, &(struct iovec){(void *)(uintptr_t)buf, (size_t)r}, 1, (size_t)r);
	else if (r > 0)
		passed_bytes(fd, OUT, buf, (size_t)r);
	else if (r == -1)
		call_failed(fd);
	return r;
}

ssize_t stream_sent_message(int fd, const struct msghdr *msg, ssize_t r)
{
	if (r > 0 && is_dns(fd))
		dnstcp_sent(fd, msg->msg_iov, msg->msg_iovlen, (size_t)r);
	else if (r > 0)
		passed_pieces(fd, OUT, msg, (size_t)r);
	else if (r == -1)
		call_failed(fd);
	return r;
}

/* Bytes that will come again, and such as never were in the buffer (tcp(7), MSG_TRUNC) or in the stream. */
static bool passed_aside(int fd, int flags)
{
	if (!(flags & (MSG_PEEK | MSG_TRUNC | MSG_OOB | MSG_ERRQUEUE)))
		return false;
	if (flags & (MSG_TRUNC | MSG_OOB))
		only_ends(fd);
	return true;
}

ssize_t stream_received(int fd, void *buf, ssize_t r, int flags)
{
	if (r > 0 && is_dns(fd))
		dnstcp_received(fd, &(struct iovec){buf, (size_t)r}, 1, (size_t)r, flags);
	else if (r > 0 && !passed_aside(fd, flags))
		passed_bytes(fd, IN, buf, (size_t)r);
	else if (r == -1)
		call_failed(fd);
	return r;
}

ssize_t stream_received_message(int fd, const struct msghdr *msg, ssize_t r, int flags)
{
	if (r > 0 && is_dns(fd))
		dnstcp_received(fd, msg->msg_iov, msg->msg_iovlen, (size_t)r, flags);
	else if (r > 0 && !passed_aside(fd, flags))
		passed_pieces(fd, IN, msg, (size_t)r);
	else if (r == -1)
		call_failed(fd);
	return r;
}
