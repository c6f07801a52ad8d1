/*
 * takeover.c: copies what one table knows into another. See takeover.h.
 *
 * Both tables have the same layout and clock. Each has its own size, seed, slots and reuse counts. So times and counts
 * are copied as they are, refs are made anew, and the host names an SRV target. The other table is read as any reader
 * reads it, while others may write there.
 */
#include "policy/base/clock.h"
#include "policy/pins/admin.h"
#include "policy/pins/answer.h"
#include "policy/pins/candidates.h"
#include "policy/pins/history.h"
#include "policy/pins/service.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/snapshot.h"
#include "policy/pins/srv.h"
#include "policy/pins/takeover.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"
#include "policy/table/insert.h"
#include "policy/table/worth.h"

enum { LEFT_TOLD = EVENTS_LEAST / 4 };	/* of names that have no room, so many are events: the journal is short */

struct takeover {
	struct table *to;
	const struct table *from;
	const struct name *name;		/* whose turn it is */
	bool replaces;			/* `to` takes the place of `from`: of two pins the later one stays */
	bool published;			/* it has: what programs chose in it anew, while it lacked a pin, gives way to that */
	bool news;			/* only what came since it was taken over */
};

static void raise_to(word32 *w, const word32 *from)
{
	if (get32(from) > get32(w))
		put32(w, get32(from));
}

/* ---- addresses ---- */

/*
 * A failure is news if nothing later is known here. Unless a success came after it, it is one more than this table had
 * counted: pins that knew less move.
 */
static void take_health(word64 *health, word32 *failed, uint32_t succeeded, uint64_t theirs, uint32_t their_failed,
			uint32_t their_succeeded)
{
	struct health h = health_unpack(theirs);
	if (their_failed <= get32(failed) || their_failed <= succeeded)
		return;
	h.failures = (uint16_t)(health_unpack(get64(health)).failures + (their_failed > their_succeeded));
	h.on_trial = false;
	put64(health, health_pack(h));
	put32(failed, their_failed);
}

static void take_waits(const struct takeover *o, const struct endpoint *theirs, const struct endpoint *ours)
{
	for (enum request_kind k = REQUEST_OTHER; k < REQUEST_KINDS; k++) {
		const struct wait_record *r = waits_find(o->from, theirs, k);
		struct wait_record *w = r && !waits_find(o->to, ours, k) ? waits_take(o->to, ours, k) : NULL;
		if (!w)
			continue;
		put64(&w->waits, get64(&r->waits));
		put64(&w->accounts, get64(&r->accounts));
		put32(&w->answered, get32(&r->answered));
		put32(&w->refused, get32(&r->refused));
	}
}

static void take_endpoint(struct addr_record *a, const struct endpoint_record *theirs)
{
	const uint64_t word = seen64(&theirs->health);
	const struct health h = health_unpack(word);
	const int slot = endpoint_take(a, h.transport, h.port, get32(&theirs->succeeded) != 0);
	if (slot < 0)
		return;
	struct endpoint_record *e = &a->endpoints[slot];
	take_health(&e->health, &e->failed, get32(&e->succeeded), word, get32(&theirs->failed), get32(&theirs->succeeded));
	raise_to(&e->succeeded, &theirs->succeeded);
	raise_to(&e->registered, &theirs->registered);
	raise_to(&e->heard, &theirs->heard);
	if (!get64(&e->pending))
		put64(&e->pending, get64(&theirs->pending));
}

