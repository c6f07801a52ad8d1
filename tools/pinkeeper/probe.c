/* probe.c: see probe.h. */
#include "tools/pinkeeper/probe.h"

#include <stdlib.h>

#include "policy/base/clock.h"
#include "policy/pins/filter.h"
#include "policy/pins/report.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/srv.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "tools/pinkeeper/probe-send.h"
#include "tools/pinkeeper/probe-set.h"

enum {
	TURN_MS = 250,			/* between looks at what is due, and parts of a walk */
	NAMES_A_TURN = 1024,
	ROUND_MS = 2000,		/* from one walk's begin to the next one's, at least */
	SPREAD_MS = 1000,		/* what is new is probed within this time */
	PROBES_AT_ONCE = 128,		/* under way */
};

static struct keeper *keeper;
static uv_timer_t timer;
static struct probe_set set;
static uint32_t cursor;			/* of the walk; 0: none has begun */
static uint64_t walk_began_ms;
static uint64_t counts[3];		/* passed, failed, not tried */

/* ---- what is to be probed ---- */

static void want(const struct endpoint *e, const struct settings *s)
{
	const struct table *t = &keeper->c.table;
	const bool speaks_sip = endpoint_speaks_sip(t, addr_find(t, &e->addr), e);
	const struct probe_rule rule = {
		.options = setting_of(s, SET_PROBE) == PROBE_OPTIONS && speaks_sip && e->port != SIPS_PORT,
		.interval_s = setting_of(s, SET_PROBE_INTERVAL),
		.timeout_s = setting_of(s, SET_CONNECT_TIMEOUT),
		.rise = setting_of(s, SET_RISE),
		.fall = setting_of(s, SET_FALL),
	};
	/* A datagram that is no SIP has no answer that is known here. */
	if (e->port == 0 || e->transport == TRANSPORT_ANY || (e->transport == TRANSPORT_UDP && !rule.options))
		return;
	probe_set_want(&set, e, &rule, uv_now(keeper->loop) + (unsigned)rand() % SPREAD_MS);
}

static void want_what_cools(const struct candidate_view *c, const struct settings *s)
{
	for (size_t i = 0; i < c->n_endpoints; i++)
		if (c->endpoints[i].circuit != CIRCUIT_CLOSED)
			want(&(struct endpoint){c->addr, c->endpoints[i].port, c->endpoints[i].transport}, s);
}

/* The pinned target of a service: all addresses of its host. */
static void want_target(const struct name *service, const struct address *target, const struct settings *s)
{
	struct name_ref ref;
	struct name name;
	struct name_view host;
	if (!target_host(&keeper->c.table, target, &ref, &name) || !pins_view(&keeper->c.table, ref, &host))
		return;
	for (size_t i = 0; i < host.n_candidates; i++)
		want(&(struct endpoint){host.candidates[i].addr, target_port(target), service_transport(service)}, s);
}

/* A pin that nothing confirmed yet, as after a move: where the one before it worked. */
static void want_pin(struct name_ref ref, enum family f, const struct pin_view *p, const struct settings *s)
{
	const struct endpoint_filter before = filter_of(&keeper->c.table, ref, f);
	want(p->port ? &(struct endpoint){p->addr, p->port, p->transport}
		     : &(struct endpoint){p->addr, before.port, before.transport}, s);
}

static void want_of_name(struct name_ref ref, const struct name *name)
{
	struct name_view v;
	const struct settings s = settings_for(&keeper->c.table, name);
	if (setting_of(&s, SET_PROBE) == PROBE_OFF || !pins_view(&keeper->c.table, ref, &v))
		return;
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin_view *p = &v.pin[f];
		if (p->present && address_is_target(&p->addr))
			want_target(name, &p->addr, &s);
		else if (p->present)
			want_pin(ref, (enum family)f, p, &s);
	}
	for (size_t i = 0; i < v.n_candidates; i++)
		want_what_cools(&v.candidates[i], &s);
}

static bool nobody_probes(void)
{
	uint64_t by_default;
	return setting_default(&keeper->c.table, SET_PROBE, &by_default) && by_default == PROBE_OFF;
}

/* One part of a walk over all names. */
static void walk(void)
{
	struct name_ref ref;
	struct name name;
	const uint64_t now = uv_now(keeper->loop);
	if (cursor == 0 && now - walk_began_ms < ROUND_MS)
		return;
	if (cursor == 0)
		walk_began_ms = now;
	if (nobody_probes()) {
		cursor = 0;
		probe_set_drop(&set);
		return;
	}
	for (unsigned i = 0; i < NAMES_A_TURN; i++) {
		if (!table_next(&keeper->c.table, &cursor, &ref, &name)) {
			cursor = 0;
			probe_set_turn(&set);
			return;
		}
		want_of_name(ref, &name);
	}
}

