/* addrinfo.c: getaddrinfo, in the order of the pin. See addrinfo.h. */
#include "shim/lookup/addrinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/pins/order.h"
#include "shim/core/avoid.h"
#include "shim/core/given.h"
#include "shim/core/libc.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/waiting.h"
#include "shim/core/way.h"
#include "shim/lookup/nscd.h"
#include "shim/lookup/runs.h"

/* One getaddrinfo call of the program. */
struct call {
	const char *node, *service;
	const struct addrinfo *hints;
	struct name name;
	struct known known;
	struct lookup lookup;
	struct aside aside[AVOID_MAX];
	struct pool pool[FAMILIES];
};

/* ---- what the program asked for ---- */

/* Without hints they are these (getaddrinfo(3)). */
static int flags_of(const struct call *c) { return c->hints ? c->hints->ai_flags : AI_V4MAPPED | AI_ADDRCONFIG; }

static int family_of(const struct call *c) { return c->hints ? c->hints->ai_family : AF_UNSPEC; }

/*
 * Is the name one that can be sticky at all? No table is needed to say so.
 * AI_PASSIVE says nothing where there is a node (getaddrinfo(3)), and sipp sets it.
 */
static bool sticky_call(struct call *c)
{
	if (!c->node || (flags_of(c) & AI_NUMERICHOST))
		return false;
	const enum name_status s = name_canonical(c->node, &c->name);
	if (s == NAME_NUMERIC)
		given_note_number(c->node);
	return s == NAME_OK && session_wants(&c->name);
}

/* AI_V4MAPPED: IPv4 among IPv6 with AI_ALL, else only where there is no IPv6 (getaddrinfo(3)). */
static void set_asked(struct call *c)
{
	int family = family_of(c), flags = flags_of(c);
	bool mapped = family == AF_INET6 && (flags & AI_V4MAPPED);
	c->pool[FAMILY_V6].asked = family == AF_UNSPEC || family == AF_INET6;
	c->pool[FAMILY_V4].asked = family == AF_UNSPEC || family == AF_INET ||
				   (mapped && ((flags & AI_ALL) || c->pool[FAMILY_V6].n == 0));
}

static uint16_t port_of(const struct addrinfo *list)
{
	struct endpoint e;
	return list->ai_addr && endpoint_from_sockaddr(list->ai_addr, list->ai_addrlen, &e) ? e.port : 0;
}

static void set_lookup(struct call *c, const struct table *t, uint16_t port)
{
	int type = c->hints ? c->hints->ai_socktype : 0;
	waiting_sweep();
	c->lookup = (struct lookup){
		.name = &c->name,
		.known = &c->known,
		.port = port,
		.transport = type == SOCK_STREAM ? TRANSPORT_TCP : type == SOCK_DGRAM ? TRANSPORT_UDP : TRANSPORT_ANY,
		.as_target = recent_target(t, &c->name),
		.has_way = way_to,
		.aside = c->aside,
		.n_aside = avoid_list(t, c->aside),
	};
}

/* ---- lookups of addresses that libc did not return ---- */

/* The address in the form that the program asked for; NULL where that has none, or the host no such family. */
static struct addrinfo *numeric(const struct call *c, const struct address *a)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC}, *res;
	char text[ADDRESS_TEXT];
	if (c->hints)
		hints = *c->hints;
	hints.ai_flags = (hints.ai_flags | AI_NUMERICHOST) & ~AI_CANONNAME;
	address_format(a, text);
	if (real()->getaddrinfo(text, c->service, &hints, &res) != 0)
		return NULL;
	for (struct addrinfo *node = res; node; node = node->ai_next)
		node->ai_flags = flags_of(c);	/* as the nodes of a lookup by name have it */
	return res;
}

static struct addrinfo *last_of(struct addrinfo *list)
{
	while (list->ai_next)
		list = list->ai_next;
	return list;
}

/* Puts the pool's addresses at *link. libc makes the nodes of the first; the others are copies. Returns where to go on. */
static struct addrinfo **append_pool(const struct call *c, const struct pool *p, struct addrinfo **link)
{
	struct addrinfo *made = p->n ? numeric(c, &p->addr[0]) : NULL, *last, *end;
	if (!made)
		return link;
	*link = made;
	last = last_of(made);
	link = &last->ai_next;
	for (size_t i = 1; i < p->n; i++)
		if ((*link = runs_copy(made, last, &p->addr[i], &end)))
			link = &end->ai_next;
	return link;
}

/* A family that the answer lacks has an explicit pin: it goes in front of all. */
static struct addrinfo *put_lone_extra(const struct call *c, struct addrinfo *list, const struct pool *p)
{
	struct addrinfo *front = p->extra && p->n == 1 ? numeric(c, &p->addr[0]) : NULL;
	if (!front)
		return list;
	front->ai_canonname = list->ai_canonname;
	list->ai_canonname = NULL;
	last_of(front)->ai_next = list;
	return front;
}

/* ---- the three ways of an answer ---- */

static void report_answer(const struct call *c, const struct table *t)
{
	for (unsigned f = 0; f < FAMILIES; f++)
		report_lookup(t, &c->lookup, &c->pool[f]);
}

static void note_given(const struct call *c)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		given_note(&c->name, &c->pool[f]);
		if (c->pool[f].n)
			given_note_first(&c->pool[f].addr[0]);
	}
}

