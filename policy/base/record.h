/*
 * record.h: small records that any number of writers share without a lock.
 *
 * A record has N words. The first is a check over the others. A writer writes all of
 * them. If two write at once, the check fails and the record counts as absent. So
 * threads, signal handlers and processes may enter at any point, die or jump away. A
 * record may be lost, but nobody reads a mixed one, and nobody waits. All zeros is an
 * empty record. The words are plain and relaxed: the check tells whether they belong
 * together, not their order.
 */
#ifndef STICKYDNS_RECORD_H
#define STICKYDNS_RECORD_H

#include "policy/base/atomic.h"
#include "policy/base/endpoint.h"
#include "policy/base/hash.h"

enum { ENDPOINT_WORDS = 3 };		/* address (2 words), scope << 32 | transport << 16 | port */

/* Over raw[1..n). Two words at a time are hashed for their place, and none waits for another's product. Never 0. */
static inline uint64_t record_check(const uint64_t *raw, size_t n)
{
	uint64_t h = 0, first = 0x9e3779b97f4a7c15u, second = 0xa0761d6478bd642fu;
	size_t i;
	for (i = 1; i + 1 < n; i += 2, first += second, second += UINT64_C(1) << 32)
		h += hash_fold(raw[i] ^ first, raw[i + 1] ^ second);
	if (i < n)
		h += hash_fold(raw[i] ^ first, second);
	return h ? h : 1;
}

/* Writes raw[1..n); raw[0] becomes the check. */
static inline void record_store(word64 *w, uint64_t *raw, size_t n)
{
	raw[0] = record_check(raw, n);
	for (size_t i = 0; i < n; i++)
		put64(&w[i], raw[i]);
}

/* False: empty, or torn by two writers. */
static inline bool record_load(const word64 *w, uint64_t *raw, size_t n)
{
	for (size_t i = 0; i < n; i++)
		raw[i] = get64(&w[i]);
	return raw[0] && raw[0] == record_check(raw, n);
}

/* ---- endpoints as words ---- */

static inline void endpoint_put(uint64_t w[static ENDPOINT_WORDS], const struct endpoint *e)
{
	w[0] = e->addr.words[0];
	w[1] = e->addr.words[1];
	w[2] = e->addr.scope << 32 | (uint64_t)e->transport << 16 | e->port;
}

static inline void endpoint_get(const uint64_t w[static ENDPOINT_WORDS], struct endpoint *e)
{
	e->addr.words[0] = w[0];
	e->addr.words[1] = w[1];
	e->addr.scope = w[2] >> 32;
	e->port = (uint16_t)w[2];
	e->transport = (uint8_t)(w[2] >> 16);
}

static inline bool endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->transport == b->transport && address_equal(&a->addr, &b->addr);
}

/* One number for an endpoint and what else belongs to it; never 0. */
static inline uint64_t endpoint_key(const struct endpoint *e, uint64_t with)
{
	uint64_t w[ENDPOINT_WORDS];
	endpoint_put(w, e);
	uint64_t h = hash_fold(w[0] ^ with, 0xa0761d6478bd642fu) + hash_fold(w[1] ^ 0x9e3779b97f4a7c15u, 0xe7037ed1a0b428dbu) +
		     hash_fold(w[2] ^ 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u);
	h = hash_fold(h ^ with, 0x9e3779b97f4a7c15u);
	return h ? h : 1;
}

#endif
