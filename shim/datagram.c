/* datagram.c: outcomes of SIP over UDP. See datagram.h; sip.h and transactions.h read and remember. */
#include "datagram.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>

#include "judge.h"
#include "session.h"
#include "sip.h"
#include "tick.h"

/* ---- who was it ---- */

/* The candidate at the other end; false if it is none. */
static bool find_peer(int fd, const struct sockaddr *addr, socklen_t len, struct peer *out)
{
	struct sockaddr_storage name;
	socklen_t name_len = sizeof name;
	struct endpoint e;
	if (!session_table_here())
		return false;
	if (!addr) {
		if (getpeername(fd, (struct sockaddr *)&name, &name_len) == -1)
			return false;
		addr = (const struct sockaddr *)&name;
		len = name_len;
	}
	if (!endpoint_from_sockaddr(addr, len, &e))
		return false;
	e.transport = TRANSPORT_UDP;
	return judge_peer(fd, &e, out);
}

/* ---- what it means ---- */

/* Was anything heard from the server since `age_ms` ago? In ticks, a tick in its favour. */
static bool heard_since(const struct peer *p, uint64_t age_ms)
{
	return pins_heard_age(p->table, p->ref, &p->e) <= age_ms * TICKS_PER_S / 1000 + 1;
}

static void judge_request(const struct peer *p, const struct sip_message *m, uint64_t key)
{
	struct transactions *requests = judge_requests();
	struct tx x;
	uint64_t now = judge_now_ms();
	if (tx_find(requests, key, m->method, now, &x) && !x.answered && !x.finished) {
		uint64_t age = tx_age_ms(&x, now);
		if (silence_verdict(m->method, x.sends, age, heard_since(p, age)))
			judge_report(p, CAUSE_SILENCE, COOL_BY_HISTORY);
	}
	tx_sent(requests, key, m->method, &p->e, now);
}

/* ---- the calls ---- */

static void look(int fd, const void *buf, size_t len, const struct sockaddr *addr, socklen_t addr_len, bool outward)
{
	struct sip_message m;
	struct peer p;
	int saved = errno;
	if (judge_requests() && find_peer(fd, addr, addr_len, &p) && sip_parse(buf, len, &m) && outward == (m.status == 0)) {
		uint64_t key = sip_transaction(&m);
		if (key && outward)
			judge_request(&p, &m, key);
		else if (key)
			judge_response(&p, &m, key);
	}
	errno = saved;
}

void datagram_sent(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len)
{
	if (sip_looks(buf, len))
		look(fd, buf, len, to, to_len, true);
}

void datagram_received(int fd, const void *buf, size_t len, const struct sockaddr *from, socklen_t from_len)
{
	if (sip_looks(buf, len))
		look(fd, buf, len, from, from_len, false);
}

void datagram_failed(int fd, int error)
{
	struct peer p;
	enum cause cause = cause_of_errno(error);
	int saved = errno;
	if ((cause == CAUSE_REFUSED || cause == CAUSE_UNREACHABLE) && find_peer(fd, NULL, 0, &p))
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

void datagram_error(int fd, const struct msghdr *msg)
{
	struct peer p;
	int saved = errno;
	const struct sock_extended_err *e = error_of(msg);
	enum cause cause = e && e->ee_origin != SO_EE_ORIGIN_LOCAL ? cause_of_errno((int)e->ee_errno) : CAUSE_NONE;
	if ((cause == CAUSE_REFUSED || cause == CAUSE_UNREACHABLE) && msg->msg_name &&
	    find_peer(fd, msg->msg_name, msg->msg_namelen, &p))
		judge_report(&p, cause, COOL_BY_HISTORY);
	errno = saved;
}