static struct addrinfo *by_pin(struct call *c, struct table *t, struct addrinfo *list)
{
	struct name_ref ref;
	bool had[FAMILIES];
	runs_collect(list, c->pool);
	set_asked(c);
	set_lookup(c, t, port_of(list));
	c->lookup.by_way = true;
	for (unsigned f = 0; f < FAMILIES; f++)
		had[f] = c->pool[f].n > 0;
	const bool pinned = pins_order(t, &c->lookup, ORDER_DNS, c->pool, &ref);
	note_given(c);
	if (!pinned)
		return list;
	recent_note(ref);
	report_answer(c, t);
	list = runs_order(list, c->pool);
	for (unsigned f = 0; f < FAMILIES; f++)
		if (!had[f])
			list = put_lone_extra(c, list, &c->pool[f]);
	return list;
}

/* The canonical name cannot be known without DNS; the one asked for stands in, as libc gives it without a final dot. */
static void name_canonically(const struct call *c, struct addrinfo *list)
{
	if (flags_of(c) & AI_CANONNAME)
		list->ai_canonname = strndup(c->node, c->name.len);
}

/* The candidates from the table. NULL: there are none, or it is not to answer. */
static struct addrinfo *from_table(struct call *c, struct table *t, enum order_from from)
{
	struct addrinfo *head = NULL, **link = &head;
	struct name_ref ref;
	char *end;
	unsigned long port = c->service ? strtoul(c->service, &end, 10) : 0;
	set_lookup(c, t, port <= UINT16_MAX ? (uint16_t)port : 0);
	c->pool[FAMILY_V4].n = c->pool[FAMILY_V6].n = 0;
	set_asked(c);
	if (!pins_order(t, &c->lookup, from, c->pool, &ref))
		return NULL;
	if (family_of(c) == AF_INET6 && !(flags_of(c) & AI_ALL) && c->pool[FAMILY_V6].n)
		c->pool[FAMILY_V4].n = 0;
	const struct pool *first = &c->pool[c->pool[FAMILY_V6].first ? FAMILY_V6 : FAMILY_V4];
	const struct pool *order[] = {first, first == c->pool ? &c->pool[FAMILY_V6] : c->pool};
	for (unsigned f = 0; f < FAMILIES; f++)
		link = append_pool(c, order[f], link);
	if (!head)
		return NULL;
	recent_note(ref);
	note_given(c);
	report_answer(c, t);
	name_canonically(c, head);
	return head;
}

static bool dns_is_down(const struct call *c, const struct table *t, int error)
{
	return error == EAI_AGAIN || error == EAI_FAIL || error == EAI_SYSTEM ||
	       (error == EAI_NONAME && nscd_hides_outage(t, &c->name, c->node));
}

/* EAI_SYSTEM is this process's own trouble (no descriptors, say): it is helped, and the others still ask. */
static enum order_from failure_of(int error) { return error == EAI_SYSTEM ? ORDER_STALE : ORDER_FAILED; }

/* libc's own lookup ended with `r`. */
static int finish(struct call *c, struct table *t, int r, struct addrinfo **res)
{
	struct addrinfo *list;
	int saved = errno;
	if (r == 0 && *res)
		*res = by_pin(c, t, *res);
	else if (dns_is_down(c, t, r) && (list = from_table(c, t, failure_of(r))))
		*res = list, r = 0;
	errno = saved;
	return r;
}

/* What the table answers without DNS, since that failed of late or need not be asked. NULL: it is to be asked. */
static struct addrinfo *unasked(struct call *c, struct table *t)
{
	const enum order_from from = pins_source(t, &c->name, &c->known);
	struct addrinfo *list = from == ORDER_DNS ? NULL : from_table(c, t, from);
	return list || from != ORDER_STALE ? list : from_table(c, t, ORDER_SERVE);
}

/* Fills the call; false if it is none of ours. */
static bool start(struct call *c, struct table *t, const char *node, const char *service, const struct addrinfo *hints)
{
	c->node = node;
	c->service = service;
	c->hints = hints;
	c->known.ref.key = 0;
	c->known.has_settings = false;
	return t && sticky_call(c);
}

static __attribute__((noinline)) int lookup(const char *node, const char *service, const struct addrinfo *hints,
					   struct addrinfo **res)
{
	struct call c;
	struct table *t = session_table();
	const bool ours = start(&c, t, node, service, hints);
	struct addrinfo *list = ours ? unasked(&c, t) : NULL;
	if (list)
		return *res = list, 0;
	const int r = real()->getaddrinfo(node, service, hints, res);
	return ours ? finish(&c, t, r, res) : r;
}

/* A number costs no more than a comparison: the large frame is for names. */
int addrinfo_lookup(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	if (!node || given_knows_number(node))
		return real()->getaddrinfo(node, service, hints, res);
	return lookup(node, service, hints, res);
}

bool addrinfo_unasked(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct call c;
	struct table *t = session_table();
	int saved = errno;
	struct addrinfo *list = start(&c, t, node, service, hints) ? unasked(&c, t) : NULL;
	if (list)
		*res = list;
	errno = saved;
	return list != NULL;
}

int addrinfo_finish(const char *node, const char *service, const struct addrinfo *hints, int r, struct addrinfo **res)
{
	struct call c;
	struct table *t = session_table();
	return start(&c, t, node, service, hints) ? finish(&c, t, r, res) : r;
}
