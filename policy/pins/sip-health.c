/* sip-health.c: see sip-health.h. */
#include "policy/pins/sip-health.h"

#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "policy/pins/endpoint-settings.h"
#include "policy/table/addresses.h"
#include "policy/table/index.h"

enum { HOSTS_MAX = 16 };			/* holders of an address that are looked at */
enum { FREE, CLAIMED };			/* keys that are none */

/* ---- records ---- */

static uint64_t key_of(const struct table *t, const struct endpoint *e, enum request_kind kind)
{
	const uint64_t what[] = {e->addr.words[0], e->addr.words[1], e->addr.scope,
				 (uint64_t)kind << 32 | (uint64_t)e->transport << 16 | e->port};
	const uint64_t key = hash_words(what, 4, t->seed);
	return key > CLAIMED ? key : CLAIMED + 1;
}

static struct wait_record *set_of(const struct table *t, uint64_t key)
{
	return &t->waits[hash_slot(key, WAIT_SETS) * WAIT_WAYS];
}

static struct wait_record *find(struct wait_record *set, uint64_t key)
{
	for (int i = 0; i < WAIT_WAYS; i++)
		if (seen64(&set[i].key) == key)
			return &set[i];
	return NULL;
}

struct wait_record *waits_find(const struct table *t, const struct endpoint *e, enum request_kind kind)
{
	const uint64_t key = key_of(t, e, kind);
	return find(set_of(t, key), key);
}

/* Tick of the latest that is known of it; 0: it is free. */
static uint32_t last_use(const struct wait_record *r)
{
	const uint32_t answered = get32(&r->answered), waited = waits_unpack(get64(&r->waits)).since;
	return get64(&r->key) <= CLAIMED ? 0 : answered > waited ? answered : waited ? waited : 1;
}

struct wait_record *waits_take(struct table *t, const struct endpoint *e, enum request_kind kind)
{
	const uint64_t key = key_of(t, e, kind);
	struct wait_record *set = set_of(t, key), *r = find(set, key);
	if (r || !t->writable)
		return t->writable ? r : NULL;
	r = set;
	for (int i = 1; i < WAIT_WAYS; i++)
		if (last_use(&set[i]) < last_use(r))
			r = &set[i];
	if (!cas64(&r->key, get64(&r->key), CLAIMED))
		return NULL;
	put64(&r->waits, 0);
	put64(&r->accounts, 0);
	put32(&r->answered, 0);
	put32(&r->refused, 0);
	publish64(&r->key, key);
	return r;
}

/* ---- answers ---- */

static void stamp(word32 *w, uint32_t now)
{
	if (get32(w) != now)
		put32(w, now);
}

static struct endpoint_record *endpoint_at(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	struct addr_record *a = addr_at(t, ref);
	const int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	return slot >= 0 ? &a->endpoints[slot] : NULL;
}

void endpoint_heard(struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, bool registered)
{
	struct addr_record *a = addr_at(t, ref);
	const int slot = a && t->writable ? endpoint_take(a, e->transport, e->port, false) : -1;
	struct wait_record *r = slot >= 0 && kind != REQUEST_OTHER ? waits_take(t, e, kind) : NULL;
	if (slot < 0)
		return;
	stamp(&a->endpoints[slot].heard, tick_now());
	if (registered)
		stamp(&a->endpoints[slot].registered, tick_now());
	if (!r)
		return;
	stamp(&r->answered, tick_now());
	const uint64_t word = get64(&r->waits);
	if (word)
		cas64(&r->waits, word, waits_pack(waits_answered(waits_unpack(word))));
}

/* Tick of the last answer to this kind; 0: none. A record that was forgotten leaves what is known of any kind. */
static uint32_t heard_at(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind)
{
	const struct endpoint_record *any = endpoint_at(t, ref, e);
	const struct wait_record *r = any && kind != REQUEST_OTHER ? waits_find(t, e, kind) : NULL;
	return r ? get32(&r->answered) : any && kind == REQUEST_OTHER ? get32(&any->heard) : 0;
}

static uint32_t age_of(uint32_t tick) { return tick ? tick_since(tick_now(), tick) : UINT32_MAX; }

uint32_t endpoint_heard_age(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind)
{
	return age_of(heard_at(t, ref, e, kind));
}

bool endpoint_heard_since(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, uint64_t since_ms)
{
	const uint32_t heard = heard_at(t, ref, e, kind);
	return heard && heard >= (uint32_t)(since_ms * TICKS_PER_S / 1000);
}

