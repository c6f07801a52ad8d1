/* fill.c: see fill.h. */
#include "tools/pinwatch/fill.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/redirect.h"
#include "policy/pins/srv.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"
#include "policy/table/journal.h"

enum { ROUND_MS = 1000, HOLDERS = 64 };

/* ---- one endpoint ---- */

/* Has it failed, so that not even what was sent before waits for it? */
static bool has_failed(const struct table *t, const struct endpoint *e)
{
	const struct addr_record *a = addr_at(t, addr_find(t, &e->addr));
	int at = a ? endpoint_find(a, e->transport, e->port) : -1;
	if (!a)
		return false;
	const struct health h = health_unpack(get64(at >= 0 ? &a->endpoints[at].health : &a->other));
	return health_circuit(h, tick_now() / TICKS_PER_S) == CIRCUIT_OPEN;
}

/* True: it leads elsewhere. What the kernel cannot tell apart, link-local addresses, is left alone. */
static bool ask(struct fill *f, const struct address *a, uint16_t port, uint8_t transport)
{
	const enum redirect_kind kind = port == 0 ? REDIRECT_DATAGRAM : transport == TRANSPORT_TCP ? REDIRECT_CONNECT : REDIRECT_REQUEST;
	const struct endpoint e = {*a, port, transport};
	const struct asker anybody = {0};	/* the kernel does not know who was given what */
	struct endpoint to;
	if (a->scope || !pins_redirect(f->table, &e, kind, &anybody, &to) || to.addr.scope) {
		entries_stay(f->entries, &e);
		return false;
	}
	to.transport = transport;
	entries_put(f->entries, &e, &to, has_failed(f->table, &e));
	/* The kernel must know the pin: who sends to it by its own name has replies from it. */
	entries_put(f->entries, &to, &to, false);
	return true;
}

/* Where it goes without an entry of its own must not be where one that is steered for another port goes. */
static void ask_port(struct fill *f, const struct address *a, uint16_t port, bool any[static 3])
{
	for (uint8_t transport = TRANSPORT_TCP; transport <= TRANSPORT_UDP; transport++) {
		const struct endpoint e = {*a, port, transport};
		if (!ask(f, a, port, transport) && any[transport])
			entries_put(f->entries, &e, &e, false);
	}
}

static void fill_address(struct fill *f, const struct address *a)
{
	const struct addr_record *r = addr_at(f->table, addr_find(f->table, a));
	bool any[3] = {false};
	if (!r || address_is_target(a))
		return;
	for (uint8_t transport = TRANSPORT_TCP; transport <= TRANSPORT_UDP; transport++)
		any[transport] = ask(f, a, 0, transport);
	for (size_t i = 0; i < f->n_ports; i++)
		ask_port(f, a, f->ports[i], any);
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		struct health h = health_unpack(get64(&r->endpoints[i].health));
		if (h.transport != TRANSPORT_ANY && h.port != 0)
			ask_port(f, a, h.port, any);
	}
}

/* ---- one name ---- */

static void note_port(struct fill *f, uint16_t port)
{
	for (size_t i = 0; i < f->n_ports; i++)
		if (f->ports[i] == port)
			return;
	if (port != 0 && f->n_ports < FILL_PORTS)
		f->ports[f->n_ports++] = port;
}

static void note_sip_ports(struct fill *f, uint64_t ports)
{
	for (unsigned i = 0; i < SETTING_PORTS; i++)
		note_port(f, setting_port(ports, i));
}

/* Those of the default block; a name that may have others of its own is asked for them when it is its turn. */
static void note_default_ports(struct fill *f)
{
	uint64_t ports;
	setting_default(f->table, SET_SIP_PORTS, &ports);
	note_sip_ports(f, ports);
}

static void fill_host(struct fill *f, struct name_ref ref)
{
	struct name_view v;
	uint64_t ports;
	if (!pins_view(f->table, ref, &v))
		return;
	if (!setting_default(f->table, SET_SIP_PORTS, &ports))
		note_sip_ports(f, settings_for(f->table, &v.name).value[SET_SIP_PORTS]);
	for (size_t i = 0; i < v.n_candidates; i++)
		fill_address(f, &v.candidates[i].addr);
	for (unsigned i = 0; i < FAMILIES; i++)
		if (v.pin[i].present)
			fill_address(f, &v.pin[i].addr);
}

static void fill_service(struct fill *f, struct name_ref ref)
{
	struct name_view v;
	struct name_ref host;
	struct name name;
	if (!pins_view(f->table, ref, &v))
		return;
	for (size_t i = 0; i < v.n_candidates; i++)
		note_port(f, target_port(&v.candidates[i].addr));
	for (size_t i = 0; i < v.n_candidates; i++)
		if (target_host(f->table, &v.candidates[i].addr, &host, &name))
			fill_host(f, host);
}

