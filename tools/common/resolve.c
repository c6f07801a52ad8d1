/* resolve.c: many names through c-ares. See resolve.h. */
#include "tools/common/resolve.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "policy/base/clock.h"

enum {
	TRIES = 2,
	EDNS_BYTES = 1232,		/* fits every path's packets (RFC 9715) */
	POLL_MS = 1000,
	SLACK_MS = 5000,		/* beyond all time limits of c-ares: then its queries are cancelled */
	SOCKETS_MAX = ARES_GETSOCK_MAXNUM - 1,	/* the macros' shift overflows for the last one */
	SILENT_MAX = RESOLVE_WINDOW,	/* names without any answer at all, from the first: given up */
};

/* A name in flight. */
struct flight {
	struct work *work;
	bool busy;
	size_t i;
	unsigned waiting;		/* families without their answer yet */
	struct reply reply[FAMILIES];
};

struct work {
	ares_channel channel;
	size_t busy, silent;		/* in flight; ended by time-out */
	bool heard;			/* something answered, if only by an error */
	uint64_t moved_ms;		/* when something last ended */
	uint64_t limit_ms;		/* without anything ending: cancel */
	struct flight flights[RESOLVE_WINDOW];
};

/* ---- answers ---- */

static const char *why(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
	case ARES_ECANCELLED: return "no answer in time";
	case ARES_ECONNREFUSED: return "no server gave an answer (none there, SERVFAIL or REFUSED)";
	case ARES_EBADRESP: return "malformed answer";
	default: return ares_strerror(status);
	}
}

static void reply_add(struct reply *r, int af, const void *bytes, int ttl)
{
	const uint32_t seconds = ttl > 0 ? (uint32_t)ttl : 0;	/* RFC 2181 8: the top bit set means 0 */
	r->ttl = r->n == 0 || seconds < r->ttl ? seconds : r->ttl;
	address_from_bytes(af, bytes, &r->addr[r->n++]);
}

/*
 * c-ares passes over records of a wrong length, and over those of another name: an answer with such ones is no account
 * of what is published, least of all that nothing is.
 */
static bool is_sound(const unsigned char *answer, int len, ns_type type, size_t size, const struct reply *taken)
{
	ns_msg m;
	ns_rr rr;
	if (ns_initparse(answer, len, &m) == -1)
		return false;
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++) {
		if (ns_parserr(&m, ns_s_an, i, &rr) == -1)
			return false;
		const bool broken = ns_rr_class(rr) == ns_c_in && ns_rr_rdlen(rr) != size;
		if (ns_rr_type(rr) == type && (broken || taken->n == 0))
			return false;
	}
	return true;
}

/* What c-ares made of it, if it may be believed. */
static int believed(int status, bool sound)
{
	return (status == ARES_SUCCESS || status == ARES_ENODATA) && !sound ? ARES_EBADRESP : status;
}

static int parse_a(const unsigned char *answer, int len, struct reply *r)
{
	struct ares_addrttl records[REPLY_MAX];
	int n = REPLY_MAX, status = ares_parse_a_reply(answer, len, NULL, records, &n);
	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		reply_add(r, AF_INET, &records[i].ipaddr, records[i].ttl);
	return believed(status, is_sound(answer, len, ns_t_a, sizeof records->ipaddr, r));
}

static int parse_aaaa(const unsigned char *answer, int len, struct reply *r)
{
	struct ares_addr6ttl records[REPLY_MAX];
	int n = REPLY_MAX, status = ares_parse_aaaa_reply(answer, len, NULL, records, &n);
	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		reply_add(r, AF_INET6, &records[i].ip6addr, records[i].ttl);
	return believed(status, is_sound(answer, len, ns_t_aaaa, sizeof records->ip6addr, r));
}

typedef int parse_fn(const unsigned char *answer, int len, struct reply *r);

static int parse_srv(const unsigned char *answer, int len, struct reply *r)
{
	return reply_srv(answer, len, r) ? ARES_SUCCESS : ARES_EBADRESP;
}

static void answered(struct flight *f, struct reply *r, parse_fn *parse, int status, const unsigned char *answer, int len)
{
	if (status == ARES_SUCCESS)
		status = parse(answer, len, r);
	switch (status) {
	case ARES_SUCCESS: r->status = r->n ? REPLY_RECORDS : REPLY_EMPTY; break;
	case ARES_ENODATA: r->status = REPLY_EMPTY; break;
	case ARES_ENOTFOUND: r->status = REPLY_NO_NAME; break;
	default:
		r->status = REPLY_FAILED;
		r->why = why(status);
	}
	f->work->heard = f->work->heard || (status != ARES_ETIMEOUT && status != ARES_ECANCELLED);
	f->waiting--;
}

static void on_a(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct flight *f = arg;
	(void)timeouts;
	answered(f, &f->reply[FAMILY_V4], parse_a, status, answer, len);
}

static void on_aaaa(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct flight *f = arg;
	(void)timeouts;
	answered(f, &f->reply[FAMILY_V6], parse_aaaa, status, answer, len);
}

static void on_srv(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct flight *f = arg;
	(void)timeouts;
	answered(f, &f->reply[FAMILY_SRV], parse_srv, status, answer, len);
}

/* ---- the window ---- */

/* Packets may be answered at once, from within; so `waiting` is whole before the first. */
static void ask(struct work *w, struct flight *f, const char *name)
{
	f->waiting = FAMILIES;
	ares_search(w->channel, name, ns_c_in, ns_t_a, on_a, f);
	ares_search(w->channel, name, ns_c_in, ns_t_aaaa, on_aaaa, f);
}

static void ask_service(struct work *w, struct flight *f, const char *name)
{
	f->waiting = 1;
	f->reply[FAMILY_V6].status = REPLY_EMPTY;
	ares_query(w->channel, name, ns_c_in, ns_t_srv, on_srv, f);
}

