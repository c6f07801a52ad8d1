/* hostent.c: gethostbyname, in the order of the pin. See hostent.h. */
#include "shim/lookup/hostent.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "policy/pins/order.h"
#include "shim/core/avoid.h"
#include "shim/core/given.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/waiting.h"
#include "shim/core/way.h"
#include "shim/lookup/nscd.h"

enum { STATIC_BYTES = (POOL_MAX + 4) * (sizeof(char *) + 16) + NAME_BYTES };

/* Room to build in: the rest of somebody's buffer. */
struct room {
	char *at, *end;
};

static void *room_take(struct room *r, size_t size, size_t align)
{
	uintptr_t at = ((uintptr_t)r->at + align - 1) / align * align;
	if (at > (uintptr_t)r->end || (uintptr_t)r->end - at < size)
		return NULL;
	r->at = (char *)at + size;
	return (void *)at;
}

/* ---- libc's answer to a pool and back ---- */

static size_t address_size(int af) { return af == AF_INET ? 4 : 16; }

static enum family pool_family(int af) { return af == AF_INET ? FAMILY_V4 : FAMILY_V6; }

static void collect(const struct hostent *h, struct pool *p)
{
	char **a = h->h_addr_list;
	p->n = 0;
	for (; *a && p->n < POOL_MAX; a++)
		if (address_from_bytes(h->h_addrtype, *a, &p->addr[p->n]))
			p->n++;
	p->more = *a != NULL;
}

static size_t rank_of(const struct hostent *h, const struct pool *p, const char *bytes)
{
	struct address a;
	size_t i = 0;
	address_from_bytes(h->h_addrtype, bytes, &a);
	while (i < p->n && !address_equal(&p->addr[i], &a))
		i++;
	return i;
}

/* Puts libc's pointers in the pool's order; stable, so that double addresses stay. */
static void reorder(struct hostent *h, const struct pool *p)
{
	char **list = h->h_addr_list;
	for (size_t i = 1; list[0] && list[i]; i++) {
		char *moving = list[i];
		size_t rank = rank_of(h, p, moving), at = i;
		for (; at > 0 && rank_of(h, p, list[at - 1]) > rank; at--)
			list[at] = list[at - 1];
		list[at] = moving;
	}
}

/* A longer list with the pool's extra address in front. False: no room. */
static bool put_extra(struct hostent *h, const struct pool *p, struct room *room)
{
	size_t n = 0, size = address_size(h->h_addrtype);
	while (h->h_addr_list[n])
		n++;
	char **list = room_take(room, (n + 2) * sizeof *list, _Alignof(char *));
	char *bytes = room_take(room, size, 4);
	if (!list || !bytes || !address_to_bytes(&p->addr[0], h->h_addrtype, bytes))
		return false;
	list[0] = bytes;
	memcpy(&list[1], h->h_addr_list, (n + 1) * sizeof *list);
	h->h_addr_list = list;
	return true;
}

/* DNS is down: an answer from the pool alone, for the first `len` bytes of `name`: no final dot. False: no room. */
static bool build(struct hostent *h, const char *name, size_t len, int af, const struct pool *p, struct room *room)
{
	size_t size = address_size(af);
	char **list = room_take(room, (p->n + 2) * sizeof *list, _Alignof(char *));
	char *text = room_take(room, len + 1, 1);
	if (!list || !text)
		return false;
	for (size_t i = 0; i < p->n; i++) {
		list[i] = room_take(room, size, 4);
		if (!list[i] || !address_to_bytes(&p->addr[i], af, list[i]))
			return false;
	}
	list[p->n] = NULL;
	list[p->n + 1] = NULL;		/* no aliases */
	memcpy(text, name, len);
	text[len] = '\0';
	*h = (struct hostent){text, &list[p->n + 1], af, (int)size, list};
	return true;
}

