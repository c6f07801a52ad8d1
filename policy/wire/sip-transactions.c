/* sip-transactions.c: see sip-transactions.h. Section numbers are RFC 3261's. */
#include "policy/wire/sip-transactions.h"

#include <limits.h>

#include "policy/base/record.h"

/*
 * The words of a slot, a record (record.h):
 *
 *	0	check over 1..13; 0: empty
 *	1	key
 *	2	method | sends << 8 | flags << 16 | erred << 24 | early << 32 | early_retry_s << 48; no sends: a tx_early
 *	3	since_ms
 *	4	active_ms
 *	5..7	first
 *	8..10	last
 *	11..13	original
 */
enum { CHECK, KEY, META, SINCE, ACTIVE, FIRST, LAST = FIRST + ENDPOINT_WORDS, ORIGINAL = LAST + ENDPOINT_WORDS };

_Static_assert(ORIGINAL + ENDPOINT_WORDS == TX_WORDS, "the words are as drawn");

enum { ANSWERED = 1, FINISHED = 2, WITHIN = 4 };

/* ---- records and words ---- */

static void store(struct tx_slot *s, const struct tx *x)
{
	uint64_t raw[TX_WORDS];
	const unsigned flags = (x->answered ? ANSWERED : 0u) | (x->finished ? FINISHED : 0u) | (x->within ? WITHIN : 0u);
	raw[KEY] = x->key;
	raw[META] = x->method | (uint64_t)x->sends << 8 | (uint64_t)flags << 16 |
		    (uint64_t)x->erred << 24 | (uint64_t)x->early << 32 | (uint64_t)x->early_retry_s << 48;
	raw[SINCE] = x->since_ms;
	raw[ACTIVE] = x->active_ms;
	endpoint_put(raw + FIRST, &x->first);
	endpoint_put(raw + LAST, &x->last);
	endpoint_put(raw + ORIGINAL, &x->original);
	record_store(s->word, raw, TX_WORDS);
}

/* False: empty, or torn by two writers. */
static bool load(const struct tx_slot *s, struct tx *x)
{
	uint64_t raw[TX_WORDS];
	if (!record_load(s->word, raw, TX_WORDS))
		return false;
	/* Field by field: a copy of the whole would wait for them all. */
	x->key = raw[KEY];
	x->since_ms = raw[SINCE];
	x->active_ms = raw[ACTIVE];
	endpoint_get(raw + FIRST, &x->first);
	endpoint_get(raw + LAST, &x->last);
	endpoint_get(raw + ORIGINAL, &x->original);
	x->method = (uint8_t)raw[META];
	x->sends = (uint8_t)(raw[META] >> 8);
	x->answered = (raw[META] >> 16 & ANSWERED) != 0;
	x->finished = (raw[META] >> 16 & FINISHED) != 0;
	x->within = (raw[META] >> 16 & WITHIN) != 0;
	x->erred = (uint8_t)(raw[META] >> 24);
	x->early = (uint16_t)(raw[META] >> 32);
	x->early_retry_s = (uint16_t)(raw[META] >> 48);
	return true;
}

/* ---- slots ---- */

static bool is_over(const struct tx *x, uint64_t now_ms)
{
	const uint64_t keep = x->method == SIP_INVITE && x->answered ? TX_RINGING_MS : TX_KEEP_MS;
	return now_ms > x->active_ms && now_ms - x->active_ms > keep;
}

static uint32_t set_of(uint64_t key) { return hash_slot(key, TX_SETS); }

/* The way of the set where the request is, or -1. */
static int find(const struct tx_slot set[static TX_WAYS], uint64_t key, enum sip_method method, uint64_t now_ms,
		struct tx *x)
{
	for (int i = 0; key && i < TX_WAYS; i++)
		if (get64(&set[i].word[KEY]) == key && load(&set[i], x) && x->key == key && x->method == method &&
		    !is_over(x, now_ms))
			return i;
	return -1;
}

/*
 * What a request may still prove, or be needed for: nothing once it is finished; a
 * ringing call for its CANCEL; silence, the more often it was sent. One that waits
 * must not be driven out by new ones, or no silence were seen where many are sent.
 */
static unsigned worth(uint64_t meta)
{
	const unsigned method = (uint8_t)meta, sends = (uint8_t)(meta >> 8);
	if (meta >> 16 & FINISHED)
		return 0;
	if (method != SIP_REGISTER && method != SIP_INVITE)
		return 1;
	return meta >> 16 & ANSWERED ? 3 : 2 + sends;
}

/* The way for a new request: free, over, or of those worth least that idle longest. A torn record misleads this choice, no more. */
static int victim(const struct tx_slot set[static TX_WAYS], uint64_t now_ms)
{
	uint64_t oldest = UINT64_MAX;
	unsigned least = UINT_MAX;
	int way = 0;
	for (int i = 0; i < TX_WAYS; i++) {
		const uint64_t meta = get64(&set[i].word[META]), active = get64(&set[i].word[ACTIVE]);
		const struct tx x = {
			.method = (uint8_t)meta, .answered = (meta >> 16 & ANSWERED) != 0, .active_ms = active};
		if (!get64(&set[i].word[CHECK]) || is_over(&x, now_ms))
			return i;
		const unsigned w = worth(meta);
		if (w < least || (w == least && active < oldest)) {
			least = w;
			oldest = active;
			way = i;
		}
	}
	return way;
}