/* The record of the same address or target, with all that is known of it. 0: no room, or nobody knows the target's host. */
static addr_ref take_address(const struct takeover *o, addr_ref ref)
{
	const struct addr_record *theirs = addr_at(o->from, ref);
	struct address a, same;
	struct name_ref host_ref;
	struct name host;
	if (!theirs || !addr_read(o->from, ref, &a))
		return 0;
	same = a;
	if (address_is_target(&a) && !(target_host(o->from, &a, &host_ref, &host) &&
				       pins_target(o->to, o->name, &host, target_port(&a), &same)))
		return 0;
	const addr_ref ours = addr_insert(o->to, &same);
	struct addr_record *r = addr_at(o->to, ours);
	if (!r)
		return 0;
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		const struct health h = health_unpack(get64(&theirs->endpoints[i].health));
		if (h.transport == TRANSPORT_ANY)
			continue;
		take_endpoint(r, &theirs->endpoints[i]);
		take_waits(o, &(struct endpoint){a, h.port, h.transport}, &(struct endpoint){same, h.port, h.transport});
	}
	take_health(&r->other, &r->other_failed, 0, get64(&theirs->other), get32(&theirs->other_failed), 0);
	if (!get64(&r->unanswered))
		put64(&r->unanswered, get64(&theirs->unanswered));
	raise_to(&r->used, &theirs->used);
	return ours;
}

/* ---- names ---- */

static void take_candidates(const struct takeover *o, struct name_ref theirs, struct name_ref ours)
{
	const uint32_t now = tick_now();
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const struct candidate_word c = name_candidate(theirs, get64(&name_cold(o->from, theirs)->candidates[i]));
		const struct srv_word s = candidates_srv(o->from, theirs, i);
		struct srv_record r = {.priority = s.priority, .weight = s.weight};
		const addr_ref ref = c.ref ? take_address(o, c.ref) : 0;
		if (!ref || !c.seen || !addr_read(o->to, ref, &r.target))
			continue;
		candidates_recall(o->to, ours, &r, 1, now, seen_age(c.seen, now / TICKS_PER_S));
		if (came_beside(get32(&name_cold(o->from, theirs)->moves), i))
			candidates_came_beside(o->to, ours, ref);
	}
}

/* The preference list in the place of the one that is there. */
static void take_ranks(const struct takeover *o, struct name_ref theirs, struct name_ref ours, enum family f)
{
	candidates_unrank(o->to, ours, f);
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const struct candidate_word c = name_candidate(theirs, get64(&name_cold(o->from, theirs)->candidates[i]));
		struct address a;
		const addr_ref ref = c.rank && addr_read(o->from, c.ref, &a) && address_family(&a) == f ? take_address(o, c.ref) : 0;
		if (ref)
			candidates_rank(o->to, ours, ref, c.rank);
	}
}

/* Which of this record's endpoints are those of the other. */
static unsigned endpoints_of(const struct addr_record *a, const struct addr_record *theirs, unsigned mask)
{
	unsigned out = 0;
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		const struct health h = health_unpack(get64(&theirs->endpoints[i].health));
		const int slot = mask >> i & 1 ? endpoint_find(a, h.transport, h.port) : -1;
		if (slot >= 0)
			out |= 1u << slot;
	}
	return out;
}

static uint16_t sum_for(const struct addr_record *a, const struct pin *p)
{
	return endpoint_sum(a, p->confirmed ? p->endpoints : 15, !p->confirmed);
}

/* The same pin here; failures that it does not know of are as many as there. */
static struct pin pin_here(const struct addr_record *a, addr_ref ref, const struct addr_record *theirs, const struct pin *p,
			   struct name_ref ours)
{
	struct pin here = *p;
	const unsigned latest = endpoints_of(a, theirs, 1u << p->latest);
	here.ref = ref;
	here.reuse = name_reuse(ours);
	here.endpoints = (uint8_t)endpoints_of(a, theirs, p->endpoints);
	here.latest = (uint8_t)(latest ? __builtin_ctz(latest) : 0);
	here.confirmed = p->confirmed && latest;
	here.sum = (uint16_t)((uint32_t)(sum_for(a, &here) + p->sum - sum_for(theirs, p)) & SUM_MASK);
	return here;
}

