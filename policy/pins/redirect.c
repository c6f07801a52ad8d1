/* redirect.c: see redirect.h. */
#include "policy/pins/redirect.h"

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/snapshot.h"
#include "policy/pins/srv.h"
#include "policy/pins/standing.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"

enum {
	DIRECT_S = 3600,			/* a target that was asked for for itself counts as such so long */
	HOLDERS_MAX = 16,			/* names regarded; an address of more is not steered */
	HIGHER_MAX = 256,			/* names among which one that stands higher is looked for */
};

struct question {
	const struct table *t;
	const struct endpoint *e;
	addr_ref addr;
	enum redirect_kind kind;
	const struct asker *who;
};

/* What the names regarded so far say, of those with the highest standing. */
struct opinion {
	bool any, split;
	enum standing standing;
	struct endpoint to;
};

static void agree(struct opinion *o, enum standing s, const struct endpoint *to)
{
	if (o->any && s < o->standing)
		return;
	if (!o->any || s > o->standing)
		*o = (struct opinion){.any = true, .standing = s, .to = *to};
	else if (o->to.port != to->port || !address_equal(&o->to.addr, &to->addr))
		o->split = true;
}

/* Has the name any say in what this program sends there? */
static bool has_say(const struct question *q, const struct settings *set, const struct name *host)
{
	if (q->who->wants && !q->who->wants(host))
		return false;
	return set->value[SET_STEER] == STEER_ON || !q->who->was_given || q->who->was_given(host, &q->e->addr);
}

static bool may_steer(const struct question *q, struct settings set, bool is_target)
{
	if (!set.value[SET_STICKY] || set.value[SET_STEER] == STEER_OFF)
		return false;
	if (set.value[SET_STEER] == STEER_ON)
		return true;
	return q->kind != REDIRECT_DATAGRAM &&
	       (setting_has_port(set.value[SET_SIP_PORTS], q->e->port) || is_target || sip_seen(q->t, q->addr, q->e));
}

/* ---- one name's opinion ---- */

/* The candidate that its pin leads to, as a lookup now would find. -1: none, or an auto pin that is not fit. */
static int leads_to(const struct snapshot *sn, const struct settings *set)
{
	if (sn->facts.pin < 0)
		return -1;
	const struct transition tr = decide_lookup(&sn->facts, set);
	if ((tr.action != KEEP && tr.action != MOVE) || tr.head < 0)
		return -1;
	return sn->facts.is_explicit || sn->facts.candidate[tr.head].circuit == CIRCUIT_CLOSED ? tr.head : -1;
}

/* Where the pin of `host` leads for this port. False: nowhere better. */
static bool host_leads(const struct question *q, struct name_ref ref, const struct name *host, uint16_t port,
		       struct endpoint *to)
{
	const struct settings set = settings_for(q->t, host);
	const struct lookup l = {.name = host, .port = port, .transport = q->e->transport};
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	if (!snapshot_read(q->t, ref, host, address_family(&q->e->addr), NULL, &l, 0, &sn))
		return false;
	int at = leads_to(&sn, &set);
	if (at < 0)
		return false;
	*to = (struct endpoint){sn.refs[at].addr, port, q->e->transport};
	return true;
}

/* A host of a pinned target that nobody has looked up yet: its first address that is fit. */
static bool host_offers(const struct question *q, struct name_ref ref, const struct name *host, uint16_t port,
			struct endpoint *to)
{
	const struct lookup l = {.name = host, .port = port, .transport = q->e->transport};
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	if (!snapshot_read(q->t, ref, host, address_family(&q->e->addr), NULL, &l, 0, &sn) || sn.facts.pin >= 0)
		return false;
	for (size_t i = 0; i < sn.facts.n; i++)
		if (sn.facts.candidate[i].in_answer && !sn.facts.candidate[i].drained && sn.facts.candidate[i].circuit == CIRCUIT_CLOSED) {
			*to = (struct endpoint){sn.refs[i].addr, port, q->e->transport};
			return true;
		}
	return false;
}

static void ask_host(const struct question *q, struct name_ref ref, const struct name *host, enum standing s,
		     struct opinion *o)
{
	struct endpoint to;
	agree(o, s, host_leads(q, ref, host, q->e->port, &to) ? &to : q->e);
}

