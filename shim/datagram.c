/* datagram.c: outcomes of SIP over UDP. See datagram.h; sip.h and transactions.h read and remember. */
#include "datagram.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <time.h>

#include "session.h"
#include "sip.h"
#include "tick.h"
#include "transactions.h"

static struct transactions *requests;

void datagram_start(void)
{
	void *p = mmap(NULL, sizeof *requests, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		requests = p;
}

/* ---- who was it ---- */

struct peer {
	struct table *table;
	struct endpoint e;
	addr_ref ref;
};

/* The candidate at the other end; false if it is none. */
static bool find_peer(int fd, const struct sockaddr *addr, socklen_t len, struct peer *out)
{
	struct sockaddr_storage name;
	socklen_t name_len = sizeof name;
	out->table = session_table_here();
	if (!out->table)
		return false;
	if (!addr) {
		if (getpeername(fd, (struct sockaddr *)&name, &name_len) == -1)
			return false;
		addr = (const struct sockaddr *)&name;
		len = name_len;
	}
	if (!endpoint_from_sockaddr(addr, len, &out->e))
		return false;
	out->e.transport = TRANSPORT_UDP;
	out->ref = addr_find(out->table, &out->e.addr);
	return out->ref != 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- what it means ---- */

static void report(const struct peer *p, enum cause cause, uint32_t cool)
{
	struct name_ref names[RECENT];
	const struct outcome o = {.endpoint = p->e, .names = names, .n_names = recent_names(names), .reach = REACH_SHIM,
				  .cool = cool, .why = cause};
	if (cause == CAUSE_ANSWERED)
		pins_succeeded(p->table, &o);
	else
		pins_failed(p->table, &o, cause);
}

/* Was anything heard from the server since `age_ms` ago? In ticks, a tick in its favour. */
static bool heard_since(const struct peer *p, uint64_t age_ms)
{
	return pins_heard_age(p->table, p->ref, &p->e) <= age_ms * TICKS_PER_S / 1000 + 1;
}

static void judge_request(const struct peer *p, const struct sip_message *m, uint64_t key)
{
	struct tx x;
	uint64_t now = now_ms();
	if (tx_find(requests, key, m->method, now, &x) && !x.answered && !x.finished) {
		uint64_t age = tx_age_ms(&x, now);
		if (silence_verdict(m->method, x.sends, age, heard_since(p, age)))
			report(p, CAUSE_SILENCE, COOL_BY_HISTORY);
	}
	tx_sent(requests, key, m->method, &p->e, now);
}

static uint64_t ms_since_registered(const struct peer *p)
{
	uint32_t age = pins_registered_age(p->table, p->ref, &p->e);
	return age == UINT32_MAX ? UINT64_MAX : (uint64_t)age * 1000 / TICKS_PER_S;
}

static void judge_response(const struct peer *p, const struct sip_message *m, uint64_t key)
{
	struct tx x;
	if (!tx_match(requests, key, m->method, &p->e, m->status, now_ms(), &x))
		return;
	struct status_verdict v = status_verdict(m->method, m->status, m->retry_after, ms_since_registered(p));
	pins_heard(p->table, p->ref, &p->e, m->method == SIP_REGISTER && m->status / 100 == 2);
	switch (v.effect) {
	case STATUS_SUCCESS:
		report(p, CAUSE_ANSWERED, COOL_BY_HISTORY);
		break;
	case STATUS_FAILED:
		report(p, CAUSE_SIP_503, v.cool_s ? v.cool_s : COOL_BY_HISTORY);
		break;
	case STATUS_LAST_ONCE:
		report(p, CAUSE_SIP_STATUS, COOL_NOT);
		break;
	case STATUS_NOTHING:
		break;
	}
}

/* ---- the calls ---- */

static void look(int fd, const void *buf, size_t len, const struct sockaddr *addr, socklen_t addr_len, bool outward)
{
	struct sip_message m;
	struct peer p;
	int saved = errno;
	if (requests && find_peer(fd, addr, addr_len, &p) && sip_parse(buf, len, &m) && outward == (m.status == 0)) {
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
		report(&p, cause, COOL_BY_HISTORY);
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

void datagram_error(const struct msghdr *msg)
{
	struct peer p;
	int saved = errno;
	const struct sock_extended_err *e = error_of(msg);
	enum cause cause = e && e->ee_origin != SO_EE_ORIGIN_LOCAL ? cause_of_errno((int)e->ee_errno) : CAUSE_NONE;
	if ((cause == CAUSE_REFUSED || cause == CAUSE_UNREACHABLE) && msg->msg_name &&
	    find_peer(-1, msg->msg_name, msg->msg_namelen, &p))
		report(&p, cause, COOL_BY_HISTORY);
	errno = saved;
}
