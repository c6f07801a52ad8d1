/* admin.c: see admin.h. */
#include "policy/pins/admin.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/apply.h"
#include "policy/pins/candidates.h"
#include "policy/pins/order.h"
#include "policy/pins/report.h"
#include "policy/pins/snapshot.h"
#include "policy/pins/srv.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"
#include "policy/table/insert.h"
#include "policy/table/journal.h"

enum { ROUNDS = 16 };

/* `a`: where the pin leads or led, `old`: where the one led that it replaces; NULL: nowhere. */
static void admin_event(struct table *t, enum event_kind kind, enum cause cause, const struct name *n,
		       const struct address *a, const struct address *old, bool is_explicit)
{
	struct event ev = {.kind = (uint8_t)kind, .cause = (uint8_t)cause, .is_explicit = is_explicit,
			   .has_addr = a != NULL, .has_old = old != NULL};
	memcpy(ev.name, n->text, sizeof ev.name);
	if (a)
		ev.addr = *a;
	if (old)
		ev.old = *old;
	journal_write(t, &ev);
}

/* ---- set ---- */

/* While `guard` is `want`: a setter that was stopped here for long changes nothing of what came since. */
static void set_stamps(struct table *t, struct name_ref ref, enum family f, uint32_t expires, const word64 *guard, uint64_t want)
{
	struct name_hot *hot = name_hot(t, ref);
	struct name_cold *cold = name_cold(t, ref);
	put32_while(guard, want, &hot->set_at[f], tick_now());
	put32_while(guard, want, &hot->expires[f], expires);
	put32_while(guard, want, &hot->absent[f], 0);
	put32_while(guard, want, &cold->origin[f], t->origin);
	put32_while(guard, want, &cold->origin_pid[f], store_pid(t));
}

/* All addresses have records before anything of the name changes. */
static bool take_addresses(struct table *t, const struct address *addrs, size_t count, addr_ref refs[static PREFERENCES])
{
	for (size_t i = 0; i < count; i++)
		if (!(refs[i] = addr_insert_by_hand(t, &addrs[i])))
			return false;
	return true;
}

static bool set_ranks(struct table *t, struct name_ref ref, enum family f, const addr_ref *refs, size_t count)
{
	candidates_unrank(t, ref, f);
	for (size_t i = 0; i < count; i++)
		if (!candidates_rank(t, ref, refs[i], (uint8_t)(i + 1)))
			return candidates_unrank(t, ref, f), false;
	return true;
}

/* No sum: an explicit pin does not end by failures. *before: the address of the pin in whose place it comes, 0: of none. */
static bool set_pin(struct table *t, struct name_ref ref, enum family f, addr_ref first, uint32_t ttl_s, addr_ref *before)
{
	const uint64_t mine = pin_pack((struct pin){.ref = first, .reuse = name_reuse(ref), .is_explicit = true});
	const uint32_t expires = ttl_s ? tick_now() + tick_of(ttl_s) : 0;
	struct name_hot *hot = name_hot(t, ref);
	for (int round = 0; round < ROUNDS; round++) {
		/* Before, for who reads the pin reads when it ends; and after, for another who set it may have been between. */
		set_stamps(t, ref, f, expires, &hot->key, ref.key);
		word64 *w = &hot->pin[f];
		const uint64_t word = seen64(w);
		const struct pin was = pin_unpack(word);
		if (!cas64(w, word, mine))
			continue;
		set_stamps(t, ref, f, expires, w, mine);
		index_add(t, first, ref);
		*before = was.reuse == name_reuse(ref) ? was.ref : 0;
		return true;
	}
	return false;
}

enum admin_status pins_set(struct table *t, const struct name *n, const struct address *addrs, size_t count,
			  uint32_t ttl_s)
{
	addr_ref refs[PREFERENCES], before;
	struct address old;
	struct name_ref ref;
	enum family f = address_family(&addrs[0]);
	if (!t->writable)
		return ADMIN_READ_ONLY;
	/* A record that somebody drops meanwhile takes nothing, which is no want of room: on with the next. */
	for (int round = 0; round < ROUNDS; round++) {
		if (!take_addresses(t, addrs, count, refs) || !table_insert_by_hand(t, n, 0, &ref))
			return ADMIN_FULL;
		if (set_ranks(t, ref, f, refs, count) && set_pin(t, ref, f, refs[0], ttl_s, &before)) {
			const bool replaces = before != refs[0] && addr_read(t, before, &old);
			admin_event(t, EVENT_SET, CAUSE_BY_HAND, n, &addrs[0], replaces ? &old : NULL, true);
			return ADMIN_OK;
		}
		if (name_current(t, ref))
			break;
	}
	return ADMIN_FULL;
}