static void take_off(struct work *w, struct flight *f, size_t i, const char *name)
{
	f->work = w;
	f->busy = true;
	f->i = i;
	for (enum family k = 0; k < FAMILIES; k++)
		f->reply[k].status = REPLY_FAILED, f->reply[k].n = 0, f->reply[k].ttl = 0;
	w->busy++;
	(*name == '_' ? ask_service : ask)(w, f, name);
}

static void land(struct work *w, resolved_fn *done, void *arg)
{
	for (size_t i = 0; i < RESOLVE_WINDOW; i++) {
		struct flight *f = &w->flights[i];
		if (!f->busy || f->waiting > 0)
			continue;
		f->busy = false;
		w->busy--;
		w->silent++;
		w->moved_ms = now_ms();
		done(arg, f->i, f->reply);
	}
}

/* One wait for packets or for a time-out of c-ares. */
static void wait_once(struct work *w)
{
	ares_socket_t sockets[SOCKETS_MAX];
	struct pollfd fds[SOCKETS_MAX];
	struct timeval tv, most = {.tv_sec = POLL_MS / 1000};
	nfds_t n = 0;
	int mask = ares_getsock(w->channel, sockets, SOCKETS_MAX);
	for (unsigned i = 0; i < SOCKETS_MAX; i++) {
		short wanted = (short)((ARES_GETSOCK_READABLE(mask, i) ? POLLIN : 0) |
				       (ARES_GETSOCK_WRITABLE(mask, i) ? POLLOUT : 0));
		if (wanted)
			fds[n++] = (struct pollfd){.fd = sockets[i], .events = wanted};
	}
	const struct timeval *wait = ares_timeout(w->channel, &most, &tv);
	if (poll(fds, n, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1)) <= 0)
		n = 0;
	ares_process_fd(w->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	for (nfds_t i = 0; i < n; i++)
		ares_process_fd(w->channel, fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
				fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	if (now_ms() - w->moved_ms > w->limit_ms)
		ares_cancel(w->channel);
}

static size_t ask_all(struct work *w, char *const *names, size_t n, resolved_fn *done, void *arg)
{
	size_t next = 0;
	w->moved_ms = now_ms();
	while (true) {
		bool given_up = !w->heard && w->silent >= SILENT_MAX;
		for (size_t i = 0; i < RESOLVE_WINDOW && next < n && !given_up; i++)
			if (!w->flights[i].busy)
				take_off(w, &w->flights[i], next, names[next]), next++;
		land(w, done, arg);
		if (w->busy > 0)
			wait_once(w);
		else if (next == n || given_up)
			return next;
	}
}

/* ---- the channel ---- */

static int channel_make(ares_channel *channel, uint32_t try_ms)
{
	struct ares_options o = {
		.flags = ARES_FLAG_EDNS,
		.ednspsz = EDNS_BYTES,
		.timeout = (int)try_ms,
		.tries = TRIES,
	};
	return ares_init_options(channel, &o, ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
}

static uint32_t servers_of(ares_channel channel)
{
	struct ares_addr_port_node *list = NULL;
	uint32_t n = 0;
	if (ares_get_servers_ports(channel, &list) == ARES_SUCCESS)
		for (struct ares_addr_port_node *s = list; s; s = s->next)
			n++;
	ares_free_data(list);
	return n ? n : 1;
}

static int use_server(ares_channel channel, const struct endpoint *e)
{
	struct ares_addr_port_node node = {.udp_port = e->port, .tcp_port = e->port};
	node.family = address_family(&e->addr) == FAMILY_V4 ? AF_INET : AF_INET6;
	address_to_bytes(&e->addr, node.family, &node.addr);
	return ares_set_servers_ports(channel, &node);
}

/* c-ares waits try_ms at the first round of servers and twice that at the second: 3 * servers * try_ms in all. */
static int channel_open(ares_channel *channel, const struct resolve_options *o)
{
	int status = channel_make(channel, o->timeout_ms / 3 + 1);
	if (status != ARES_SUCCESS)
		return status;
	if (o->server)
		return use_server(*channel, o->server);
	uint32_t servers = servers_of(*channel);
	if (servers == 1)
		return ARES_SUCCESS;
	ares_destroy(*channel);
	*channel = NULL;
	return channel_make(channel, o->timeout_ms / (3 * servers) + 1);
}

const char *resolve(char *const *names, size_t n, const struct resolve_options *o, resolved_fn *done, void *arg,
		    size_t *asked)
{
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	struct work *w = calloc(1, sizeof *w);
	*asked = 0;
	if (status == ARES_SUCCESS)
		status = w ? channel_open(&w->channel, o) : ARES_ENOMEM;
	if (status == ARES_SUCCESS) {
		w->limit_ms = (uint64_t)o->timeout_ms + SLACK_MS;
		*asked = ask_all(w, names, n, done, arg);
	}
	if (w && w->channel)
		ares_destroy(w->channel);
	free(w);
	ares_library_cleanup();
	return status == ARES_SUCCESS ? NULL : ares_strerror(status);
}

/* ares_gethostbyname_file() wants a channel only to see that there is one. */
bool resolve_in_hosts(const char *name)
{
	static const int families[] = {AF_INET, AF_INET6};
	ares_channel channel = NULL;
	bool found = false;
	if (ares_init(&channel) != ARES_SUCCESS)
		return false;
	for (size_t i = 0; i < 2 && !found; i++) {
		struct hostent *host = NULL;
		found = ares_gethostbyname_file(channel, name, families[i], &host) == ARES_SUCCESS;
		if (host)
			ares_free_hostent(host);
	}
	ares_destroy(channel);
	return found;
}
