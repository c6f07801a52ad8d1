/* outcome.c: outcomes of SIP over UDP. See outcome.h; sip-message.h reads, sip-transactions.h remembers. */
#include "shim/udp/outcome.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>

#include "policy/base/clock.h"
#include "policy/wire/sip-message.h"
#include "shim/core/fds.h"
#include "shim/core/judge.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/udp/peer.h"

/* ---- who was it ---- */

/* The endpoint at `addr`, or if that is NULL fd's connected peer; *original: as the program knows it. */
static bool find_endpoint(int fd, const struct sockaddr *addr, socklen_t len, struct endpoint *original,
			  struct endpoint *e)
{
	struct peer c;
	const bool known = addr ? endpoint_from_sockaddr(addr, len, &c.actual) : peer_of(fd, &c);
	if (!known)
		return false;
	*e = c.actual;
	e->transport = TRANSPORT_UDP;
	*original = addr ? *e : c.original;
	return true;
}

/* The candidate there; false if it is none. */
static bool find_peer(int fd, const struct sockaddr *addr, socklen_t len, struct server *out)
{
	struct endpoint original, e;
	return session_table_here() && find_endpoint(fd, addr, len, &original, &e) && judge_server(fd, &e, out);
}

/* ---- requests ---- */

void datagram_sent(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len)
{
	struct sip_message m;
	struct server p;
	struct endpoint original, e;
	if (!sip_looks(buf, len) || !shared || !session_table_here())
		return;
	int saved = errno;
	const uint64_t now = now_ms();
	if (find_endpoint(fd, to, to_len, &original, &e) && judge_server(fd, &e, &p) && sip_parse_datagram(buf, len, &m) &&
	    !m.status) {
		judge_sent(fd, &m, sip_transaction(&m), &original, &e, now);
		if (to)
			peer_note_own(fd, &e, now);
	}
	errno = saved;
}

/* ---- responses ---- */

/* What came: bytes, or if `read` is not NULL a SIP message. */
struct came {
	const void *buf;
	size_t len;
	const struct sip_message *read;
};

static inline bool looks(const struct came *c) { return c->read || sip_looks(c->buf, c->len); }

static inline unsigned status_of(const struct came *c) { return c->read ? c->read->status : sip_status(c->buf, c->len); }

static bool parse(const struct came *c, struct sip_message *m)
{
	if (!c->read)
		return sip_parse_datagram(c->buf, c->len, m);
	*m = *c->read;
	return true;
}

/* It came from `e`. True: it is a SIP message, *m; an answer of a candidate was judged. */
static bool read_answer(int fd, const struct came *c, const struct endpoint *e, bool back, struct sip_message *m)
{
	struct server p;
	if (!looks(c))
		return false;
	const unsigned status = status_of(c);
	if (!back && (status == 0 || judge_knows(e, status)))
		return false;
	const bool candidate = judge_server(fd, e, &p);
	if ((!candidate && !back) || !parse(c, m))
		return false;
	if (candidate && m->status)
		judge_response(&p, m, sip_transaction(m));
	return true;
}

/* recv(2) on a socket that is not connected does not say who sent it: the request that it answers does. */
static bool find_by_request(const struct came *c, struct endpoint *e)
{
	struct sip_message m;
	struct tx x;
	if (!looks(c) || status_of(c) == 0 || !parse(c, &m) ||
	    !tx_find(&shared->transactions, sip_transaction(&m), m.method, now_ms(), &x))
		return false;
	*e = x.last;
	return true;
}

static void came(int fd, const struct came *c, struct sockaddr *from, socklen_t from_len, socklen_t room)
{
	struct peername s;
	struct sip_message m;
	struct endpoint original;
	const bool any = from && redirected_any();
	int saved = errno;
	if (from ? peername_read(from, from_len, room, &s)
		 : find_endpoint(fd, NULL, 0, &original, &s.e) || find_by_request(c, &s.e)) {
		s.e.transport = TRANSPORT_UDP;
		const bool back = any && s.known, sip = read_answer(fd, c, &s.e, back, &m);
		if (back)
			peer_rename_sender(fd, &s, sip ? &m : NULL, from);
	}
	errno = saved;
}

void datagram_received(int fd, const void *buf, size_t len, struct sockaddr *from, socklen_t from_len, socklen_t room)
{
	if (shared && ((from && redirected_any()) || (sip_looks(buf, len) && sip_status(buf, len))))
		came(fd, &(struct came){.buf = buf, .len = len}, from, from_len, room);
}

void datagram_message(int fd, const struct sip_message *m, struct sockaddr *from, socklen_t from_len, socklen_t room)
{
	if (shared)
		came(fd, &(struct came){.read = m}, from, from_len, room);
}

/* ---- errors ---- */

void datagram_failed(int fd, int error)
{
	struct server p;
	enum cause cause = cause_of_errno(error);
	int saved = errno;
	if ((cause != CAUSE_REFUSED && cause != CAUSE_UNREACHABLE) || fd_cookie(fd) == FD_NOT_ASKED)
		return;			/* or nothing of ours passed through it: a sealed program may not be asked for its peer */
	fd_forget_cookie(fd);		/* whom it blames is asked for anew */
	if (find_peer(fd, NULL, 0, &p) && shared && tx_waits(&shared->transactions, &p.e, now_ms()))
		judge_report(&p, cause, COOL_BY_HISTORY);
	errno = saved;
}

static const struct sock_extended_err *error_of(const struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, c))
		if (((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		     (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) &&
		    c->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err)))
			return (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
	return NULL;
}

/* Was what the error quotes sent to `e`, and does it wait there? Anybody can make up an error (RFC 5927). */
static bool is_proved(const struct msghdr *msg, size_t len, const struct endpoint *e)
{
	struct sip_message m;
	struct tx x;
	struct transactions *requests = &shared->transactions;
	const char *text = msg->msg_iovlen ? msg->msg_iov->iov_base : NULL;
	const uint64_t now = now_ms();
	const uint64_t key = sip_looks(text, len) && sip_parse(text, len, &m) && !m.status ? sip_transaction(&m) : 0;
	if (!requests)
		return false;
	if (!key)
		return tx_erred_again(requests, e, now);
	return tx_find(requests, key, m.method, now, &x) && endpoint_same(&x.last, e) && !x.finished;
}

void datagram_error(int fd, struct msghdr *msg, size_t len, socklen_t room)
{
	struct server p;
	struct peername s;
	int saved = errno;
	const struct sock_extended_err *e = error_of(msg);
	enum cause cause = e && e->ee_origin != SO_EE_ORIGIN_LOCAL ? cause_of_errno((int)e->ee_errno) : CAUSE_NONE;
	if ((cause == CAUSE_REFUSED || cause == CAUSE_UNREACHABLE) && msg->msg_name &&
	    find_peer(fd, msg->msg_name, msg->msg_namelen, &p) && is_proved(msg, len, &p.e))
		judge_report(&p, cause, COOL_BY_HISTORY);
	if (msg->msg_name && redirected_any() && peername_read(msg->msg_name, msg->msg_namelen, room, &s) && s.known)
		peer_rename_sender(fd, &s, NULL, msg->msg_name);
	errno = saved;
}