/* Is it a service of the transport that the packet has? */
static bool is_for(const struct question *q, const struct name *service)
{
	const uint8_t transport = service_transport(service);
	return transport == TRANSPORT_ANY || transport == q->e->transport;
}

/* False: the service has no pin, and no opinion. */
static bool service_leads(const struct question *q, struct name_ref ref, const struct name *service,
			  const struct settings *set, struct endpoint *to)
{
	struct name_ref host_ref;
	struct name host;
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	if (!snapshot_read(q->t, ref, service, FAMILY_SRV, NULL, NULL, 0, &sn))
		return false;
	int at = leads_to(&sn, set);
	if (at < 0 || !address_is_target(&sn.refs[at].addr))
		return false;
	const struct address *target = &sn.refs[at].addr;
	*to = *q->e;
	if (!set->value[SET_STICKY] || set->value[SET_STEER] == STEER_OFF || !target_host(q->t, target, &host_ref, &host))
		return true;
	if (!host_leads(q, host_ref, &host, target_port(target), to) &&
	    !host_offers(q, host_ref, &host, target_port(target), to))
		*to = *q->e;
	return true;
}

static bool is_own(const struct question *q, struct name_ref ref)
{
	for (size_t i = 0; i < q->who->n; i++)
		if (q->who->names[i].slot == ref.slot && q->who->names[i].key == ref.key)
			return true;
	return false;
}

/* Which services are asked: those that this process looked up, and those of the packet's transport, or all. */
enum asked { OWN_OF_TRANSPORT, OWN, OF_TRANSPORT };

/* A host that is the target of services. */
struct led {
	const struct name *name;
	addr_ref target;
	enum standing standing;
	bool direct;			/* it was asked for for itself, too */
};

/* A service of another domain has no say over a host that was asked for for itself and that stands as high. */
static bool speaks_for(const struct name *service, enum standing s, const struct led *host)
{
	return !host->direct || host->standing == STANDING_ANSWERED || s > host->standing ||
	       target_in_domain(service, host->name);
}

/* The services that lead to this host. True: one had an opinion. */
static bool ask_services(const struct question *q, const struct led *host, enum asked which, struct opinion *o)
{
	uint32_t cursor = 0;
	struct name_ref ref, same;
	struct name service;
	struct endpoint to;
	bool any = false;
	for (int i = 0; i < HOLDERS_MAX && index_next(q->t, host->target, &cursor, &ref); i++) {
		if ((which != OF_TRANSPORT && !is_own(q, ref)) || !table_at(q->t, ref.slot, &same, &service) ||
		    same.key != ref.key || !name_is_service(&service) || (which != OWN && !is_for(q, &service)))
			continue;
		struct effective eff;
		settings_effective(q->t, &service, &eff);
		const enum standing s = standing_of(q->t, ref, &eff);
		if (!speaks_for(&service, s, host) || !service_leads(q, ref, &service, &eff.set, &to))
			continue;
		agree(o, s, &to);
		any = true;
	}
	return any;
}

static bool is_direct(const struct table *t, struct name_ref ref)
{
	return tick_within(tick_now(), get32(&name_cold(t, ref)->direct), DIRECT_S);
}

/*
 * A name that holds the address: for itself, or as the host of a target. `own`: this
 * process looked it up, so if it did so for itself other processes' services have no say.
 */
static void ask_holder(const struct question *q, struct name_ref ref, bool own, struct opinion *o)
{
	struct name_ref same;
	struct name host;
	struct effective eff;
	if (!table_at(q->t, ref.slot, &same, &host) || same.key != ref.key || name_is_service(&host))
		return;
	settings_effective(q->t, &host, &eff);
	if (!has_say(q, &eff.set, &host))
		return;
	struct led led = {&host, 0, standing_of(q->t, ref, &eff), is_direct(q->t, ref)};
	if (get32(&q->t->header->targets)) {
		const struct address a = addr_of_target(q->t, &host, q->e->port);
		led.target = addr_find(q->t, &a);
	}
	if (!may_steer(q, eff.set, led.target != 0)) {
		agree(o, led.standing, q->e);
		return;
	}
	/* A program may ask for _sip._tcp and speak UDP (sipsak): it follows that service all the same. */
	if (led.target && (ask_services(q, &led, OWN_OF_TRANSPORT, o) || ask_services(q, &led, OWN, o)))
		return;
	const bool as_target = led.target && !(own && led.direct) && ask_services(q, &led, OF_TRANSPORT, o);
	if (led.direct || !as_target)
		ask_host(q, ref, &host, led.standing, o);
}

