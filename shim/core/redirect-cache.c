/* redirect-cache.c: see redirect-cache.h. */
#include "shim/core/redirect-cache.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/base/hot.h"
#include "policy/base/record.h"
#include "policy/pins/redirect.h"
#include "policy/table/addresses.h"
#include "shim/core/given.h"
#include "shim/core/session.h"

/* The words of a slot: check, original (3), epoch, ref 32 | tick 32, flags, to (3). */
enum { ORIGINAL = 1, EPOCH = ORIGINAL + ENDPOINT_WORDS, TIME, FLAGS, TO, WORDS = TO + ENDPOINT_WORDS };
enum { REDIRECTS_REQUESTS = 1, REDIRECTS_ALL = 2 };
enum { CACHED = 64, SETTLED = 256, WORDS_KEPT = 1024 };

static struct { word64 word[WORDS]; } cache[CACHED];

/* Changes with the table, its contents, the names that this process looks up, and the addresses that this program was given. */
static uint64_t epoch_of(const struct table *t)
{
	return pins_epoch(t) ^ (uint64_t)(uintptr_t)t << 16 ^ (uint64_t)recent_count() << 40 ^ (uint64_t)given_count() << 52;
}

/*
 * The epoch at a time, as one number to make keys with: both are small numbers that go up, so that a mere XOR of
 * them comes back, and what held seconds ago, before something changed, would hold again.
 */
static uint64_t moment(uint64_t epoch, uint64_t time)
{
	return hash_fold(epoch ^ 0xa0761d6478bd642fu, time ^ 0xe7037ed1a0b428dbu);
}

/* ---- candidates ---- */

static bool find(const word64 *slot, const struct endpoint *original, uint64_t epoch, uint32_t now, struct cached_redirect *out)
{
	uint64_t raw[WORDS], want[ENDPOINT_WORDS];
	endpoint_put(want, original);
	if (!record_load(slot, raw, WORDS) || memcmp(raw + ORIGINAL, want, sizeof want) != 0 || raw[EPOCH] != epoch ||
	    now - (uint32_t)raw[TIME] >= TICKS_PER_S)
		return false;
	out->ref = (addr_ref)(raw[TIME] >> 32);
	out->redirects_requests = (raw[FLAGS] & REDIRECTS_REQUESTS) != 0;
	out->redirects_all = (raw[FLAGS] & REDIRECTS_ALL) != 0;
	endpoint_get(raw + TO, &out->to);
	return true;
}

static void keep(word64 *slot, const struct endpoint *original, uint64_t epoch, uint32_t now, const struct cached_redirect *v)
{
	uint64_t raw[WORDS];
	endpoint_put(raw + ORIGINAL, original);
	raw[EPOCH] = epoch;
	raw[TIME] = (uint64_t)v->ref << 32 | now;
	raw[FLAGS] = (v->redirects_requests ? REDIRECTS_REQUESTS : 0u) | (v->redirects_all ? REDIRECTS_ALL : 0u);
	endpoint_put(raw + TO, &v->to);
	record_store(slot, raw, WORDS);
}

static void ask(struct table *t, const struct endpoint *original, struct cached_redirect *out)
{
	struct name_ref names[RECENT];
	struct asker who = {.names = names, .wants = session_wants, .was_given = given_by, .asked = recent_asked};
	out->ref = addr_find(t, &original->addr);
	if (out->ref && !pins_concern(t, out->ref, session_chooses() ? session_wants : NULL))
		out->ref = 0;
	if (!out->ref || dns_port(original->port))	/* answers are ordered already, and must be those of the server that was asked */
		return;
	who.n = recent_names(names);
	const bool tcp = original->transport == TRANSPORT_TCP;
	out->redirects_requests = pins_redirect(t, original, tcp ? REDIRECT_CONNECT : REDIRECT_REQUEST, &who, &out->to);
	out->redirects_all = (!tcp || out->redirects_requests) && pins_redirect(t, original, REDIRECT_DATAGRAM, &who, &out->to);
	out->settled = !out->redirects_requests && !out->redirects_all;
	out->to.transport = original->transport;
}

/* ---- the pin, and all else that stays where it is ---- */

/*
 * Two words: a hash of the endpoint, the epoch and the second, and ref 32 | tick when its success was reported 32. Should
 * they not belong together, the address behind the ref is another one, or the tick, hidden with the hash, none.
 */
static struct { word64 key, what; } settled[SETTLED];

static uint64_t settled_key(const struct endpoint *original, uint64_t epoch, uint32_t now)
{
	return endpoint_key(original, moment(epoch, now / TICKS_PER_S));
}

