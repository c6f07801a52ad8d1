/* report.c: see report.h. */
#include "tools/pinwatch/report.h"

#include <stdio.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/endpoint-settings.h"
#include "policy/pins/health.h"
#include "policy/pins/sip-health.h"
#include "policy/rules/sip-evidence.h"
#include "policy/wire/sip-message.h"
#include "tools/common/cmd.h"
#include "tools/common/view.h"

/* ---- whose event it is ---- */

static struct {
	uint32_t pid;
	char comm[WATCH_COMM];
} who;

static uint32_t who_pid(void) { return who.pid; }

static void act_as(uint32_t pid, const char *comm)
{
	who.pid = pid;
	snprintf(who.comm, sizeof who.comm, "%s", comm);
}

/* ---- telling ---- */

static void say(const struct report *r, const struct outcome_seen *o)
{
	char addr[ADDRESS_TEXT], port[PORT_TEXT], latency[40] = "";
	address_format(&o->endpoint.addr, addr);
	port_text(o->endpoint.port, o->endpoint.transport, port);
	if (o->latency_us != UINT64_MAX)
		snprintf(latency, sizeof latency, " latency_us %llu", (unsigned long long)o->latency_us);
	note(NULL, "%s%s %s %s%s (%s %u)", r->look_only ? "would report: " : "", cause_text(o->finding.cause), addr, port,
	     latency, *o->comm ? o->comm : "-", o->pid);
}

static void remember(struct report *r, const struct endpoint *e, struct finding v, uint64_t latency_us)
{
	struct outcome_seen *o = &r->seen[r->outcomes++ % RECENT_OUTCOMES];
	*o = (struct outcome_seen){.endpoint = *e, .finding = v, .latency_us = latency_us, .pid = who.pid,
				   .time_ns = now_ns(CLOCK_REALTIME)};
	memcpy(o->comm, who.comm, sizeof o->comm);
	if (r->verbose || (r->look_only && !r->observer))
		say(r, o);
}

/* ---- reporting ---- */

static struct endpoint endpoint_of(const struct watch_key *peer, uint16_t port, uint8_t transport, uint32_t scope)
{
	struct endpoint e = {.port = port, .transport = transport};
	memcpy(e.addr.bytes, peer->addr, sizeof e.addr.bytes);
	if (e.addr.bytes[0] == 0xfe && (e.addr.bytes[1] & 0xc0) == 0x80)
		e.addr.scope = scope;
	return e;
}

static void report_into(struct report *r, struct served *s, struct outcome *o, struct finding v)
{
	struct table *t = &s->table;
	if (r->look_only)
		return;
	o->reach = REACH_ALL;
	/* Of a program that is not known, 0 and "": never our own. */
	t->pid = who_pid;
	t->comm = who.comm;
	if (v.kind == FINDING_NOTHING)
		return;
	o->kind = v.kind == FINDING_WORKS ? OUTCOME_SUCCEEDED : v.kind == FINDING_FAILED ? OUTCOME_FAILED : OUTCOME_BROKEN;
	o->why = v.cause;
	pins_report(t, o);
}

/*
 * A connection that was there before pinwatch, and ends badly: the table knows the
 * endpoint as one that worked, or this is the server's end of it, which has the
 * client's port.
 */
static bool is_client(const struct watch_event *e, const struct endpoint_record *r)
{
	return e->known || e->what != WATCH_BROKEN || (r && get32(&r->succeeded) != 0);
}

/* A success that was found late (tcp_look) says nothing of what came after it. */
static bool is_outdated(const struct watch_event *e, const struct endpoint_record *r)
{
	return e->what == WATCH_ESTABLISHED && r && get32(&r->failed) > tick_at(e->now);
}

/* A connect that waits while others come through (pins/health.h). One that broke after it came through is none. */
static bool is_lossy(const struct served *s, const struct watch_event *e, const struct endpoint *to, struct finding v)
{
	return v.cause == CAUSE_TIMED_OUT && e->what != WATCH_BROKEN &&
	       endpoint_connected_lately(&s->table, addr_find(&s->table, &to->addr), to);
}

/* Does it say something of this table's endpoint? */
static bool concerns(const struct served *s, const struct watch_event *e, const struct endpoint *to)
{
	if (s->state != TABLE_SERVED || s->netns != e->peer.netns)
		return false;
	const struct addr_record *a = addr_at(&s->table, addr_find(&s->table, &to->addr));
	const int slot = a ? endpoint_find(a, to->transport, to->port) : -1;
	const struct endpoint_record *r = slot >= 0 ? &a->endpoints[slot] : NULL;
	return a && is_client(e, r) && !is_outdated(e, r);
}

/* A datagram's error comes without a process: who sent it is known from before. */
static void find_sender(const struct report *r, struct watch_event *e)
{
	const struct sender_key flow = {.peer = e->peer, .port = e->port, .own_port = e->own_port};
	struct sender sender;
	if (e->pid || (!probes_connected(r->probes, e->cookie, &sender) && !probes_sender(r->probes, &flow, &sender)))
		return;
	e->pid = sender.pid;
	memcpy(e->comm, sender.comm, sizeof e->comm);
	e->cookie = e->cookie ? e->cookie : sender.cookie;
}

static void observe_event(const struct report *r, const struct watch_event *event, const struct endpoint *to, struct finding v)
{
	struct watch_event e = *event;
	memcpy(e.comm, who.comm, sizeof e.comm);
	if (r->observer)
		r->observer(&e, to, v);
}