/* ---- what probes say ---- */

static void report(const struct endpoint *e, enum outcome_kind kind, enum cause why)
{
	const struct outcome o = {.endpoint = *e, .kind = kind, .why = why, .reach = REACH_ALL, .by_hand = true};
	pins_report(&keeper->c.table, &o);
}

/* How the endpoint fares in the table; false: the table does not know it. */
static bool health_of(const struct endpoint *e, struct health *out)
{
	const struct addr_record *a = addr_at(&keeper->c.table, addr_find(&keeper->c.table, &e->addr));
	const int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	if (slot >= 0)
		*out = health_unpack(seen64(&a->endpoints[slot].health));
	return slot >= 0;
}

/*
 * A server may answer OPTIONS, and yet leave REGISTER or INVITE unanswered or refuse them. That failure ends by itself,
 * unless a probe has met one too.
 */
static bool is_disproved(const struct health *h, const struct probed *p)
{
	switch ((enum cause)h->last_cause) {
	case CAUSE_SILENCE:
	case CAUSE_UNANSWERED:
	case CAUSE_CLOSED:
	case CAUSE_SIP_503:
	case CAUSE_SIP_STATUS:
	case CAUSE_BY_HAND: return p->failed_before;
	default: return true;
	}
}

static void on_done(void *arg, const struct endpoint *e, const struct probe_result *r)
{
	struct probed *p = probe_set_find(&set, e);
	struct health h;
	(void)arg;
	counts[!r->tried ? 2 : !r->passed]++;
	if (!p || !keeper->attached)
		return;
	p->busy = false;
	p->due_ms = uv_now(keeper->loop) + probe_interval_ms(p->rule.interval_s, (uint32_t)rand());
	if (!r->tried)
		return;
	switch (probed_after(p, r->passed)) {
	case PROBE_FAILED: report(e, OUTCOME_FAILED, r->why); break;
	case PROBE_WORKS:
		if (health_of(e, &h) && health_circuit(h, tick_now() / TICKS_PER_S) != CIRCUIT_CLOSED && is_disproved(&h, p))
			report(e, OUTCOME_SUCCEEDED, r->why);
		p->failed_before = false;
		break;
	case PROBE_NO_NEWS: break;
	}
}

/* ---- when ---- */

static void send_what_is_due(void)
{
	const uint64_t now = uv_now(keeper->loop);
	for (size_t i = 0; i < set.n_now && probes_under_way() < PROBES_AT_ONCE; i++) {
		struct probed *p = &set.now[i];
		if (p->busy || p->due_ms > now)
			continue;
		p->busy = probe_send(keeper->loop, &p->endpoint, p->rule.options, p->rule.timeout_s * 1000, on_done, NULL);
	}
}

static void on_timer(uv_timer_t *t)
{
	(void)t;
	if (!keeper->attached || !keeper->c.table.writable)
		return;
	walk();
	send_what_is_due();
}

/* ---- the duty ---- */

static bool start(struct keeper *k)
{
	keeper = k;
	if (!probe_set_open(&set))
		return complain(&k->c, "probe: out of memory"), false;
	if (uv_timer_init(k->loop, &timer) == 0 && uv_timer_start(&timer, on_timer, 0, TURN_MS) == 0)
		return true;
	probe_set_close(&set);
	return complain(&k->c, "probe: the loop has no room"), false;
}

/* Another table has other names: nothing of the walk over the old one counts. */
static void attached(struct keeper *k)
{
	(void)k;
	cursor = 0;
	walk_began_ms = 0;
	probe_set_drop(&set);
}

static void stop(struct keeper *k)
{
	(void)k;
	probes_end();
	uv_close((uv_handle_t *)&timer, NULL);
	probe_set_close(&set);
}

static void expose(struct keeper *k, struct exposition *x)
{
	static const char *const results[] = {"passed", "failed", "not tried"};
	(void)k;
	expose_metric(x, METRIC_COUNTER, "pinkeeper_probe_probes_total", "Probes that ended, by result.");
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		expose_sample(x, (double)counts[i], "result", results[i], NULL);
	expose_metric(x, METRIC_GAUGE, "pinkeeper_probe_endpoints", "Endpoints that are probed.");
	expose_sample(x, (double)set.n_now, NULL);
	expose_metric(x, METRIC_COUNTER, "pinkeeper_probe_passed_over_total", "Endpoints that were not probed, for want of room.");
	expose_sample(x, (double)set.passed_over, NULL);
}

const struct duty probe_duty = {.name = "probe", .start = start, .attached = attached, .expose = expose, .stop = stop};
