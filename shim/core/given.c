/* given.c: see given.h. */
#include "shim/core/given.h"

#include <string.h>

#include "policy/base/atomic.h"
#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "shim/core/shared.h"

unsigned given_count(void) { return shared ? get32(&shared->given.count) : 0; }

/* ---- bits ---- */

static uint64_t hash_of(const struct name *n, const struct address *a)
{
	const uint64_t seed = n ? name_hash(n, 0) : 0;
	return hash_fold(hash_fold(a->words[0] ^ seed, 0xa0761d6478bd642fu) ^ a->words[1],
			 (a->scope ^ 0x9e3779b97f4a7c15u) + seed);
}

/* Two bits of each hash. */
static bool have_bit(const word64 *set, uint32_t bit) { return (get64(&set[bit / 64]) >> bit % 64 & 1) != 0; }

static bool have(const word64 *set, uint32_t bits, uint64_t hash)
{
	return have_bit(set, hash_slot(hash, bits)) && have_bit(set, hash_slot(hash << 32, bits));
}

static void add_bit(word64 *set, uint32_t bit)
{
	atomic_fetch_or_explicit(&set[bit / 64], UINT64_C(1) << bit % 64, memory_order_relaxed);
}

/* The count changes after what it stands for. */
static void add(word64 *set, uint32_t bits, uint64_t hash)
{
	if (have(set, bits, hash))
		return;
	add_bit(set, hash_slot(hash, bits));
	add_bit(set, hash_slot(hash << 32, bits));
	atomic_fetch_add_explicit(&shared->given.count, 1, memory_order_release);
}

/* ---- what was given ---- */

static word64 *lately_at(uint64_t hash) { return &shared->given.lately[hash_slot(hash, GIVEN_LATELY)]; }

void given_note_address(const struct name *n, const struct address *a)
{
	shared_need();
	if (!shared)
		return;
	const uint64_t hash = hash_of(n, a), word = hash << 32 | tick_now();
	add(shared->given.named, GIVEN_NAMED, hash);
	if (get64(lately_at(hash)) != word)
		put64(lately_at(hash), word);
}

void given_note(const struct name *n, const struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		given_note_address(n, &p->addr[i]);
}

void given_note_first(const struct address *a)
{
	shared_need();
	if (shared)
		add(shared->given.first, GIVEN_PLAIN, hash_of(NULL, a));
}

/* Of this process: hashes of the texts of numbers that were noted. 0: a text that cannot be one, or is left alone. */
enum { TEXTS = 64, TEXT_MAX = 46 };	/* INET6_ADDRSTRLEN */
static word64 texts[TEXTS];

static uint64_t text_hash(const char *node)
{
	const size_t len = node[0] <= ':' ? strnlen(node, TEXT_MAX) : TEXT_MAX;
	return len < TEXT_MAX ? hash_bytes(node, len) : 0;
}

bool given_knows_number(const char *node)
{
	const uint64_t hash = text_hash(node);
	return hash && get64(&texts[hash % TEXTS]) == hash;
}

void given_note_number(const char *node)
{
	const uint64_t hash = text_hash(node);
	struct address a;
	put64(&texts[hash % TEXTS], hash);
	if (strchr(node, '%') || !address_parse(node, &a))
		return;
	shared_need();
	if (shared)
		add(shared->given.number, GIVEN_PLAIN, hash_of(NULL, &a));
}

bool given_by(const struct name *n, const struct address *a)
{
	if (!shared)
		return false;
	const uint64_t hash = hash_of(n, a);
	if (!have(shared->given.named, GIVEN_NAMED, hash))
		return false;
	if (!have(shared->given.number, GIVEN_PLAIN, hash_of(NULL, a)))
		return true;
	const uint64_t word = get64(lately_at(hash));
	return word >> 32 == (uint32_t)hash && tick_within(tick_now(), (uint32_t)word, GIVEN_LATELY_S);
}

bool given_first(const struct address *a)
{
	const uint64_t hash = hash_of(NULL, a);
	return shared && have(shared->given.first, GIVEN_PLAIN, hash) && !have(shared->given.number, GIVEN_PLAIN, hash);
}
