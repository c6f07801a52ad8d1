/* targets.c: SRV answers, in the order of the pin. See targets.h. */
#include "shim/lookup/targets.h"

#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/pins/service.h"
#include "policy/pins/srv.h"
#include "policy/table/effective.h"
#include "shim/core/given.h"
#include "shim/core/report.h"
#include "shim/core/session.h"

/* The records that can be candidates, and where in the answer each is. */
struct records {
	size_t n;
	bool more;
	struct srv_record record[ANSWER_MAX];
	uint8_t at[ANSWER_MAX];
};

static void collect(struct table *t, const uint8_t *msg, size_t len, const struct answer *a, const struct name *service,
		    struct records *out)
{
	struct name host;
	out->n = 0;
	out->more = a->more;
	for (size_t i = 0; i < a->n; i++) {
		const struct srv *srv = &a->record[i].srv;
		struct srv_record *r = &out->record[out->n];
		if (!answer_target(msg, len, a, i, &host))
			continue;
		*r = (struct srv_record){.priority = srv->priority, .weight = srv->weight};
		if (pins_target(t, service, &host, srv->port, &r->target))
			out->at[out->n++] = (uint8_t)i;
		else
			out->more = true;
	}
}

/* The program was given these by the host, as far as the host has them: others are what somebody says of it. */
static void note_given(const struct table *t, const struct name *host, const struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (pins_knows(t, host, &p->addr[i]))
			given_note_address(host, &p->addr[i]);
}

/* The addresses of record i's target that came with the answer. A server may leave some out (RFC 2181 9). */
static void learn_addresses(struct table *t, const uint8_t *msg, size_t len, const struct answer *a, size_t i,
			    const struct name *service)
{
	struct pool pool[FAMILIES] = {0};
	struct name host;
	struct name_ref ref;
	const struct lookup l = {
		.name = &host, .port = a->record[i].srv.port, .transport = service_transport(service), .as_target = true,
		.beside = service};
	for (size_t k = 0; k < a->extras; k++) {
		struct pool *p = &pool[address_family(&a->extra[k].address)];
		if (a->extra[k].record == i)
			p->addr[p->n++] = a->extra[k].address;
		p->asked = p->n > 0;
		p->more = true;
	}
	if (!(pool[FAMILY_V4].asked || pool[FAMILY_V6].asked) || !answer_target(msg, len, a, i, &host) ||
	    !session_wants(&host))
		return;
	if (pins_order(t, &l, ORDER_DNS, pool, &ref))
		recent_note(ref);
	for (unsigned f = 0; f < FAMILIES; f++)
		note_given(t, &host, &pool[f]);
}

static void report_target(const struct table *t, struct name_ref ref, const struct name *service, const struct address *target)
{
	const struct lookup l = {.name = service, .transport = service_transport(service)};
	const struct pool p = {.lead = pins_by_hand(t, ref) ? LEAD_EXPLICIT : LEAD_AUTO, .n = 1, .addr = {*target}};
	report_lookup(t, &l, &p);
}

void targets_order(struct table *t, uint8_t *msg, size_t len, const struct answer *a, const struct name *service)
{
	struct records rs;
	struct name_ref ref;
	const struct known known = {.has_settings = true, .settings = settings_for(t, service)};
	if (!known.settings.value[SET_STICKY])
		return;			/* its targets are none of ours then */
	collect(t, msg, len, a, service, &rs);
	int head = pins_service(t, service, &known, rs.record, rs.n, rs.more, &ref);
	if (ref.key == 0)
		return;
	recent_note_service(ref);
	for (size_t i = 0; a->extras && i < a->n; i++)
		learn_addresses(t, msg, len, a, i, service);
	if (head < 0)
		return;
	report_target(t, ref, service, &rs.record[head].target);
	answer_srv_first(msg, a, rs.at[head]);
}
