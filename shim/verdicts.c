/* verdicts.c: see verdicts.h. */
#include "verdicts.h"

#include <string.h>

#include "dns.h"
#include "record.h"
#include "session.h"
#include "steer.h"
#include "tick.h"

/* The words of a slot: check, asked (3), epoch, ref 32 | tick 32, flags, to (3). */
enum { ASKED = 1, EPOCH = ASKED + ENDPOINT_WORDS, TIME, FLAGS, TO, WORDS = TO + ENDPOINT_WORDS };
enum { REQUEST = 1, DATAGRAM = 2 };
enum { VERDICTS = 64, HASHES = 256 };

static struct { word64 word[WORDS]; } verdicts[VERDICTS];
static word64 quiet[HASHES], still[HASHES], told[HASHES];	/* hashes of what they stand for: one word is never torn */

/* Changes with the table's contents, with the table, and with the names that this process looks up. */
static uint64_t epoch_of(const struct table *t)
{
	return pins_epoch(t) ^ (uint64_t)(uintptr_t)t << 16 ^ (uint64_t)recent_count() << 40;
}

/* ---- candidates ---- */

static bool remembered(const word64 *slot, const struct endpoint *asked, uint64_t epoch, uint32_t now, struct verdict *out)
{
	uint64_t raw[WORDS], want[ENDPOINT_WORDS];
	endpoint_put(want, asked);
	if (!record_load(slot, raw, WORDS) || memcmp(raw + ASKED, want, sizeof want) != 0 || raw[EPOCH] != epoch ||
	    now - (uint32_t)raw[TIME] >= TICKS_PER_S)
		return false;
	out->ref = (addr_ref)(raw[TIME] >> 32);
	out->request = (raw[FLAGS] & REQUEST) != 0;
	out->datagram = (raw[FLAGS] & DATAGRAM) != 0;
	endpoint_get(raw + TO, &out->to);
	return true;
}

static void remember(word64 *slot, const struct endpoint *asked, uint64_t epoch, uint32_t now, const struct verdict *v)
{
	uint64_t raw[WORDS];
	endpoint_put(raw + ASKED, asked);
	raw[EPOCH] = epoch;
	raw[TIME] = (uint64_t)v->ref << 32 | now;
	raw[FLAGS] = (v->request ? REQUEST : 0u) | (v->datagram ? DATAGRAM : 0u);
	endpoint_put(raw + TO, &v->to);
	record_store(slot, raw, WORDS);
}

static void ask(struct table *t, const struct endpoint *asked, struct verdict *out)
{
	struct name_ref names[RECENT];
	*out = (struct verdict){.ref = addr_find(t, &asked->addr)};
	if (!out->ref || dns_port(asked->port))	/* answers are led already, and must be those of who was asked */
		return;
	const size_t n = recent_names(names);
	const bool tcp = asked->transport == TRANSPORT_TCP;
	out->request = pins_steer(t, asked, tcp ? STEER_CONNECT : STEER_REQUEST, names, n, &out->to);
	out->datagram = !tcp && pins_steer(t, asked, STEER_DATAGRAM, names, n, &out->to);
	out->to.transport = asked->transport;
}

void verdict_of(struct table *t, const struct endpoint *asked, struct verdict *out)
{
	word64 *slot = verdicts[hash_slot(endpoint_key(asked, 0), VERDICTS)].word;
	const uint64_t epoch = epoch_of(t);
	const uint32_t now = tick_now();
	if (remembered(slot, asked, epoch, now, out))
		return;
	ask(t, asked, out);
	remember(slot, asked, epoch, now, out);
}

/* ---- quiet ---- */

/* Even; the low bit says whether it is a candidate. */
static uint64_t quiet_key(const struct table *t, const struct sockaddr *sa, socklen_t len, uint64_t now_ms)
{
	uint64_t w[3] = {0};
	if (len < sizeof(struct sockaddr_in))
		return 0;
	memcpy(w, sa, len < sizeof w ? 8 : sizeof w);	/* family, port, address; of AF_INET6 the flow label too */
	uint64_t h = hash_fold(w[0] ^ epoch_of(t), 0xa0761d6478bd642fu ^ now_ms / 1000 << 1);
	if (sa->sa_family != AF_INET)
		h = hash_fold(h ^ w[1], 0xe7037ed1a0b428dbu) ^ hash_fold(w[2], 0x8ebc6af09c88c6e3u);
	h &= ~UINT64_C(1);
	return h ? h : 2;
}

static enum quiet quiet_in(const word64 words[static HASHES], uint64_t key)
{
	const uint64_t word = key ? get64(&words[hash_slot(key, HASHES)]) : 0;
	if (!key || (word ^ key) > 1)
		return QUIET_NOT;
	return word == key ? QUIET_STRANGER : QUIET_CANDIDATE;
}

enum quiet verdict_quiet(const struct table *t, const struct sockaddr *sa, socklen_t len, uint64_t now_ms)
{
	return quiet_in(quiet, quiet_key(t, sa, len, now_ms));
}

void verdict_quieten(const struct table *t, const struct sockaddr *sa, socklen_t len, uint64_t now_ms, bool candidate)
{
	const uint64_t key = quiet_key(t, sa, len, now_ms);
	if (key)
		put64(&quiet[hash_slot(key, HASHES)], key | candidate);
}

static uint64_t still_key(const struct table *t, uint64_t number, uint64_t now_ms)
{
	const uint64_t h = hash_fold(number ^ epoch_of(t), 0xa0761d6478bd642fu ^ now_ms / 1000 << 1) & ~UINT64_C(1);
	return h ? h : 2;
}

enum quiet verdict_quiet_connection(const struct table *t, uint64_t number, uint64_t now_ms)
{
	return quiet_in(still, still_key(t, number, now_ms));
}

void verdict_quieten_connection(const struct table *t, uint64_t number, uint64_t now_ms, bool candidate)
{
	const uint64_t key = still_key(t, number, now_ms);
	put64(&still[hash_slot(key, HASHES)], key | candidate);
}

/* ---- told ---- */

static uint64_t told_key(const struct table *t, const struct endpoint *e, bool registered)
{
	return endpoint_key(e, epoch_of(t) ^ (uint64_t)tick_now() << 1 ^ registered);
}

bool verdict_told(const struct table *t, const struct endpoint *e, bool registered)
{
	const uint64_t key = told_key(t, e, registered);
	return get64(&told[hash_slot(key, HASHES)]) == key;
}

void verdict_tell(const struct table *t, const struct endpoint *e, bool registered)
{
	const uint64_t key = told_key(t, e, registered);
	put64(&told[hash_slot(key, HASHES)], key);
}
