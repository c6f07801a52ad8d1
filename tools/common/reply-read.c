/* reply-read.c: see reply-read.h. */
#include "tools/common/reply-read.h"

#include <ares.h>
#include <netdb.h>

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

/* Has the answer only records that c-ares takes, and has it taken any that are there? */
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

static int read_a(const unsigned char *answer, int len, struct reply *r)
{
	struct ares_addrttl records[REPLY_MAX];
	int n = REPLY_MAX, status = ares_parse_a_reply(answer, len, NULL, records, &n);
	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		reply_add(r, AF_INET, &records[i].ipaddr, records[i].ttl);
	return believed(status, is_sound(answer, len, ns_t_a, sizeof records->ipaddr, r));
}

static int read_aaaa(const unsigned char *answer, int len, struct reply *r)
{
	struct ares_addr6ttl records[REPLY_MAX];
	int n = REPLY_MAX, status = ares_parse_aaaa_reply(answer, len, NULL, records, &n);
	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		reply_add(r, AF_INET6, &records[i].ip6addr, records[i].ttl);
	return believed(status, is_sound(answer, len, ns_t_aaaa, sizeof records->ip6addr, r));
}

void reply_read(int status, ns_type type, const unsigned char *bytes, int len, struct reply *r)
{
	r->n = 0;
	r->ttl = 0;
	r->why = NULL;
	if (status == ARES_SUCCESS && type == ns_t_srv)
		status = reply_srv(bytes, len, r) ? ARES_SUCCESS : ARES_EBADRESP;
	else if (status == ARES_SUCCESS)
		status = (type == ns_t_a ? read_a : read_aaaa)(bytes, len, r);
	switch (status) {
	case ARES_SUCCESS: r->status = r->n ? REPLY_RECORDS : REPLY_EMPTY; break;
	case ARES_ENODATA: r->status = REPLY_EMPTY; break;
	case ARES_ENOTFOUND: r->status = REPLY_NO_NAME; break;
	default:
		r->status = REPLY_FAILED;
		r->why = why(status);
	}
}
