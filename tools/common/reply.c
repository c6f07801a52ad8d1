/* reply.c: see reply.h. Walks the message with ns_parserr of libresolv, which checks its bounds. */
#include "tools/common/reply.h"

#include <arpa/nameser.h>
#include <resolv.h>

enum { FIXED = 6 };	/* priority, weight, port; then the target */

static bool add(const ns_msg *m, const ns_rr *rr, struct reply *r)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	struct reply_srv *s = &r->srv[r->n];
	char target[NS_MAXDNAME];
	if (ns_rr_rdlen(*rr) <= FIXED ||
	    ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), data + FIXED, target, sizeof target) == -1)
		return false;
	if (name_canonical(target, &s->host) != NAME_OK || name_is_service(&s->host))
		return true;
	if (ns_get16(data + 4) == 0)		/* nothing can be sent to port 0, and the table has no such target */
		return true;
	s->priority = (uint16_t)ns_get16(data);
	s->weight = (uint16_t)ns_get16(data + 2);
	s->port = (uint16_t)ns_get16(data + 4);
	const uint32_t ttl = ns_rr_ttl(*rr) > INT32_MAX ? 0 : ns_rr_ttl(*rr);	/* RFC 2181 8 */
	r->ttl = r->n == 0 || ttl < r->ttl ? ttl : r->ttl;
	r->n++;
	return true;
}

bool reply_srv(const unsigned char *answer, int len, struct reply *r)
{
	ns_msg m;
	ns_rr rr;
	if (ns_initparse(answer, len, &m) == -1)
		return false;
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++) {
		if (ns_parserr(&m, ns_s_an, i, &rr) == -1 || r->n == REPLY_SRV_MAX)
			return false;
		if (ns_rr_type(rr) == ns_t_srv && ns_rr_class(rr) == ns_c_in && !add(&m, &rr, r))
			return false;
	}
	return true;
}