/* Does it go before the pin that is here? */
static bool outranks(const struct takeover *o, const struct pin *p, uint32_t set_at, const struct pin *here, uint32_t here_set_at)
{
	if (p->is_explicit != here->is_explicit)
		return p->is_explicit;
	if (o->published && !p->is_explicit)
		return p->confirmed || !here->confirmed;
	return o->replaces && set_at > here_set_at;
}

/* While the pin is the one that was taken over: it may be set anew by then. */
static void take_stamps(const struct takeover *o, struct name_ref theirs, struct name_ref ours, enum family f, uint64_t pin)
{
	const struct name_hot *from = name_hot(o->from, theirs);
	struct name_hot *to = name_hot(o->to, ours);
	const struct name_cold *from_cold = name_cold(o->from, theirs);
	struct name_cold *to_cold = name_cold(o->to, ours);
	put32_while(&to->pin[f], pin, &to->set_at[f], get32(&from->set_at[f]));
	put32_while(&to->pin[f], pin, &to->expires[f], get32(&from->expires[f]));
	put32_while(&to->pin[f], pin, &to->absent[f], get32(&from->absent[f]));
	put32_while(&to->pin[f], pin, &to_cold->origin[f], get32(&from_cold->origin[f]));
	put32_while(&to->pin[f], pin, &to_cold->origin_pid[f], get32(&from_cold->origin_pid[f]));
}

static void take_confirmed(const struct takeover *o, struct name_ref theirs, struct name_ref ours, enum family f)
{
	struct confirmed c = confirmed_unpack(get64(&name_hot(o->from, theirs)->confirmed[f]));
	word64 *w = &name_hot(o->to, ours)->confirmed[f];
	const uint64_t word = get64(w);
	const struct confirmed here = confirmed_unpack(word);
	if (!c.ref || c.reuse != name_reuse(theirs) || (here.ref && here.reuse == name_reuse(ours)))
		return;
	c.ref = take_address(o, c.ref);
	c.reuse = name_reuse(ours);
	if (c.ref && cas64(w, word, confirmed_pack(c)))
		index_add(o->to, c.ref, ours);
}

static void take_pin(const struct takeover *o, struct name_ref theirs, struct name_ref ours, enum family f)
{
	word64 *w = &name_hot(o->to, ours)->pin[f];
	const uint64_t word = seen64(w);
	const struct pin p = pin_unpack(seen64(&name_hot(o->from, theirs)->pin[f])), here = pin_unpack(word);
	const struct addr_record *record = p.reuse == name_reuse(theirs) ? addr_at(o->from, p.ref) : NULL;
	const bool has = here.reuse == name_reuse(ours) && addr_at(o->to, here.ref);
	if (!record || (has && !outranks(o, &p, get32(&name_hot(o->from, theirs)->set_at[f]), &here,
					 get32(&name_hot(o->to, ours)->set_at[f]))))
		return;
	const addr_ref ref = take_address(o, p.ref);
	const struct addr_record *a = addr_at(o->to, ref);
	if (!a)
		return;
	/* Into a table that others use an auto pin comes only where they would choose it too. */
	uint16_t sum;
	const struct candidate c = candidate_of_address(o->to, ref, filter_of(o->to, ours, f), tick_now(), &sum);
	if ((!o->replaces || o->published) && !p.is_explicit && (c.circuit != CIRCUIT_CLOSED || c.drained))
		return;
	if (p.is_explicit)
		take_ranks(o, theirs, ours, f);
	const uint64_t taken = pin_pack(pin_here(a, ref, record, &p, ours));
	if (!cas64(w, word, taken))
		return;
	take_stamps(o, theirs, ours, f, taken);
	index_add(o->to, ref, ours);
}