static void settle(uint64_t key, addr_ref ref, uint32_t reported_at)
{
	put64(&settled[hash_slot(key, SETTLED)].what, (uint64_t)ref << 32 | (reported_at ^ (uint32_t)key));
	put64(&settled[hash_slot(key, SETTLED)].key, key);
}

HOT static bool is_settled(const struct table *t, const struct endpoint *original, uint64_t key, struct cached_redirect *out)
{
	const uint32_t at = hash_slot(key, SETTLED);
	const uint64_t what = get64(&settled[at].what);
	out->ref = (addr_ref)(what >> 32);
	out->settled = get64(&settled[at].key) == key && addr_is_of(t, out->ref, &original->addr);
	out->reported = out->settled && ((uint32_t)what ^ (uint32_t)key) == out->now;
	return out->settled;
}

HOT void redirect_cached(struct table *t, const struct endpoint *original, struct cached_redirect *out)
{
	const uint64_t epoch = epoch_of(t);
	out->epoch = epoch;
	out->now = tick_now();
	out->redirects_requests = out->redirects_all = false;
	const uint64_t key = settled_key(original, epoch, out->now);
	if (is_settled(t, original, key, out))
		return;
	word64 *slot = cache[hash_slot(endpoint_key(original, 0), CACHED)].word;
	if (find(slot, original, epoch, out->now, out))
		return;
	out->to = (struct endpoint){0};
	ask(t, original, out);
	if (out->settled)
		settle(key, out->ref, 0);
	else
		keep(slot, original, epoch, out->now, out);
}

bool redirect_holds(const struct table *t, uint64_t epoch) { return epoch_of(t) == epoch; }

/* ---- one bit of what is known, in one word, which is never torn ---- */

/*
 * A word is an even key, of what it stands for and the moment, and the bit. So the bit ends with the moment, and another
 * key in the same place is one that is not known.
 */
static word64 kept[WORDS_KEPT];

static word64 *kept_at(uint64_t key) { return &kept[hash_slot(key, WORDS_KEPT)]; }

static uint64_t even(uint64_t hash) { return hash & ~UINT64_C(1) ? hash & ~UINT64_C(1) : 2; }

/* ---- the steady state: the bit says whether it is a candidate ---- */

uint64_t steady_address(const struct table *t, const struct sockaddr *sa, socklen_t len, uint64_t now_ms)
{
	uint64_t w[3] = {0};
	if (len < sizeof(struct sockaddr_in))
		return 0;
	memcpy(w, sa, len < sizeof w ? 8 : sizeof w);	/* family, port, address; of AF_INET6 the flow label too */
	uint64_t h = hash_fold(w[0] ^ 0x9e3779b97f4a7c15u, moment(epoch_of(t), now_ms / 1000));
	if (sa->sa_family != AF_INET)
		h = hash_fold(h ^ w[1], 0xe7037ed1a0b428dbu) ^ hash_fold(w[2], 0x8ebc6af09c88c6e3u);
	return even(h);
}

uint64_t steady_peer(const struct table *t, uint64_t number, uint64_t now_ms)
{
	return even(hash_fold(number ^ moment(epoch_of(t), now_ms / 1000), 0x9e3779b97f4a7c15u));
}

enum steady steady_look(uint64_t key)
{
	const uint64_t word = key ? get64(kept_at(key)) : 0;
	if (!key || (word ^ key) > 1)
		return STEADY_NOT;
	return word == key ? STEADY_STRANGER : STEADY_CANDIDATE;
}

void steady_note(uint64_t key, bool candidate)
{
	if (key)
		put64(kept_at(key), key | candidate);
}

/* ---- successes: without the bit somebody is about to report it; with it, it was reported ---- */

static uint64_t success_key(const struct endpoint *e, unsigned what, uint64_t epoch, uint32_t now)
{
	return even(endpoint_key(e, moment(epoch, (uint64_t)now << 3 | what)));
}

bool success_reported(const struct table *t, const struct endpoint *e, unsigned what)
{
	const uint64_t key = success_key(e, what, epoch_of(t), tick_now());
	if (get64(kept_at(key)) == (key | 1))
		return true;
	put64(kept_at(key), key);
	return false;
}

void success_note_reported(const struct table *t, const struct endpoint *e, unsigned what)
{
	const uint64_t epoch = epoch_of(t);
	const uint32_t now = tick_now();
	const uint64_t key = success_key(e, what, epoch, now), of_settled = settled_key(e, epoch, now);
	if (get64(kept_at(key)) != key)
		return;
	put64(kept_at(key), key | 1);
	/* What was settled in an earlier epoch stays as it is. */
	if (what == SUCCESS_CONNECT && get64(&settled[hash_slot(of_settled, SETTLED)].key) == of_settled)
		settle(of_settled, (addr_ref)(get64(&settled[hash_slot(of_settled, SETTLED)].what) >> 32), now);
}
