/* insert.c: see insert.h, and search.h for the protocol. */
#include "policy/table/insert.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/table/index.h"
#include "policy/table/journal.h"
#include "policy/table/search.h"
#include "policy/table/worth.h"

enum { HOLDERS = 64 };		/* what so many names hold stays: a flood cannot have many of those */

/* ---- what others say of a record's worth ---- */

/* What a name's worth does for an address that it holds: less for one that is only a candidate, and has shown nothing. */
static enum worth held(const struct table *t, struct name_ref r, addr_ref addr, enum worth own, uint32_t now)
{
	const enum worth s = worth_of_name(t, r, now);
	if (s == FIXED && name_holds_by_hand(t, r, addr))
		return FIXED;
	if (s >= PROVEN)
		return own == PROBATION && !name_holds_as_pin(t, r, addr) ? MET : PROVEN;
	return s;
}

static enum worth worth_of_holders(const struct table *t, addr_ref addr, uint32_t now)
{
	const struct addr_record *a = addr_at(t, addr);
	const enum worth own = a ? worth_of_addr(a, now) : PROBATION;
	enum worth best = own;
	struct name_ref holder;
	uint32_t cursor = 0;
	for (unsigned n = 0; best < FIXED && index_next(t, addr, &cursor, &holder); n++) {
		const enum worth s = n < HOLDERS ? held(t, holder, addr, own, now) : FIXED;
		best = s > best ? s : best;
	}
	return best;
}

static enum worth by_target(const struct table *t, const struct address *target, uint32_t now)
{
	const addr_ref addr = addr_find(t, target);
	enum worth best = PROBATION;
	struct name_ref service;
	uint32_t cursor = 0;
	for (unsigned n = 0; addr && n < HOLDERS && index_next(t, addr, &cursor, &service); n++) {
		const enum worth s = worth_of_name(t, service, now);
		best = s > best ? s : best;
	}
	return best;
}

/* Of a host: that of the best of the services that lead to it on `port`, or those of SIP. */
static enum worth worth_of_host(const struct table *t, const struct name *host, uint16_t port, uint32_t now)
{
	const uint16_t ports[] = {port, SIP_PORT, SIPS_PORT};
	enum worth best = PROBATION;
	for (unsigned i = 0; i < sizeof ports / sizeof *ports; i++) {
		const struct address target = addr_of_target(t, host, ports[i]);
		const enum worth s = by_target(t, &target, now);
		best = s > best ? s : best;
	}
	return best;
}

/* ---- names ---- */

static word64 *name_key(const struct table *t, uint32_t slot) { return &t->hot[slot].key; }

static bool name_whole(const struct table *t, uint32_t slot, uint64_t key)
{
	struct name n;
	return name_copy(t, slot, key, &n);
}

/* What the last owner left. Nobody has put anything there for the new one, while it is claimed. */
static void clear(struct name_hot *hot, struct name_cold *cold, uint64_t claim)
{
	word64 *const words[] = {&hot->pin[0], &hot->pin[1], &hot->confirmed[0], &hot->confirmed[1]};
	word32 *const halves[] = {
		&hot->set_at[0], &hot->set_at[1], &hot->expires[0], &hot->expires[1], &hot->absent[0], &hot->absent[1],
		&cold->origin_pid[0], &cold->origin_pid[1], &cold->origin[0], &cold->origin[1],
		&hot->dns_down, &cold->moves, &cold->family_port, &cold->ttl_end, &cold->direct,
	};
	static_assert(FAMILIES == 2, "both of each");
	for (unsigned i = 0; i < CANDIDATES; i++)
		put64_while(&hot->key, claim, &cold->candidates[i], 0);
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		put64_while(&hot->key, claim, words[i], 0);
	for (unsigned i = 0; i < sizeof halves / sizeof *halves; i++)
		put32_while(&hot->key, claim, halves[i], 0);
}

static void name_write(struct table *t, uint32_t slot, uint64_t key, const void *want, bool fresh)
{
	const struct name *n = want;
	struct name_hot *hot = &t->hot[slot];
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		put64_while(&hot->key, key, name_word(t, slot, i), n->words[i]);
	if (fresh)
		add32(&t->header->used_names, 1);
	else
		clear(hot, &t->cold[slot], key);
	put32_while(&hot->key, key, &hot->used, used_made(tick_now()));
}

static enum worth name_worth(const struct table *t, uint32_t slot, uint64_t key, uint32_t now, uint32_t *idle)
{
	*idle = tick_since(now, get32(&t->hot[slot].used));
	return worth_of_name(t, (struct name_ref){slot, key}, now);
}

/* The host of a service stays as long as the service does: without it the target would have no name. */
static enum worth name_backing(const struct table *t, uint32_t slot, uint64_t key, uint32_t now)
{
	const uint16_t port = led_port(get32(&t->cold[slot].family_port));
	const enum worth own = worth_of_name(t, (struct name_ref){slot, key}, now);
	struct name n;
	const enum worth host = port && name_copy(t, slot, key, &n) ? worth_of_host(t, &n, port, now) : PROBATION;
	return host > own ? host : own;
}