/* ---- adopt ---- */

static bool may_adopt(const struct table *t, struct name_ref ref, enum family f, addr_ref addr)
{
	const struct pin p = pin_unpack(get64(&name_hot(t, ref)->pin[f]));
	uint16_t sum;
	const struct candidate c = candidate_of_address(t, addr, filter_of(t, ref, f), tick_now(), &sum);
	return !(p.reuse == name_reuse(ref) && addr_at(t, p.ref)) && c.circuit == CIRCUIT_CLOSED && !c.drained;
}

enum admin_status pins_adopt(struct table *t, const struct name *n, const struct address *a)
{
	const enum family f = address_family(a);
	struct name_ref ref;
	if (!t->writable)
		return ADMIN_READ_ONLY;
	const addr_ref addr = addr_insert(t, a);
	if (!addr || !table_insert(t, n, &ref))
		return ADMIN_FULL;
	word64 *w = &name_hot(t, ref)->pin[f];
	const uint64_t word = seen64(w);
	if (!may_adopt(t, ref, f, addr))
		return ADMIN_OK;
	const struct pin pin = {.ref = addr, .sum = endpoint_sum(addr_at(t, addr), 15, true), .reuse = name_reuse(ref)};
	if (!cas64(w, word, pin_pack(pin)))
		return ADMIN_OK;			/* it has got one meanwhile */
	set_stamps(t, ref, f, 0, w, pin_pack(pin));
	index_add(t, addr, ref);
	admin_event(t, EVENT_PINNED, CAUSE_RESTORED, n, a, NULL, false);
	return ADMIN_OK;
}

enum admin_status pins_recall(struct table *t, const struct name *n, const struct srv_record *records, size_t count,
			     uint32_t age_s)
{
	struct name_ref ref;
	if (!t->writable)
		return ADMIN_READ_ONLY;
	if (!table_insert(t, n, &ref))
		return ADMIN_FULL;
	candidates_recall(t, ref, records, count, tick_now(), age_s);
	return ADMIN_OK;
}

/* ---- drop ---- */

/* Of each pin that it had; of a name without one, that it is forgotten. */
static void tell_dropped(struct table *t, const struct name *n, const struct name_view *v)
{
	bool any = false;
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin_view *p = &v->pin[f];
		if (p->present)
			admin_event(t, EVENT_DROPPED, CAUSE_BY_HAND, n, &p->addr, NULL, p->is_explicit);
		any |= p->present;
	}
	if (!any)
		admin_event(t, EVENT_DROPPED, CAUSE_BY_HAND, n, NULL, NULL, false);
}

enum admin_status pins_drop(struct table *t, const struct name *n)
{
	struct name_ref ref, again;
	struct name_view v;
	if (!table_find(t, n, &ref))
		return ADMIN_NO_NAME;
	if (!t->writable)
		return ADMIN_READ_ONLY;
	const uint16_t port = host_led_port(t, n, led_port(get32(&name_cold(t, ref)->family_port)));
	pins_view(t, ref, &v);
	if (!table_retire(t, ref))
		return ADMIN_NO_NAME;
	if (port && table_insert(t, n, &again))
		target_note(t, again, n, port, true);
	tell_dropped(t, n, &v);
	return ADMIN_OK;
}

/* ---- refresh ---- */

/* What DNS says: addresses, or the records of a service. */
struct published {
	const struct address *addrs;
	const struct srv_record *records;	/* NULL: addrs */
	size_t n;
};

static bool is_published(const struct published *p, const struct address *a)
{
	for (size_t i = 0; i < p->n; i++)
		if (address_equal(a, p->records ? &p->records[i].target : &p->addrs[i]))
			return true;
	return false;
}