/* ---- all of them ---- */

static void ask_own(const struct question *q, struct opinion *o)
{
	const struct name_ref *names = q->who->names;
	for (size_t i = 0; i < q->who->n; i++)
		if (names[i].slot < q->t->layout.name_slots && name_holds(q->t, names[i], q->addr))
			ask_holder(q, names[i], true, o);
}

static void ask_all(const struct question *q, struct opinion *o)
{
	uint32_t cursor = 0;
	struct name_ref ref;
	for (int i = 0; i <= HOLDERS_MAX && index_next(q->t, q->addr, &cursor, &ref); i++) {
		o->split |= i == HOLDERS_MAX;
		ask_holder(q, ref, false, o);
	}
}

/*
 * Does a name that stands higher than those that this process looked up lead elsewhere, or one as high that it looked up at
 * some time? It may have looked that up, too, so
 * long ago, or before so many others, that it is not known any more. Then nobody's word counts; but if the higher name is
 * known to have given the program this address, its word does.
 */
static bool is_outranked(const struct question *q, struct opinion *own)
{
	struct opinion higher = {0};
	bool differs = false;
	uint32_t cursor = 0;
	struct name_ref ref, same;
	struct name host;
	struct endpoint to;
	for (int i = 0; own->standing < STANDING_CONFIGURED && index_next(q->t, q->addr, &cursor, &ref); i++) {
		if (i == HIGHER_MAX)
			return own->standing < STANDING_PROVEN;
		if (is_own(q, ref) || !table_at(q->t, ref.slot, &same, &host) || same.key != ref.key || name_is_service(&host))
			continue;
		struct effective eff;
		settings_effective(q->t, &host, &eff);
		const enum standing s = standing_of(q->t, ref, &eff);
		const bool as_high = s == own->standing && q->who->asked && q->who->asked(ref);
		if ((s <= own->standing && !as_high) || !eff.set.value[SET_STICKY] || eff.set.value[SET_STEER] == STEER_OFF)
			continue;
		if (s > own->standing && q->who->was_given && has_say(q, &eff.set, &host)) {
			ask_holder(q, ref, false, &higher);
			continue;
		}
		if (!host_leads(q, ref, &host, q->e->port, &to))
			to = *q->e;
		differs |= to.port != own->to.port || !address_equal(&to.addr, &own->to.addr);
	}
	if (!higher.any || higher.standing <= own->standing)
		return differs;
	*own = higher;
	return false;
}

/* Somebody may have scribbled into the table: what cannot take the place of `e` is no place to go. */
static bool can_stand_in(const struct endpoint *to, const struct endpoint *e)
{
	return !address_is_target(&to->addr) && address_family(&to->addr) == address_family(&e->addr) &&
	       address_is_unicast(&to->addr);
}

bool pins_redirect(const struct table *t, const struct endpoint *e, enum redirect_kind kind, const struct asker *who,
		struct endpoint *to)
{
	const struct question q = {t, e, addr_find(t, &e->addr), kind, who};
	struct opinion o = {0};
	if (!q.addr)
		return false;
	ask_own(&q, &o);
	if (o.any && is_outranked(&q, &o))
		return false;
	if (!o.any)
		ask_all(&q, &o);
	if (!o.any || o.split || !can_stand_in(&o.to, e) || (o.to.port == e->port && address_equal(&o.to.addr, &e->addr)))
		return false;
	*to = o.to;
	return true;
}

bool pins_concern(const struct table *t, addr_ref addr, bool (*wants)(const struct name *n))
{
	uint32_t cursor = 0;
	struct name_ref ref, same;
	struct name name;
	bool held = false;
	for (int i = 0; i <= HOLDERS_MAX && index_next(t, addr, &cursor, &ref); i++) {
		if (!table_at(t, ref.slot, &same, &name) || same.key != ref.key)
			continue;
		if (i == HOLDERS_MAX || ((!wants || wants(&name)) && settings_for(t, &name).value[SET_STICKY]))
			return true;
		held = true;
	}
	return !held && !wants;
}