/* A name that has worked is missed, as is one that was set by hand: each of its pins has an event. */
static void name_gave_way(struct table *t, uint32_t slot, uint64_t key)
{
	const struct name_ref r = {slot, key};
	struct event e = {.kind = EVENT_EVICTED, .cause = CAUSE_FULL};
	struct name n;
	uint64_t pins[FAMILIES];
	bool worked = false;
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct confirmed c = confirmed_unpack(get64(&t->hot[slot].confirmed[f]));
		pins[f] = get64(&t->hot[slot].pin[f]);
		worked |= c.ref && c.reuse == name_reuse(r);
	}
	if (!name_copy(t, slot, key, &n))
		return;
	memcpy(e.name, n.text, sizeof e.name);
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin p = pin_unpack(pins[f]);
		e.is_explicit = p.is_explicit;
		e.has_addr = p.reuse == name_reuse(r) && (worked || p.is_explicit) && addr_read(t, p.ref, &e.addr);
		if (e.has_addr)
			journal_write(t, &e);
	}
}

static const struct search_kind names = {name_key, name_is, name_whole, name_write, name_worth, name_backing, name_gave_way};

static bool insert_name(struct table *t, const struct name *n, enum worth limit, uint32_t idle, struct name_ref *out)
{
	if (table_find(t, n, out))
		return true;
	if (!t->writable)
		return false;
	const struct search p = {.slots = t->layout.name_slots, .hash = name_hash(n, t->seed), .want = n,
				.limit = limit, .idle = idle, .now = tick_now()};
	if (search_insert(t, names, &p, out))
		return true;
	if (limit > PROBATION)
		add64(&t->header->counters[COUNT_NAMES_FULL], 1);
	return false;
}

bool table_insert(struct table *t, const struct name *n, struct name_ref *out) { return insert_name(t, n, PROVEN, 0, out); }

bool table_insert_spare(struct table *t, const struct name *n, struct name_ref *out)
{
	return insert_name(t, n, PROBATION, 0, out);
}

bool table_insert_by_hand(struct table *t, const struct name *n, uint32_t idle, struct name_ref *out)
{
	return insert_name(t, n, FIXED, idle, out);
}

/* ---- addresses ---- */

static word64 *addr_key(const struct table *t, uint32_t slot) { return &t->addrs[slot].key; }

static bool addr_is(const struct table *t, uint32_t slot, const void *want)
{
	const struct address a = addr_copy(&t->addrs[slot]);
	return address_equal(&a, want);
}

static bool addr_whole(const struct table *t, uint32_t slot, uint64_t key)
{
	struct address a = addr_copy(&t->addrs[slot]);
	return key_has_hash(key, addr_hash(&a, t->seed));
}

static void addr_write(struct table *t, uint32_t slot, uint64_t key, const void *want, bool fresh)
{
	const struct address *a = want;
	struct addr_record *r = &t->addrs[slot];
	const uint64_t bytes[] = {a->words[0], a->words[1], a->scope};
	for (unsigned i = 0; i < sizeof bytes / sizeof *bytes; i++)
		put64_while(&r->key, key, &r->addr[i], bytes[i]);
	put32_while(&r->key, key, &r->used, tick_now());
	if (fresh) {
		add32(&t->header->used_addrs, 1);
		return;
	}
	put64_while(&r->key, key, &r->other, 0);
	put32_while(&r->key, key, &r->other_failed, 0);
	put32_while(&r->key, key, &r->drained, 0);
	put32_while(&r->key, key, &r->connected, 0);
	put64_while(&r->key, key, &r->unanswered, 0);
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		struct endpoint_record *e = &r->endpoints[i];
		put64_while(&r->key, key, &e->health, 0);
		put64_while(&r->key, key, &e->pending, 0);
		put32_while(&r->key, key, &e->failed, 0);
		put32_while(&r->key, key, &e->succeeded, 0);
		put32_while(&r->key, key, &e->registered, 0);
		put32_while(&r->key, key, &e->heard, 0);
	}
}

static enum worth addr_worth(const struct table *t, uint32_t slot, uint64_t key, uint32_t now, uint32_t *idle)
{
	(void)key;
	*idle = tick_since(now, get32(&t->addrs[slot].used));
	return worth_of_addr(&t->addrs[slot], now);
}

static enum worth addr_backing(const struct table *t, uint32_t slot, uint64_t key, uint32_t now)
{
	return worth_of_holders(t, ref_make(slot, key), now);
}

static const struct search_kind addresses = {addr_key, addr_is, addr_whole, addr_write, addr_worth, addr_backing, NULL};

/* For who follows: a new record came to be. */
static void tell_added(struct table *t, uint32_t slot)
{
	uint64_t n = add64(&t->header->added_next, 1);
	publish64(&t->header->added[n % ADDED_KEPT], (n + 1) << 32 | slot);
	journal_wake(t);
}

static addr_ref insert_addr(struct table *t, const struct address *a, enum worth limit)
{
	const addr_ref there = addr_find(t, a);
	struct name_ref r;
	if (there || !t->writable || !(address_is_target(a) || address_is_unicast(a)))
		return there;
	const struct search p = {.slots = t->layout.addr_slots, .hash = addr_hash(a, t->seed), .want = a,
				.limit = limit, .now = tick_now()};
	if (search_insert(t, addresses, &p, &r)) {
		tell_added(t, r.slot);
		return ref_make(r.slot, r.key);
	}
	if (limit > PROBATION)
		add64(&t->header->counters[COUNT_ADDRS_FULL], 1);
	return 0;
}

addr_ref addr_insert(struct table *t, const struct address *a) { return insert_addr(t, a, PROVEN); }

addr_ref addr_insert_spare(struct table *t, const struct address *a) { return insert_addr(t, a, PROBATION); }

addr_ref addr_insert_by_hand(struct table *t, const struct address *a) { return insert_addr(t, a, FIXED); }