/* As the shim has it (struct outcome): by this both know that they saw the same. */
static uint32_t since_of(const struct watch_event *e)
{
	const bool joined = !e->started && (e->what == WATCH_WAITS || e->what == WATCH_ENDED);
	const uint64_t began = joined ? e->now - (uint64_t)e->waited_ms * NS_PER_MS : e->started;
	return e->what == WATCH_BROKEN ? 0 : tick_at(began ? began : e->now);
}

/*
 * A connect that waits is told of again and again, since it may be none that counts at first, and then its end. Was it
 * said of this one that it waits? `now`: it is said now.
 */
static bool is_said(struct report *r, const struct watch_event *e, bool now)
{
	const uint64_t mark = e->cookie ^ e->started;
	uint64_t *w = &r->waits[e->cookie % WAITS];
	const bool said = *w == mark;
	if (now)
		*w = mark;
	return said;
}

void report_event(struct report *r, const struct watch_event *event)
{
	struct watch_event e = *event;
	struct finding v = {FINDING_NOTHING, CAUSE_NONE};
	const struct endpoint to = endpoint_of(&e.peer, e.port, e.transport, e.scope);
	const uint64_t latency = e.what == WATCH_ESTABLISHED && e.started ? (e.now - e.started) / 1000 : UINT64_MAX;
	bool any = false;
	r->events++;
	if (e.what == WATCH_ENDED && is_said(r, &e, false))
		return;
	if (e.what == WATCH_REFUSED)
		find_sender(r, &e);
	if (e.what == WATCH_REFUSED && finding_of(&e, 0).kind == FINDING_FAILED)
		refusals_note(&r->refusals, &e.peer, e.port, e.now);
	act_as(e.pid, e.comm);
	for (size_t i = 0; i < r->tables->n; i++) {
		struct served *s = &r->tables->served[i];
		struct outcome o = {.endpoint = to, .socket = e.cookie, .since = since_of(&e)};
		if (!concerns(s, &e, &to))
			continue;
		const struct finding here = finding_of(&e, (uint32_t)setting_at(&s->table, &to, SET_CONNECT_TIMEOUT));
		if (!is_lossy(s, &e, &to, here))
			report_into(r, s, &o, here);
		if (!any || v.kind == FINDING_NOTHING)
			v = here;
		any = true;
	}
	if (e.what == WATCH_WAITS)
		any = any && v.kind != FINDING_NOTHING && !is_said(r, &e, true);
	if (any)
		observe_event(r, &e, &to, v);
	if (any && v.kind != FINDING_NOTHING)
		remember(r, &to, v, latency);
}

/* ---- SIP over UDP ---- */

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
static void observe(const struct sighting *g, struct finding v)
{
	const struct watch_event e = {.peer = g->m->flow.peer, .cookie = g->m->cookie, .now = g->m->now, .pid = g->pid,
				      .port = g->m->flow.port, .own_port = g->m->flow.own_port,
				      .transport = TRANSPORT_UDP};
	observe_event(g->report, &e, &g->e, v);
}

static void conclude(const struct sighting *g, struct finding v)
{
	struct outcome o = {.endpoint = g->e, .socket = g->m->cookie,
			    .since = (uint32_t)(g->now_ms * TICKS_PER_S / 1000)};
	act_as(g->pid, g->comm);
	report_into(g->report, g->s, &o, v);
	observe(g, v);
	remember(g->report, &g->e, v, UINT64_MAX);
}

/* Did anything come from there since, an answer or an ICMP error? */
static bool heard_since(const struct sighting *g, uint64_t since_ms)
{
	return endpoint_heard_since(&g->s->table, g->ref, &g->e, request_kind(g->sip->method), since_ms) ||
	       refusals_since(&g->report->refusals, &g->m->flow.peer, g->m->flow.port, since_ms * 1000000);
}

static void request(const struct sighting *g)
{
	struct transactions *requests = g->s->requests;
	struct tx x;
	if (tx_find(requests, g->key, g->sip->method, g->now_ms, &x) && !x.answered && !x.finished) {
		uint64_t age = tx_age_ms(&x, g->now_ms);
		if (silence_proves(g->sip->method, x.sends, age, heard_since(g, x.since_ms),
				   setting_at(&g->s->table, &g->e, SET_SILENCE)))
			conclude(g, (struct finding){FINDING_FAILED, CAUSE_SILENCE});
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
		endpoint_heard(&g->s->table, g->ref, &g->e, request_kind(m->method),
			   m->method == SIP_REGISTER && m->status / 100 == 2);
	const struct status_rules rules = {setting_at(&g->s->table, &g->e, SET_FAIL_ON), 0};
	if (status_proves(m->method, m->status, m->retry_after, UINT64_MAX, rules).effect == STATUS_SUCCESS)
		conclude(g, (struct finding){FINDING_WORKS, CAUSE_ANSWERED});
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

void report_message(struct report *r, const struct watch_message *m)
{
	struct sip_message sip;
	r->events++;
	if (!sip_looks(m->text, m->length) || !sip_parse(m->text, m->length, &sip) || m->outward != (sip.status == 0))
		return;
	struct sighting g = {.report = r, .m = m, .sip = &sip, .key = sip_transaction(&sip), .now_ms = m->now / 1000000,
			     .e = endpoint_of(&m->flow.peer, m->flow.port, TRANSPORT_UDP, m->scope)};
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