/* ---- the memory ---- */

bool tx_find(const struct transactions *t, uint64_t key, enum sip_method method, uint64_t now_ms, struct tx *out)
{
	return find(t->slot[set_of(key)], key, method, now_ms, out) >= 0 && out->sends > 0;
}

static void go_elsewhere(struct tx *x, const struct endpoint *to, uint64_t now_ms)
{
	x->last = *to;
	x->since_ms = now_ms;
	x->sends = x->erred = 0;
}

struct tx tx_redirected(struct transactions *t, uint64_t key, enum sip_method method, bool within,
		     const struct endpoint *original, const struct endpoint *to, uint64_t now_ms)
{
	struct tx_slot *set = t->slot[set_of(key)];
	const bool kept = key && method != SIP_ACK && method != SIP_NONE;
	struct tx x;
	int way = kept ? find(set, key, method, now_ms, &x) : -1;
	if (way < 0 || (x.sends == 0 && !endpoint_same(&x.last, to)))
		x = (struct tx){.key = key, .method = (uint8_t)method, .first = *to, .last = *to, .since_ms = now_ms};
	else if (!endpoint_same(&x.last, to))
		go_elsewhere(&x, to, now_ms);
	x.original = *original;
	x.within = within;
	x.sends = (uint8_t)(x.sends + (x.sends < UINT8_MAX));
	x.active_ms = now_ms;
	if (kept) {
		struct tx known = x;
		known.early = known.early_retry_s = 0;
		store(&set[way < 0 ? victim(set, now_ms) : way], &known);
	}
	return x;
}

void tx_anew(struct transactions *t, uint64_t key, enum sip_method method, uint64_t now_ms)
{
	struct tx_slot *set = t->slot[set_of(key)];
	struct tx x;
	int way = find(set, key, method, now_ms, &x);
	if (way < 0)
		return;
	x.since_ms = now_ms;
	x.sends = 1;
	x.erred = 0;
	store(&set[way], &x);
}

void tx_early(struct transactions *t, uint64_t key, enum sip_method method, const struct endpoint *from, unsigned status,
	      int64_t retry_after, uint64_t now_ms)
{
	struct tx_slot *set = t->slot[set_of(key)];
	struct tx x;
	if (!key || status < 200 || find(set, key, method, now_ms, &x) >= 0)
		return;
	x = (struct tx){.key = key, .method = (uint8_t)method, .first = *from, .last = *from, .original = *from,
			.since_ms = now_ms, .active_ms = now_ms, .finished = true, .early = (uint16_t)status};
	if (retry_after > 0)
		x.early_retry_s = retry_after < UINT16_MAX ? (uint16_t)retry_after : UINT16_MAX;
	store(&set[victim(set, now_ms)], &x);
}

bool tx_match(struct transactions *t, uint64_t key, enum sip_method method, const struct endpoint *from,
	      unsigned status, uint64_t now_ms, struct tx *out)
{
	struct tx_slot *set = t->slot[set_of(key)];
	int way = find(set, key, method, now_ms, out);
	if (way < 0 || out->sends == 0 || !(endpoint_same(&out->last, from) || endpoint_same(&out->first, from)))
		return false;
	out->finished = out->finished || status >= 200;
	out->answered = !out->finished;
	out->active_ms = now_ms;
	store(&set[way], out);
	return true;
}

bool tx_origin(const struct transactions *t, uint64_t key, uint64_t now_ms, struct tx *out)
{
	const struct tx_slot *set = t->slot[set_of(key)];
	for (int i = 0; key && i < TX_WAYS; i++)
		if (get64(&set[i].word[KEY]) == key && load(&set[i], out) && out->key == key &&
		    out->method != SIP_CANCEL && out->sends > 0 && !is_over(out, now_ms))
			return true;
	return false;
}

/* A request in this slot waits for `to`. */
static bool slot_waits(const struct tx_slot *s, const struct endpoint *to, uint64_t now_ms, struct tx *x)
{
	return load(s, x) && !x->finished && endpoint_same(&x->last, to) && !is_over(x, now_ms);
}

bool tx_waits(const struct transactions *t, const struct endpoint *to, uint64_t now_ms)
{
	struct tx x;
	for (int i = 0; i < TX_SETS * TX_WAYS; i++)
		if (slot_waits(&t->slot[i / TX_WAYS][i % TX_WAYS], to, now_ms, &x))
			return true;
	return false;
}

bool tx_erred_again(struct transactions *t, const struct endpoint *to, uint64_t now_ms)
{
	struct tx x;
	bool again = false;
	for (int i = 0; i < TX_SETS * TX_WAYS; i++) {
		struct tx_slot *s = &t->slot[i / TX_WAYS][i % TX_WAYS];
		if (!slot_waits(s, to, now_ms, &x) || x.answered)
			continue;
		again = again || (x.erred && x.sends > x.erred);
		x.erred = x.sends;
		store(s, &x);
	}
	return again;
}