/* What a target's host leads to is where the other targets of its services lead. */
static void fill_services_of(struct fill *f, const struct name *host, uint16_t port)
{
	const struct address target = addr_of_target(f->table, host, port);
	addr_ref ref = addr_find(f->table, &target);
	struct name_ref service;
	uint32_t cursor = 0;
	for (int i = 0; ref && i < HOLDERS && index_next(f->table, ref, &cursor, &service); i++)
		fill_service(f, service);
}

static void fill_name(struct fill *f, struct name_ref ref, const struct name *name)
{
	if (name_is_service(name)) {
		fill_service(f, ref);
		return;
	}
	fill_host(f, ref);
	if (!get32(&f->table->header->targets))
		return;
	for (size_t i = 0; i < f->n_ports; i++)
		fill_services_of(f, name, f->ports[i]);
}

/* All that hold the address; of very many those that come first, and the rest with the next round. */
static void fill_holders(struct fill *f, const struct address *a)
{
	addr_ref addr = addr_find(f->table, a);
	struct name_ref ref, same;
	struct name name;
	uint32_t cursor = 0;
	for (int i = 0; addr && i < HOLDERS && index_next(f->table, addr, &cursor, &ref); i++)
		if (table_at(f->table, ref.slot, &same, &name) && same.key == ref.key)
			fill_name(f, ref, &name);
}

/* ---- what happened ---- */

/* What led to the address may not any more. One look at each entry, no more for most. */
static void ask_again(struct fill *f, const struct address *to)
{
	const struct entry *t;
	for (size_t at = 0; (t = entries_next(f->entries, &at));) {
		const struct endpoint asked = t->asked;
		if (address_equal(&t->to.addr, to))
			ask(f, &asked.addr, asked.port, asked.transport);
	}
}

/* The pin is no more, or the whole name. */
static void fill_gone(struct fill *f, const struct event *e)
{
	if (e->has_addr && !address_is_target(&e->addr))
		ask_again(f, &e->addr);
	else
		fill_anew(f);
}

void fill_event(struct fill *f, const struct event *e)
{
	struct name name;
	struct name_ref ref;
	if (e->name[0] && name_canonical(e->name, &name) == NAME_OK && table_find(f->table, &name, &ref))
		fill_name(f, ref, &name);
	else if (e->name[0])
		fill_gone(f, e);
	else if (e->has_addr)
		fill_holders(f, &e->addr);
	if (e->kind == EVENT_DROPPED || e->kind == EVENT_EVICTED)
		fill_gone(f, e);
}

void fill_added(struct fill *f, uint32_t slot)
{
	struct address a;
	if (addr_in_slot(f->table, slot, &a) && !address_is_target(&a))
		fill_address(f, &a);
}

/* ---- all of it ---- */

void fill_anew(struct fill *f)
{
	f->begun_ms = 0;
	f->over = f->hurry = true;
}

void fill_begin(struct fill *f, const struct table *t, struct entries *e)
{
	*f = (struct fill){.table = t, .entries = e, .over = true, .hurry = true};
	note_default_ports(f);
}

static bool round_begins(struct fill *f)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC) / NS_PER_MS;
	if (f->begun_ms && now - f->begun_ms < ROUND_MS && f->epoch == pins_epoch(f->table))
		return false;
	if (f->begun_ms && now - f->begun_ms < ROUND_MS / 10)
		return false;
	note_default_ports(f);
	f->begun_ms = now;
	f->epoch = pins_epoch(f->table);
	f->name = 0;
	f->entry = 0;
	f->over = false;
	return true;
}

/* The entries first: what leads to a place that is none any more is worse than what is not steered yet. */
static bool round_goes_on(struct fill *f)
{
	struct name_ref ref;
	struct name name;
	const struct entry *t = entries_next(f->entries, &f->entry);
	if (t) {
		const struct endpoint asked = t->asked;
		ask(f, &asked.addr, asked.port, asked.transport);
		return true;
	}
	if (!table_next(f->table, &f->name, &ref, &name))
		return false;
	if (name_is_service(&name))
		fill_service(f, ref);
	else
		fill_host(f, ref);
	return true;
}

bool fill_slice(struct fill *f, unsigned budget_us)
{
	if (f->over && !round_begins(f))
		return false;
	for (uint64_t end = now_ns(CLOCK_MONOTONIC) + (uint64_t)budget_us * NS_PER_US; now_ns(CLOCK_MONOTONIC) < end;)
		for (int i = 0; i < 16; i++)
			if (!round_goes_on(f)) {
				entries_sweep(f->entries);
				f->over = true;
				f->hurry = false;
				return false;
			}
	return true;
}
