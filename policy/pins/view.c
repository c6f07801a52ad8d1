/* view.c: copies of what the table knows, for people and tests. See view.h. */
#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/candidates.h"
#include "policy/pins/glance.h"
#include "policy/pins/snapshot.h"
#include "policy/pins/srv.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"

static uint32_t age_s(uint32_t now, uint32_t then)
{
	return then ? tick_since(now, then) / TICKS_PER_S : UINT32_MAX;
}

static struct endpoint_view view_health(uint64_t word, uint32_t failed, uint32_t succeeded, uint32_t now_s)
{
	struct health h = health_unpack(word);
	return (struct endpoint_view){
		.port = h.port, .transport = h.transport, .last_cause = h.last_cause, .failures = h.failures,
		.cooling_s = health_cooling_s(h, now_s), .circuit = health_circuit(h, now_s),
		.failed = failed, .succeeded = succeeded,
	};
}

static bool worse(const struct endpoint_view *a, const struct endpoint_view *b)
{
	if (a->circuit != b->circuit)
		return a->circuit > b->circuit;
	return a->cooling_s != b->cooling_s ? a->cooling_s > b->cooling_s : a->failures > b->failures;
}

static void view_endpoints(const struct addr_record *a, struct endpoint_filter r, uint32_t now_s, struct candidate_view *out)
{
	for (unsigned i = 0; i <= ENDPOINTS; i++) {
		const bool other = i == ENDPOINTS;
		const struct endpoint_record *e = &a->endpoints[other ? 0 : i];
		uint64_t word = get64(other ? &a->other : &e->health);
		struct endpoint_view v = view_health(word, get32(other ? &a->other_failed : &e->failed),
						     other ? 0 : get32(&e->succeeded), now_s);
		if (other ? v.failures == 0 : v.transport == TRANSPORT_ANY)
			continue;
		v.counts = (other ? filter_takes_other : filter_takes)(r, health_unpack(word));
		if (v.counts && worse(&v, &out->worst))
			out->worst = v;
		out->endpoints[out->n_endpoints++] = v;
	}
}

/* A target whose host has no fit address is not fit, whatever its own endpoints are. */
static void view_host(const struct table *t, uint32_t now, struct endpoint_filter r, struct candidate_view *out)
{
	struct candidate c = {.circuit = (uint8_t)out->worst.circuit, .cooling_s = (uint16_t)out->worst.cooling_s, .drained = out->drained};
	target_judge(t, &out->addr, r, now, &c);
	out->worst.circuit = c.circuit;
	out->worst.cooling_s = c.cooling_s;
	out->drained = c.drained;
}

static bool view_candidate(const struct table *t, struct candidate_word c, struct srv_word srv, uint32_t now,
			   struct endpoint_filter r, struct candidate_view *out)
{
	*out = (struct candidate_view){.rank = c.rank};
	const struct addr_record *a = addr_at(t, c.ref);
	if (!a || !addr_read(t, c.ref, &out->addr))
		return false;
	out->seen_s = seen_age(c.seen, now / TICKS_PER_S);
	out->drained = get32(&a->drained) != 0;
	out->priority = srv.priority;
	out->weight = srv.weight;
	view_endpoints(a, r, now / TICKS_PER_S, out);
	if (address_is_target(&out->addr))
		view_host(t, now, r, out);
	return true;
}

static int by_rank_then_address(const struct candidate_view *a, const struct candidate_view *b)
{
	enum family fa = address_family(&a->addr), fb = address_family(&b->addr);
	unsigned ra = a->rank ? a->rank : 255u, rb = b->rank ? b->rank : 255u;
	if (fa != fb)
		return fa < fb ? -1 : 1;
	if (ra != rb)
		return ra < rb ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return memcmp(a->addr.bytes, b->addr.bytes, sizeof a->addr.bytes);
}