/* Ends an auto pin that is not published. True: it was dropped. */
static bool drop_unpublished(struct table *t, struct name_ref ref, const struct name *n, enum family f,
			     const struct published *published)
{
	struct address a;
	word64 *w = &name_hot(t, ref)->pin[f];
	uint64_t word = seen64(w);
	struct pin p = pin_unpack(word);
	if (p.reuse != name_reuse(ref) || p.is_explicit || !addr_read(t, p.ref, &a))
		return false;
	if (is_published(published, &a))
		return put32(&name_hot(t, ref)->absent[f], 0), false;
	if (!cas64(w, word, 0))
		return false;
	admin_event(t, EVENT_DROPPED, CAUSE_ABSENT, n, &a, NULL, false);
	return true;
}

/* `learnt` are those of the published ones that may become candidates. */
static enum admin_status refresh(struct table *t, const struct name *n, enum family f, const struct published *published,
				const struct published *learnt, uint32_t ttl_s, bool *dropped)
{
	struct name_ref ref;
	uint32_t now = tick_now();
	if (dropped)
		*dropped = false;
	if (!t->writable)
		return ADMIN_READ_ONLY;
	if (!table_insert(t, n, &ref))
		return ADMIN_FULL;
	candidates_unsee(t, ref, f, learnt->addrs, learnt->n);
	candidates_learn(t, ref, learnt->addrs, learnt->n, false, now, NULL);
	if (learnt->records)
		candidates_publish(t, ref, learnt->records, learnt->n);
	ttl_note(t, ref, f, published->n, ttl_s);
	put32(&name_hot(t, ref)->dns_down, 0);
	bool gone = drop_unpublished(t, ref, n, f, published);
	if (dropped)
		*dropped = gone;
	return ADMIN_OK;
}

enum admin_status pins_refresh(struct table *t, const struct name *n, enum family f, const struct address *addrs,
			      size_t count, uint32_t ttl_s, bool *dropped)
{
	const struct published all = {.addrs = addrs, .n = count};
	size_t good = 0;
	for (size_t i = 0; i < count; i++)
		good += address_is_target(&addrs[i]) || address_is_unicast(&addrs[i]);
	if (count > 0 && good == 0) {		/* 0.0.0.0 of a filter: it says nothing of where the servers are */
		if (dropped)
			*dropped = false;
		return t->writable ? ADMIN_OK : ADMIN_READ_ONLY;
	}
	return refresh(t, n, f, &all, &all, ttl_s, dropped);
}

enum admin_status pins_refresh_service(struct table *t, const struct name *n, const struct srv_record *records,
				      size_t count, uint32_t ttl_s, bool *dropped)
{
	struct srv_record best[POOL_MAX];
	struct address targets[POOL_MAX];
	const struct published all = {.records = records, .n = count};
	const struct published learnt = {targets, best, service_best(records, count, best)};
	for (size_t i = 0; i < learnt.n; i++)
		targets[i] = best[i].target;
	return refresh(t, n, FAMILY_SRV, &all, &learnt, ttl_s, dropped);
}

/* ---- fail and ok ---- */

static void report(struct table *t, struct name_ref ref, const struct endpoint *e, bool ok)
{
	const struct outcome o = {.endpoint = *e, .names = &ref, .n_names = 1, .by_hand = true,
				  .kind = ok ? OUTCOME_SUCCEEDED : OUTCOME_FAILED, .why = CAUSE_BY_HAND};
	pins_report(t, &o);
}

/* A target is as fit as the fittest address of its host, so all of those that keep it from being fit are fit again. */
static void report_host_works(struct table *t, const struct address *target, struct endpoint_filter r)
{
	struct name_ref host;
	struct name name;
	struct candidate c = {.circuit = CIRCUIT_CLOSED};
	target_judge(t, target, r, tick_now(), &c);
	if (c.circuit == CIRCUIT_CLOSED || !target_host(t, target, &host, &name))
		return;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct endpoint e = {.port = r.port, .transport = r.transport};
		uint16_t sum;
		const struct candidate_word k = name_candidate(host, get64(&name_cold(t, host)->candidates[i]));
		if (!addr_read(t, k.ref, &e.addr) || candidate_of_address(t, k.ref, r, tick_now(), &sum).circuit == CIRCUIT_CLOSED)
			continue;
		report(t, host, &e, true);
		report(t, host, &(struct endpoint){.addr = e.addr}, true);
	}
}