/* False: there is no room for it. */
static bool take_name(const struct takeover *o, struct name_ref theirs)
{
	struct name_ref ours;
	if (!table_insert_spare(o->to, o->name, &ours))
		return false;
	const struct name_hot *hot = name_hot(o->from, theirs);
	const struct name_cold *cold = name_cold(o->from, theirs);
	word32 *const moves = &name_cold(o->to, ours)->moves, *const family_port = &name_cold(o->to, ours)->family_port;
	const uint32_t their_moves = get32(&cold->moves), theirs_known = get32(&cold->family_port);
	if (used_lookup(get32(&hot->used)) > used_lookup(get32(&name_hot(o->to, ours)->used)))
		put32(&name_hot(o->to, ours)->used, get32(&hot->used));
	raise_to(&name_hot(o->to, ours)->dns_down, &hot->dns_down);
	raise_to(&name_cold(o->to, ours)->direct, &cold->direct);
	if (!get32(&name_cold(o->to, ours)->ttl_end))
		put32(&name_cold(o->to, ours)->ttl_end, get32(&cold->ttl_end));
	if (moves_count(their_moves) > moves_count(get32(moves)))
		put32(moves, (uint32_t)moves_count(their_moves) << 16 | (uint16_t)get32(moves));
	if (!first_family(get32(family_port)))
		put32(family_port, with_first(get32(family_port), first_family(theirs_known)));
	if (!led_port(get32(family_port)))
		put32(family_port, with_led_port(get32(family_port), led_port(theirs_known)));
	put32(family_port, get32(family_port) | (theirs_known & OWN_ANSWER));
	take_candidates(o, theirs, ours);
	for (enum family f = 0; f < FAMILIES; f++) {
		take_confirmed(o, theirs, ours, f);
		take_pin(o, theirs, ours, f);
	}
	return true;
}

/* Has the new table the name already, with the same pins? */
static bool is_known(const struct takeover *o, struct name_ref theirs)
{
	struct name_ref ours;
	if (!table_find(o->to, o->name, &ours))
		return false;
	for (enum family f = 0; f < FAMILIES; f++) {
		const struct pin a = pin_unpack(seen64(&name_hot(o->from, theirs)->pin[f])), b = pin_unpack(seen64(&name_hot(o->to, ours)->pin[f]));
		struct address x, y;
		const bool has = a.reuse == name_reuse(theirs) && addr_read(o->from, a.ref, &x);
		if (has && !(b.reuse == name_reuse(ours) && addr_read(o->to, b.ref, &y) && address_equal(&x, &y) &&
			     a.is_explicit == b.is_explicit && a.confirmed == b.confirmed))
			return false;
	}
	return true;
}

/* ---- all ---- */

/* In a smaller table the room is for what is worth most: as many walks. */
static uint32_t take_all(struct takeover *o)
{
	const uint32_t now = tick_now();
	uint32_t left = 0, drained = 0;
	struct address a;
	for (int worth = FIXED; o->to->writable && worth >= PROBATION; worth--) {
		struct name_ref ref;
		struct name n;
		for (uint32_t cursor = 0; table_next(o->from, &cursor, &ref, &n);)
			if ((int)worth_of_name(o->from, ref, now) == worth) {
				o->name = &n;
				if ((o->news && is_known(o, ref)) || take_name(o, ref))
					continue;
				if (o->published && worth > PROBATION && left < LEFT_TOLD)
					history_left_out(o->to, o->from, &n, ref);
				left++;
			}
	}
	while (o->to->writable && pins_drained(o->from, &drained, &a))
		if (!address_is_target(&a))
			pins_drain(o->to, &a, true);
	raise_to(&o->to->header->refused, &o->from->header->refused);
	return left;
}

uint32_t pins_take_over(struct table *to, const struct table *from)
{
	return take_all(&(struct takeover){.to = to, .from = from});
}

uint32_t pins_take_place(struct table *to, const struct table *from, bool published)
{
	if (!published)
		settings_copy(to, from);
	const uint32_t left = take_all(&(struct takeover){.to = to, .from = from, .replaces = true, .published = published});
	/* That took a while, and more may have been pinned since. */
	return published ? left : take_all(&(struct takeover){.to = to, .from = from, .replaces = true, .news = true});
}