static void view_candidates(const struct table *t, struct name_ref ref, uint32_t now, struct name_view *out)
{
	const struct name_cold *cold = name_cold(t, ref);
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct candidate_view v;
		struct address a;
		struct candidate_word c = name_candidate(ref, get64(&cold->candidates[i]));
		if (!addr_read(t, c.ref, &a) ||
		    !view_candidate(t, c, candidates_srv(t, ref, i), now, filter_of(t, ref, address_family(&a)), &v))
			continue;
		v.beside = came_beside(get32(&cold->moves), i);
		size_t at = out->n_candidates++;
		for (; at > 0 && by_rank_then_address(&v, &out->candidates[at - 1]) < 0; at--)
			out->candidates[at] = out->candidates[at - 1];
		out->candidates[at] = v;
	}
}

static void view_pin(const struct table *t, struct name_ref ref, const struct name *name, enum family f, uint32_t now,
		     struct pin_view *out)
{
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	const struct name_cold *cold = name_cold(t, ref);
	if (!snapshot_read(t, ref, name, f, NULL, NULL, 0, &sn) || sn.facts.pin < 0)
		return;
	const struct settings set = settings_for(t, name);
	int at = snapshot_leads_to(&sn, &set);
	if (at < 0)
		return;
	struct pin p = pin_unpack(sn.pin_word);
	const struct addr_record *a = addr_at(t, p.ref);
	const struct confirmed c = confirmed_unpack(get64(&name_hot(t, ref)->confirmed[f]));
	const bool ranked = at != sn.facts.pin && c.ref == sn.refs[at].ref && c.reuse == name_reuse(ref);
	out->present = true;
	out->addr = sn.refs[at].addr;
	out->is_explicit = sn.facts.is_explicit;
	out->confirmed = at == sn.facts.pin ? sn.facts.confirmed : ranked;
	out->failed = sn.facts.sum_changed && !sn.facts.is_explicit;
	if (ranked) {
		out->port = c.port;
		out->transport = c.transport;
	} else if (a && out->confirmed) {
		struct health h = health_unpack(get64(&a->endpoints[p.latest].health));
		out->port = h.port;
		out->transport = h.transport;
	}
	out->origin = (uint8_t)get32(&cold->origin[f]);
	out->origin_pid = get32(&cold->origin_pid[f]);
	out->set_s = age_s(now, sn.facts.set_at);
	if (sn.facts.expires)
		out->expires_s = (sn.facts.expires - sn.facts.now + TICKS_PER_S - 1) / TICKS_PER_S;
}

bool pins_view(const struct table *t, struct name_ref ref, struct name_view *out)
{
	struct name_ref same;
	uint32_t now = tick_now(), now_s = now / TICKS_PER_S;
	*out = (struct name_view){0};
	if (!table_at(t, ref.slot, &same, &out->name) || same.key != ref.key)
		return false;
	for (unsigned f = 0; f < FAMILIES; f++)
		view_pin(t, ref, &out->name, (enum family)f, now, &out->pin[f]);
	uint32_t ttl_end = ttl_end_s(get32(&name_cold(t, ref)->ttl_end));
	out->ttl_s = ttl_end > now_s ? ttl_end - now_s : 0;
	out->idle_s = age_s(now, used_lookup(get32(&name_hot(t, ref)->used)));
	out->moves = moves_count(get32(&name_cold(t, ref)->moves));
	view_candidates(t, ref, now, out);
	return name_current(t, ref);
}

void pins_stats(const struct table *t, struct table_stats *out)
{
	*out = (struct table_stats){.names_capacity = t->names_capacity, .addrs_capacity = t->addrs_capacity};
	for (uint32_t i = 0; i < t->layout.name_slots; i++)
		out->names += key_state(get64(&t->hot[i].key)) == KEY_LIVE;
	for (uint32_t i = 0; i < t->layout.addr_slots; i++)
		out->addrs += key_state(get64(&t->addrs[i].key)) == KEY_LIVE;
	counters_glance(t, out->counters);
}
