/* sip-watch.c: see sip-watch.h. */
#include "tools/pinwatch/sip-watch.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/sip-health.h"
#include "policy/rules/sip-evidence.h"
#include "policy/wire/sip-message.h"

/* One message, as one table sees it. */
struct sighting {
	struct report *report;
	struct served *s;
	const struct watch_message *m;
	const struct sip_message *sip;
	struct endpoint e;
	addr_ref ref;
	uint64_t key, now_ms;
	uint32_t pid;			/* of the program at our end; 0: not known */
	char comm[WATCH_COMM];
};

/* A conclusion in the form of an event. */
static void observe(const struct sighting *g, struct verdict v)
{
	const struct watch_event e = {.peer = g->m->flow.peer, .cookie = g->m->cookie, .now = g->m->now, .pid = g->pid,
				      .port = g->m->flow.port, .own_port = g->m->flow.own_port,
				      .transport = TRANSPORT_UDP};
	report_observe(g->report, &e, &g->e, v);
}

static void conclude(const struct sighting *g, struct verdict v)
{
	struct outcome o = {.endpoint = g->e, .socket = g->m->cookie,
			    .since = (uint32_t)(g->now_ms * TICKS_PER_S / 1000)};
	report_as(g->pid, g->comm);
	report_to(g->report, g->s, &o, v);
	observe(g, v);
	report_tell(g->report, &g->e, v, UINT64_MAX);
}

/* Did anything come from there since, an answer or an ICMP error? */
static bool heard_since(const struct sighting *g, uint64_t since_ms)
{
	return pins_heard_since(&g->s->table, g->ref, &g->e, request_kind(g->sip->method), since_ms) ||
	       refusals_since(&g->report->refusals, &g->m->flow.peer, g->m->flow.port, since_ms * 1000000);
}

static void request(const struct sighting *g)
{
	struct transactions *requests = g->s->requests;
	struct tx x;
	if (tx_find(requests, g->key, g->sip->method, g->now_ms, &x) && !x.answered && !x.finished) {
		uint64_t age = tx_age_ms(&x, g->now_ms);
		if (silence_proves(g->sip->method, x.sends, age, heard_since(g, x.since_ms)))
			conclude(g, (struct verdict){VERDICT_FAILED, CAUSE_SILENCE});
	}
	tx_sent(requests, g->key, g->sip->method, &g->e, g->now_ms);
}

/* Of a status only what speaks for the server is taken: what speaks against it is the shim's to judge, with its program's names. */
static void response(const struct sighting *g)
{
	struct tx x;
	const struct sip_message *m = g->sip;
	if (!tx_match(g->s->requests, g->key, m->method, &g->e, m->status, g->now_ms, &x))
		return;
	if (!g->report->look_only)
		pins_heard(&g->s->table, g->ref, &g->e, request_kind(m->method),
			   m->method == SIP_REGISTER && m->status / 100 == 2);
	if (status_proves(m->method, m->status, m->retry_after, UINT64_MAX).effect == STATUS_SUCCESS)
		conclude(g, (struct verdict){VERDICT_WORKS, CAUSE_ANSWERED});
}

/* An answer comes in whatever context; whose it is, the request told. */
static void find_program(struct sighting *g)
{
	struct sender sender;
	g->pid = g->m->pid;
	memcpy(g->comm, g->m->comm, sizeof g->comm);
	if (g->m->outward || !probes_sender(g->report->probes, &g->m->flow, &sender))
		return;
	g->pid = sender.pid;
	memcpy(g->comm, sender.comm, sizeof g->comm);
}

void sip_message_seen(struct report *r, const struct watch_message *m)
{
	struct sip_message sip;
	r->events++;
	if (!sip_looks(m->text, m->length) || !sip_parse(m->text, m->length, &sip) || m->outward != (sip.status == 0))
		return;
	struct sighting g = {.report = r, .m = m, .sip = &sip, .key = sip_transaction(&sip), .now_ms = m->now / 1000000,
			     .e = report_endpoint(&m->flow.peer, m->flow.port, TRANSPORT_UDP, m->scope)};
	find_program(&g);
	for (size_t i = 0; g.key && i < r->tables->n; i++) {
		g.s = &r->tables->served[i];
		if (g.s->state != TABLE_SERVED || g.s->netns != m->flow.peer.netns ||
		    !(g.ref = addr_find(&g.s->table, &g.e.addr)))
			continue;
		if (m->outward)
			request(&g);
		else
			response(&g);
	}
}
