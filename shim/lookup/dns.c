/* dns.c: raw DNS answers. See dns.h; dns-message.h reads and rewrites the messages. */
#include "shim/lookup/dns.h"

#include <errno.h>
#include <string.h>

#include "policy/base/record.h"
#include "policy/pins/order.h"
#include "policy/table/effective.h"
#include "policy/wire/dns-message.h"
#include "shim/core/avoid.h"
#include "shim/core/given.h"
#include "shim/core/probes.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/waiting.h"
#include "shim/core/way.h"
#include "shim/lookup/questions.h"
#include "shim/lookup/targets.h"

enum { ONLY_TTL_S = 30 };		/* of records that all carry the pin */

/* ---- learning and ordering ---- */

static void collect(const struct answer *a, struct pool *p)
{
	p->asked = true;
	p->more = a->more;
	p->n = a->n;
	for (size_t i = 0; i < a->n; i++)
		p->addr[i] = a->record[i].address;
}

/* Which record goes to each place. Most stay in their order: what is looked for is found soon. */
static void find_order(const struct answer *a, const struct pool *p, uint8_t order[static ANSWER_MAX])
{
	bool used[ANSWER_MAX] = {false};
	size_t n = 0, first = 0;
	for (size_t k = p->extra; k < p->n; k++) {
		size_t i = first;
		while (i < a->n && (used[i] || !address_equal(&a->record[i].address, &p->addr[k])))
			i++;
		if (i == a->n)
			continue;
		used[i] = true;
		order[n++] = (uint8_t)i;
		while (first < a->n && used[first])
			first++;
	}
	for (size_t i = first; i < a->n; i++)
		if (!used[i])
			order[n++] = (uint8_t)i;
}

/* Returns where the pin's record is now, in the words of probe_answer; NULL: there is none. */
static const char *rewrite(uint8_t *msg, const struct answer *a, const struct pool *p, const struct settings *set)
{
	uint8_t order[ANSWER_MAX];
	if (p->n == 0)
		return NULL;
	if (set->value[SET_ANSWER] == ANSWER_ONLY && p->lead != LEAD_NONE && answer_only(msg, a, &p->addr[0], ONLY_TTL_S))
		return "only";
	find_order(a, p, order);
	answer_order(msg, a, order, a->n);
	if (p->lead == LEAD_NONE || p->extra)
		return NULL;		/* an extra pin is none of its records */
	return order[0] == 0 ? "kept" : "first";
}

static void order_addresses(struct table *t, uint8_t *msg, const struct answer *a, const struct name *name)
{
	struct pool pool[FAMILIES] = {0};
	struct name_ref ref;
	struct pool *p = &pool[a->question.type == WIRE_A ? FAMILY_V4 : FAMILY_V6];
	struct aside aside[AVOID_MAX];
	waiting_sweep();
	const struct known known = {.has_settings = true, .settings = settings_for(t, name)};
	const struct lookup l = {.name = name, .known = &known, .as_target = recent_target(t, name), .aside = aside,
				 .n_aside = avoid_list(t, aside), .has_way = way_to};
	collect(a, p);
	const bool pinned = pins_order(t, &l, ORDER_DNS, pool, &ref);
	given_note(name, p);
	if (!pinned)
		return;
	recent_note(ref);
	report_lookup(t, &l, p);
	if (known.settings.value[SET_SERVE])
		ttl_note(t, ref, p == &pool[FAMILY_V4] ? FAMILY_V4 : FAMILY_V6, a->n, a->min_ttl);
	const char *how = rewrite(msg, a, p, &known.settings);
	if (how)
		probe_answer(t, name, p, how);
}

static void order_records(struct table *t, uint8_t *msg, size_t len, const struct answer *a, const struct name *name)
{
	if (!session_wants(name))
		return;
	if (a->question.type == WIRE_SRV)
		targets_order(t, msg, len, a, name);
	else
		order_addresses(t, msg, a, name);
}

/* NODATA, which `serve` must know. */
static void learn_none(struct table *t, const struct answer *a, const struct name *name)
{
	struct name_ref ref;
	uint16_t type = a->question.type;
	if ((type == WIRE_A || type == WIRE_AAAA) && table_find(t, name, &ref) && settings_for(t, name).value[SET_SERVE])
		ttl_note(t, ref, type == WIRE_A ? FAMILY_V4 : FAMILY_V6, 0, 0);
}

static void learn(struct table *t, uint8_t *msg, size_t len, enum answer_status s, const struct answer *a,
		  const struct name *name)
{
	if (s == ANSWER_OK)
		order_records(t, msg, len, a, name);
	else if (s == ANSWER_EMPTY)
		learn_none(t, a, name);
}

void dns_answer(uint8_t *msg, size_t len, const char *name)
{
	struct answer a;
	struct name asked;
	struct table *t = session_table();
	int saved = errno;
	if (t && (!name || name_canonical(name, &asked) == NAME_OK)) {
		enum answer_status s = answer_parse(msg, len, &a);
		learn(t, msg, len, s, &a, name ? &asked : &a.question.name);
	}
	errno = saved;
}

/* ---- what was asked ---- */

void dns_sent(const void *msg, size_t len, uint64_t server)
{
	struct question q;
	int saved = errno;
	if (server && session_table() && answer_question(msg, len, &q) == ANSWER_OK)
		questions_note(&q, server);
	errno = saved;
}

void dns_received(void *msg, size_t len, uint64_t server)
{
	struct answer a;
	struct table *t = server ? session_table_here() : NULL;
	int saved = errno;
	enum answer_status s = t ? answer_parse(msg, len, &a) : ANSWER_NOT;
	if ((s == ANSWER_OK || s == ANSWER_EMPTY) && questions_has(&a.question, server))
		learn(t, msg, len, s, &a, &a.question.name);
	errno = saved;
}
