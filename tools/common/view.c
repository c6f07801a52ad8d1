/* view.c: names, pins, candidates and endpoints in words. See view.h. */
#include "policy/table/journal.h"
#include "tools/common/view.h"

#include <stdio.h>

const char *family_text(const struct name *n, enum family f)
{
	if (f == FAMILY_SRV && name_is_service(n))
		return "srv";
	return f == FAMILY_V4 ? "inet" : "inet6";
}

const char *kind_text(const struct pin_view *p) { return p->is_explicit ? "explicit" : "auto"; }
const char *state_text(const struct pin_view *p) { return p->confirmed ? "confirmed" : "tentative"; }

const char *circuit_text(enum circuit f)
{
	return f == CIRCUIT_CLOSED ? "fit" : f == CIRCUIT_HALF_OPEN ? "due" : "cooling";
}

void port_text(uint16_t port, uint8_t transport, char out[static PORT_TEXT])
{
	if (port == 0 && transport == TRANSPORT_ANY)
		snprintf(out, PORT_TEXT, "-");
	else
		snprintf(out, PORT_TEXT, "%u/%s", port, transport_text(transport));
}

json_t *port_json(uint16_t port) { return port ? json_integer(port) : json_null(); }

json_t *transport_json(uint8_t transport)
{
	return transport == TRANSPORT_ANY ? json_null() : json_string(transport_text(transport));
}

static json_t *cause_json(uint8_t cause)
{
	return cause == CAUSE_NONE ? json_null() : json_string(cause_text(cause));
}

/* Seconds since a tick of the table; null for never. */
static json_t *since_json(uint32_t now, uint32_t then)
{
	return then ? json_integer(tick_since(now, then) / TICKS_PER_S) : json_null();
}

/* What an SRV record says (RFC 2782), as far as it is the target's own. */
static json_t *with_target(json_t *o, const struct table *t, const struct address *target, const char *port_key)
{
	if (o && address_is_target(target)) {
		json_object_set_new(o, "target", json_target(t, target));
		json_object_set_new(o, port_key, json_integer(target_port(target)));
	}
	return o;
}

static json_t *pin_json(const struct table *t, enum family f, const struct name_view *v)
{
	const struct pin_view *p = &v->pin[f];
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:b, s:o, s:s, s:I, s:I, s:o}",
			 "family", family_text(&v->name, f), "address", json_address(t, &p->addr),
			 "port", port_json(p->port), "transport", transport_json(p->transport),
			 "kind", kind_text(p), "state", state_text(p), "failed", p->failed,
			 "idle_s", json_seconds(v->idle_s), "origin", origin_text(p->origin),
			 "origin_pid", (json_int_t)p->origin_pid, "set_s", (json_int_t)p->set_s,
			 "expires_s", p->expires_s ? json_integer(p->expires_s) : json_null());
}

static json_t *endpoint_json(const struct endpoint_view *e)
{
	const uint32_t now = tick_now();
	return json_pack("{s:o, s:o, s:b, s:s, s:i, s:I, s:o, s:b, s:o, s:o}",
			 "port", port_json(e->port), "transport", transport_json(e->transport),
			 "healthy", e->circuit == CIRCUIT_CLOSED, "fitness", circuit_text(e->circuit),
			 "failures", (int)e->failures, "cooling_ms", (json_int_t)e->cooling_s * 1000,
			 "last_error", cause_json(e->last_cause), "counts", e->counts,
			 "failed_s", since_json(now, e->failed), "succeeded_s", since_json(now, e->succeeded));
}

static json_t *endpoints_json(const struct candidate_view *c)
{
	json_t *list = json_array();
	for (size_t i = 0; i < c->n_endpoints && i < ENDPOINTS + 1; i++)
		json_array_append_new(list, endpoint_json(&c->endpoints[i]));
	return list;
}

static json_t *candidate_json(const struct table *t, const struct candidate_view *c)
{
	const struct endpoint_view *w = &c->worst;
	const char *from = c->seen_s == UINT32_MAX ? NULL : c->beside ? "srv" : "answer";
	return json_pack("{s:o, s:b, s:i, s:I, s:o, s:o, s:o, s:s?, s:i, s:b, s:o}",
			 "address", json_address(t, &c->addr), "healthy", w->circuit == CIRCUIT_CLOSED,
			 "failures", (int)w->failures, "cooling_ms", (json_int_t)w->cooling_s * 1000,
			 "last_error", cause_json(w->last_cause), "last_errno", json_text(cause_errno(w->last_cause)),
			 "last_seen_s", json_seconds(c->seen_s), "from", from, "rank", (int)c->rank, "drained", c->drained,
			 "endpoints", endpoints_json(c));
}

/* A target has its record's fields beside what an address has. */
static json_t *target_json(const struct table *t, const struct candidate_view *c)
{
	json_t *o = with_target(candidate_json(t, c), t, &c->addr, "port");
	if (o && address_is_target(&c->addr)) {
		json_object_set_new(o, "priority", json_integer(c->priority));
		json_object_set_new(o, "weight", json_integer(c->weight));
	}
	return o;
}

json_t *view_json(const struct table *t, const struct name_view *v)
{
	json_t *pins = json_array(), *candidates = json_array();
	for (enum family f = 0; f < FAMILIES; f++)
		if (v->pin[f].present)
			json_array_append_new(pins, with_target(pin_json(t, f, v), t, &v->pin[f].addr, "target_port"));
	for (size_t i = 0; i < v->n_candidates && i < CANDIDATES; i++)
		json_array_append_new(candidates, target_json(t, &v->candidates[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "name", json_text(v->name.text), "pins", pins,
			 "candidates", candidates, "idle_s", json_seconds(v->idle_s),
			 "moves", (json_int_t)v->moves, "ttl_s", (json_int_t)v->ttl_s);
}
