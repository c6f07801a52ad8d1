/*
 * hash.h: a keyed 64-bit hash of whole words.
 *
 * Each table draws its own seed, so outsiders cannot choose names that collide. It
 * multiplies and folds, eight bytes a step. It is not for secrets.
 */
#ifndef STICKYDNS_HASH_H
#define STICKYDNS_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t hash_words(const uint64_t *w, size_t n, uint64_t seed)
{
	uint64_t h = seed ^ 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < n; i++)
		h = hash_fold(h ^ w[i], 0xa0761d6478bd642fu ^ seed);
	return hash_fold(h ^ n, 0xe7037ed1a0b428dbu);
}

/* The same over bytes of any length, with a fixed seed; never 0. The length counts. The last eight bytes may overlap others. */
static inline uint64_t hash_bytes(const char *p, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ len, word, last = 0;
	const char *end = p + len;
	if (len < sizeof last)
		for (; p < end; p++)
			last = last << 8 | (unsigned char)*p;
	else
		memcpy(&last, end - sizeof last, sizeof last);
	for (; (size_t)(end - p) > sizeof last; p += sizeof last) {
		memcpy(&word, p, sizeof word);
		h = hash_fold(h ^ word, 0xa0761d6478bd642fu);
	}
	h = hash_fold(h ^ last, 0xe7037ed1a0b428dbu);
	return h ? h : 1;
}

/* A position in [0, n) from the high half of a hash. */
static inline uint32_t hash_slot(uint64_t h, uint32_t n)
{
	return (uint32_t)(((h >> 32) * n) >> 32);
}

#endif