/* What libc left of the caller's buffer: behind all that its answer points to. */
static struct room room_behind(const struct hostent *h, char *buf, size_t len)
{
	uintptr_t from = (uintptr_t)buf, end = from + len, top = from;
	size_t n = 0, aliases = 0;
	const size_t size = address_size(h->h_addrtype);
	while (h->h_aliases && h->h_aliases[aliases])
		aliases++;
	while (h->h_addr_list[n])
		n++;
	struct { const void *p; size_t size; } parts[] = {
		{h->h_name, strlen(h->h_name) + 1},
		{h->h_aliases, (aliases + 1) * sizeof(char *)},
		{h->h_addr_list, (n + 1) * sizeof(char *)},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if ((uintptr_t)parts[i].p >= from && (uintptr_t)parts[i].p + parts[i].size > top)
			top = (uintptr_t)parts[i].p + parts[i].size;
	for (size_t i = 0; i < aliases; i++)
		if ((uintptr_t)h->h_aliases[i] >= from && (uintptr_t)h->h_aliases[i] + strlen(h->h_aliases[i]) + 1 > top)
			top = (uintptr_t)h->h_aliases[i] + strlen(h->h_aliases[i]) + 1;
	for (size_t i = 0; i < n; i++)
		if ((uintptr_t)h->h_addr_list[i] >= from && (uintptr_t)h->h_addr_list[i] + size > top)
			top = (uintptr_t)h->h_addr_list[i] + size;
	return (struct room){(char *)(top < end ? top : end), (char *)end};
}

/* ---- one lookup ---- */

struct query {
	struct name name;
	struct known known;
	struct lookup lookup;
	struct aside aside[AVOID_MAX];
	struct pool pool[FAMILIES];
	enum family family;
	struct table *table;
};

/* Is the call one of ours? Fills the query. */
static bool query_start(struct query *q, const char *name, int af)
{
	q->table = session_table();
	if (!q->table || !name || (af != AF_INET && af != AF_INET6))
		return false;
	const enum name_status s = name_canonical(name, &q->name);
	if (s == NAME_NUMERIC)
		given_note_number(name);
	if (s != NAME_OK || !session_wants(&q->name))
		return false;
	q->family = pool_family(af);
	waiting_sweep();
	q->known.ref.key = 0;
	q->known.has_settings = false;
	q->lookup = (struct lookup){.name = &q->name, .known = &q->known, .as_target = recent_target(q->table, &q->name),
				    .aside = q->aside, .n_aside = avoid_list(q->table, q->aside), .has_way = way_to};
	for (unsigned f = 0; f < FAMILIES; f++) {
		q->pool[f].asked = f == q->family;
		q->pool[f].n = 0;
		q->pool[f].first = false;
	}
	return true;
}

static void note_given(const struct query *q)
{
	const struct pool *p = &q->pool[q->family];
	given_note(&q->name, p);
	if (p->n)
		given_note_first(&p->addr[0]);
}

static void query_done(struct query *q, struct name_ref ref)
{
	recent_note(ref);
	report_lookup(q->table, &q->lookup, &q->pool[q->family]);
}

/* RES_USE_INET6 gives IPv6 where IPv4 was asked for: such an answer is left alone. */
static bool by_pin(struct query *q, struct hostent *h, int af, struct room *room)
{
	struct name_ref ref;
	struct pool *p = &q->pool[q->family];
	if (h->h_addrtype != af)
		return true;
	collect(h, p);
	const bool pinned = pins_order(q->table, &q->lookup, ORDER_DNS, q->pool, &ref);
	note_given(q);
	if (!pinned)
		return true;
	query_done(q, ref);
	reorder(h, p);
	return !p->extra || rank_of(h, p, h->h_addr_list[0]) == 0 || put_extra(h, p, room);
}

static bool from_table(struct query *q, bool failed_now)
{
	struct name_ref ref;
	if (!pins_order(q->table, &q->lookup, failed_now ? ORDER_FAILED : ORDER_STALE, q->pool, &ref))
		return false;
	note_given(q);
	query_done(q, ref);
	return true;
}

/* Is the table to answer in place of DNS, which is down or need not be asked? */
static bool without_dns(struct query *q)
{
	struct name_ref ref;
	const enum order_from from = pins_source(q->table, &q->name, &q->known);
	if (from == ORDER_DNS)
		return false;
	if (from == ORDER_STALE && from_table(q, false))
		return true;
	if (!pins_order(q->table, &q->lookup, ORDER_SERVE, q->pool, &ref))
		return false;
	note_given(q);
	query_done(q, ref);
	return true;
}

/* EAI_AGAIN, EAI_FAIL and EAI_SYSTEM in the words of gethostbyname(3). */
static bool dns_is_down(const struct query *q, const char *name, int err, int error)
{
	return err == TRY_AGAIN || err == NO_RECOVERY || (err == NETDB_INTERNAL && error != ERANGE && error != 0) ||
	       (err == HOST_NOT_FOUND && nscd_hides_outage(q->table, &q->name, name));
}

/* ---- the _r pair ---- */

static int too_small(const struct host_call *h)
{
	*h->result = NULL;
	*h->err = NETDB_INTERNAL;
	return errno = ERANGE;
}

static int give_known(const struct query *q, const struct host_call *h)
{
	struct room room = {h->buf, h->buf + h->len};
	if (!build(h->ret, h->name, q->name.len, h->af, &q->pool[q->family], &room))
		return too_small(h);
	*h->result = h->ret;
	return 0;
}

static int lookup_r(struct query *q, const struct host_call *h, int (*real_call)(const struct host_call *h))
{
	if (without_dns(q))
		return give_known(q, h);
	int r = real_call(h);
	int saved = errno;
	if (r == 0 && *h->result) {
		struct room room = room_behind(h->ret, h->buf, h->len);
		if (!by_pin(q, *h->result, h->af, &room))
			return too_small(h);
	} else if (r != ERANGE && dns_is_down(q, h->name, *h->err, r ? r : saved) && from_table(q, *h->err != NETDB_INTERNAL)) {
		r = give_known(q, h);
	}
	errno = saved;
	return r;
}

int hostent_lookup_r(const struct host_call *h, int (*real_call)(const struct host_call *h))
{
	struct query q;
	if (!query_start(&q, h->name, h->af))
		return real_call(h);
	return lookup_r(&q, h, real_call);
}

/* ---- the pair with a static result (not thread-safe, as they always were) ---- */

static struct hostent *lookup(struct query *q, const char *name, int af,
			      struct hostent *(*real_call)(const char *name, int af))
{
	static char buffer[STATIC_BYTES];
	static struct hostent ours;
	struct room room = {buffer, buffer + sizeof buffer};
	if (without_dns(q) && build(&ours, name, q->name.len, af, &q->pool[q->family], &room))
		return &ours;
	struct hostent *h = real_call(name, af);
	int saved = errno;
	room = (struct room){buffer, buffer + sizeof buffer};
	if (h)
		by_pin(q, h, af, &room);
	else if (dns_is_down(q, name, h_errno, saved) && from_table(q, h_errno != NETDB_INTERNAL) &&
		 build(&ours, name, q->name.len, af, &q->pool[q->family], &room))
		h = &ours;
	errno = saved;
	return h;
}

struct hostent *hostent_lookup(const char *name, int af, struct hostent *(*real_call)(const char *name, int af))
{
	struct query q;
	if (!query_start(&q, name, af))
		return real_call(name, af);
	return lookup(&q, name, af, real_call);
}