/* The endpoints of the address that count for the name; none known: "other", the one that confirmed it, or the target's. */
enum admin_status pins_report_by_hand(struct table *t, const struct name *n, const struct address *a, bool ok)
{
	struct name_ref ref;
	if (!table_find(t, n, &ref))
		return ADMIN_NO_NAME;
	if (!t->writable)
		return ADMIN_READ_ONLY;
	addr_ref addr = addr_find(t, a);
	const struct addr_record *rec = addr_at(t, addr);
	if (!rec || !name_holds(t, ref, addr))
		return ADMIN_NO_ADDRESS;
	struct endpoint_filter r = filter_of(t, ref, address_family(a));
	bool any = false;
	if (address_is_target(a))
		r.port = target_port(a);
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		struct health h = health_unpack(seen64(&rec->endpoints[i].health));
		if (h.transport == TRANSPORT_ANY || !filter_takes(r, h))
			continue;
		report(t, ref, &(struct endpoint){*a, h.port, h.transport}, ok);
		any = true;
	}
	if (!any)
		report(t, ref, &(struct endpoint){*a, r.port, r.transport}, ok);
	if (ok)
		report(t, ref, &(struct endpoint){.addr = *a}, true);
	if (ok && address_is_target(a))
		report_host_works(t, a, r);
	return ADMIN_OK;
}

/* ---- addresses that pins are kept away from ---- */

static void drain_event(struct table *t, enum event_kind kind, const struct address *a)
{
	struct event ev = {.kind = (uint8_t)kind, .cause = CAUSE_BY_HAND, .has_addr = 1, .addr = *a};
	journal_write(t, &ev);
}

/* Only a move off the address is carried out; whatever else is due is for the next lookup. */
static void move_off(struct table *t, struct name_ref ref, const struct name *name, enum family f)
{
	const struct settings set = settings_for(t, name);
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	for (int round = 0; round < ROUNDS; round++) {
		if (!snapshot_read(t, ref, name, f, NULL, NULL, 0, &sn) || sn.facts.pin < 0)
			return;
		struct transition tr = decide_lookup(&sn.facts, &set);
		if (tr.action != MOVE || tr.cause != CAUSE_DRAINED || snapshot_apply(t, &sn, &tr))
			return;
	}
}

/* A service has left a target when its host's addresses are all drained, which its snapshot tells. */
static bool concerned(const struct table *t, struct name_ref ref, addr_ref addr)
{
	bool pinned = false;
	for (unsigned f = 0; f < FAMILIES; f++)
		pinned |= pin_unpack(get64(&name_hot(t, ref)->pin[f])).ref == addr;
	return pinned || table_is_service(t, ref);
}

/* A walk over all names, since the index may not know them all, and this is done by hand. */
static void move_all_off(struct table *t, addr_ref addr)
{
	uint32_t cursor = 0;
	struct name_ref ref;
	struct name name;
	while (table_next(t, &cursor, &ref, &name)) {
		if (!concerned(t, ref, addr))
			continue;
		for (unsigned f = 0; f < FAMILIES; f++)
			move_off(t, ref, &name, (enum family)f);
	}
}

enum admin_status pins_drain(struct table *t, const struct address *a, bool drained)
{
	if (!t->writable)
		return ADMIN_READ_ONLY;
	for (int round = 0; round < ROUNDS; round++) {
		const addr_ref ref = drained ? addr_insert_by_hand(t, a) : addr_find(t, a);
		struct addr_record *r = addr_at(t, ref);
		const uint64_t key = r ? seen64(&r->key) : 0;
		const bool was = r && get32(&r->drained);
		if (!r || (!drained && !was))
			return drained ? ADMIN_FULL : ADMIN_NO_ADDRESS;
		if (!ref_names(ref, key) || !put32_while(&r->key, key, &r->drained, drained))
			continue;		/* another has the record, or was first to say so */
		if (was != drained)
			drain_event(t, drained ? EVENT_DRAINED : EVENT_UNDRAINED, a);
		if (drained)
			move_all_off(t, ref);
		return ADMIN_OK;
	}
	return ADMIN_FULL;
}

bool pins_drained(const struct table *t, uint32_t *cursor, struct address *out)
{
	while (addr_next(t, cursor, out))
		if (get32(&t->addrs[*cursor - 1].drained))
			return true;
	return false;
}