uint32_t endpoint_registered_age(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	const struct endpoint_record *r = endpoint_at(t, ref, e);
	return r ? age_of(get32(&r->registered)) : UINT32_MAX;
}

/* ---- waits ---- */

/*
 * Did something come since that makes the waits void? A failure; of other requests any answer, as a server that works
 * may be silent on those. Whoever answers some REGISTERs or INVITEs and not others is judged by their share.
 */
static bool is_over(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, uint32_t since)
{
	const struct endpoint_record *r = endpoint_at(t, ref, e);
	return r && ((kind == REQUEST_OTHER && get32(&r->heard) >= since) || get32(&r->failed) >= since);
}

/* Of two that end at once one may be left out: it takes one more then. */
bool endpoint_waited(struct table *t, const struct endpoint *e, const struct vain_wait *w)
{
	const addr_ref ref = addr_find(t, &e->addr);
	const uint32_t now = tick_now(), waited = tick_since(w->until, w->since);
	if (!ref || w->since == 0 || (waited < WAIT_LEAST_TICKS && !w->closed) || is_over(t, ref, e, w->kind, w->since))
		return false;
	struct wait_record *r = waits_take(t, e, w->kind);
	if (!r)
		return false;
	const uint64_t word = get64(&r->waits);
	struct waits sum = waits_unpack(word);
	if (sum.since == 0 || tick_since(now, sum.since) > tick_of(PATH_S) || is_over(t, ref, e, w->kind, sum.since))
		sum = (struct waits){0};
	sum = waits_after(sum, w->since, waited, now, w->closed);
	const bool proved = waits_prove(sum, w->kind, waited, now);
	return cas64(&r->waits, word, proved ? 0 : waits_pack(sum)) && proved;
}

/* ---- accounts ---- */

static uint32_t now_s(void) { return tick_now() / TICKS_PER_S; }

void account_used(struct table *t, const struct endpoint *e, uint16_t account)
{
	struct wait_record *r = waits_take(t, e, REQUEST_REGISTRATION);
	const uint64_t word = r ? get64(&r->accounts) : 0;
	const uint64_t next = accounts_pack(accounts_used(accounts_unpack(word), account, now_s()));
	if (r && next != word)
		cas64(&r->accounts, word, next);
}

static bool is_recent(uint32_t refused)
{
	return refused && (uint16_t)(now_s() / ACCOUNT_UNIT_S - (uint16_t)refused) <= ACCOUNT_ALONE_S / ACCOUNT_UNIT_S;
}

static uint32_t refused_now(uint16_t account)
{
	const uint16_t when = (uint16_t)(now_s() / ACCOUNT_UNIT_S);
	return (uint32_t)account << 16 | (when ? when : 1);
}

bool account_refused(struct table *t, const struct endpoint *e, uint16_t account)
{
	struct wait_record *r = waits_take(t, e, REQUEST_REGISTRATION);
	if (!r)
		return false;
	const uint32_t other = get32(&r->refused);
	const bool counts = accounts_alone(accounts_unpack(get64(&r->accounts)), account, now_s()) ||
			    (is_recent(other) && other >> 16 != account);
	put32(&t->header->refused, tick_now());
	put32(&r->refused, counts ? 0 : refused_now(account));
	return counts;
}

void account_served(struct table *t, const struct endpoint *e, uint16_t account)
{
	struct wait_record *r = waits_find(t, e, REQUEST_REGISTRATION);
	if (r && t->writable && get32(&r->refused) >> 16 == account)
		put32(&r->refused, 0);
}

bool account_refused_lately(const struct table *t)
{
	const uint32_t refused = get32(&t->header->refused);
	return refused && tick_since(tick_now(), refused) <= tick_of(ACCOUNT_ALONE_S);
}

/* ---- where SIP is spoken ---- */

bool sip_seen(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	const struct addr_record *a = addr_at(t, ref);
	int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	return slot >= 0 && (get32(&a->endpoints[slot].heard) || get32(&a->endpoints[slot].registered));
}

/* Has a service led to a host with this address, on this port? */
static bool is_led_to(const struct table *t, addr_ref ref, uint16_t port)
{
	uint32_t cursor = 0;
	struct name_ref host;
	for (int i = 0; get32(&t->header->targets) && i < HOSTS_MAX && index_next(t, ref, &cursor, &host); i++)
		if (led_port(get32(&name_cold(t, host)->family_port)) == port)
			return true;
	return false;
}

bool endpoint_speaks_sip(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	return setting_lists_port(t, e) || sip_seen(t, ref, e) || (e->port && is_led_to(t, ref, e->port));
}
