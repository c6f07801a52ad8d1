/* report.c: see report.h. */
#include "tools/pinwatch/report.h"

#include <stdio.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/health.h"
#include "tools/common/cmd.h"
#include "tools/common/view.h"

/* ---- whose event it is ---- */

static struct {
	uint32_t pid;
	char comm[WATCH_COMM];
} who;

static uint32_t who_pid(void) { return who.pid; }

void report_as(uint32_t pid, const char *comm)
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
	note(NULL, "%s%s %s %s%s (%s %u)", r->look_only ? "would report: " : "", cause_text(o->verdict.cause), addr, port,
	     latency, *o->comm ? o->comm : "-", o->pid);
}

void report_tell(struct report *r, const struct endpoint *e, struct verdict v, uint64_t latency_us)
{
	struct outcome_seen *o = &r->seen[r->outcomes++ % RECENT_OUTCOMES];
	*o = (struct outcome_seen){.endpoint = *e, .verdict = v, .latency_us = latency_us, .pid = who.pid,
				   .time_ns = now_ns(CLOCK_REALTIME)};
	memcpy(o->comm, who.comm, sizeof o->comm);
	if (r->verbose || (r->look_only && !r->observer))
		say(r, o);
}

/* ---- reporting ---- */

struct endpoint report_endpoint(const struct watch_key *peer, uint16_t port, uint8_t transport, uint32_t scope)
{
	struct endpoint e = {.port = port, .transport = transport};
	memcpy(e.addr.bytes, peer->addr, sizeof e.addr.bytes);
	if (e.addr.bytes[0] == 0xfe && (e.addr.bytes[1] & 0xc0) == 0x80)
		e.addr.scope = scope;
	return e;
}

void report_to(struct report *r, struct served *s, struct outcome *o, struct verdict v)
{
	struct table *t = &s->table;
	if (r->look_only)
		return;
	o->reach = REACH_ALL;
	/* Of a program that is not known, 0 and "": never our own. */
	t->pid = who_pid;
	t->comm = who.comm;
	switch (v.kind) {
	case VERDICT_WORKS:
		o->why = v.cause;
		pins_succeeded(t, o);
		break;
	case VERDICT_FAILED:
		pins_failed(t, o, v.cause);
		break;
	case VERDICT_RESET:
		pins_reset(t, o);
		break;
	case VERDICT_NOTHING:
		break;
	}
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
static bool is_lossy(const struct served *s, const struct watch_event *e, const struct endpoint *to, struct verdict v)
{
	return v.cause == CAUSE_TIMED_OUT && e->what != WATCH_BROKEN &&
	       pins_connected_lately(&s->table, addr_find(&s->table, &to->addr), to);
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

void report_observe(const struct report *r, const struct watch_event *event, const struct endpoint *to, struct verdict v)
{
	struct watch_event e = *event;
	memcpy(e.comm, who.comm, sizeof e.comm);
	if (r->observer)
		r->observer(&e, to, v);
}

/* As the shim has it (struct outcome): by this both know that they saw the same. */
static uint32_t since_of(const struct watch_event *e)
{
	return e->what == WATCH_BROKEN ? 0 : tick_at(e->started ? e->started : e->now);
}

/* A connect that waits is told of again and again, since it may be none that counts at first. */
static bool is_said(struct report *r, const struct watch_event *e)
{
	const uint64_t mark = e->cookie ^ e->started;
	uint64_t *w = &r->waits[e->cookie % WAITS];
	if (e->what != WATCH_WAITS)
		return false;
	const bool said = *w == mark;
	*w = mark;
	return said;
}

void report_event(struct report *r, const struct watch_event *event)
{
	struct watch_event e = *event;
	const struct verdict v = verdict_of(&e);
	const struct endpoint to = report_endpoint(&e.peer, e.port, e.transport, e.scope);
	const uint64_t latency = e.what == WATCH_ESTABLISHED && e.started ? (e.now - e.started) / 1000 : UINT64_MAX;
	bool any = false;
	r->events++;
	if (v.kind == VERDICT_NOTHING && !r->observer)
		return;
	if (e.what == WATCH_REFUSED)
		find_sender(r, &e);
	if (e.what == WATCH_REFUSED && v.kind == VERDICT_FAILED)
		refusals_note(&r->refusals, &e.peer, e.port, e.now);
	report_as(e.pid, e.comm);
	for (size_t i = 0; i < r->tables->n; i++) {
		struct served *s = &r->tables->served[i];
		struct outcome o = {.endpoint = to, .socket = e.cookie, .since = since_of(&e)};
		if (!concerns(s, &e, &to))
			continue;
		if (!is_lossy(s, &e, &to, v))
			report_to(r, s, &o, v);
		any = true;
	}
	any = any && !is_said(r, &e);
	if (any)
		report_observe(r, &e, &to, v);
	if (any && v.kind != VERDICT_NOTHING)
		report_tell(r, &to, v, latency);
}
