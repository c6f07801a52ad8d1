/* redirect-memory.c: see redirect-memory.h. */
#include "shim/core/redirect-memory.h"

/* The words of a slot: check, key, time, original (3), actual (3), flags. */
enum { CHECK, KEY, ACTIVE, ORIGINAL, ACTUAL = ORIGINAL + ENDPOINT_WORDS, FLAGS = ACTUAL + ENDPOINT_WORDS };

_Static_assert(FLAGS + 1 == REDIRECT_WORDS, "the words are as drawn");

enum { OWN = 1, ENDED = 2 };
enum { FRESH_MS = 1000 };		/* a record that says the same already is not written again so soon */

static bool load(const struct redirect_slot *s, uint64_t key, struct redirect *out, uint64_t *active)
{
	uint64_t raw[REDIRECT_WORDS];
	if (get64(&s->word[KEY]) != key || !record_load(s->word, raw, REDIRECT_WORDS) || raw[KEY] != key)
		return false;
	endpoint_get(raw + ORIGINAL, &out->original);
	endpoint_get(raw + ACTUAL, &out->actual);
	out->own = (raw[FLAGS] & OWN) != 0;
	out->ended = (raw[FLAGS] & ENDED) != 0;
	*active = raw[ACTIVE];
	return true;
}

static void store(struct redirect_slot *s, uint64_t key, const struct redirect *r, uint64_t now_ms)
{
	uint64_t raw[REDIRECT_WORDS];
	raw[KEY] = key;
	raw[ACTIVE] = now_ms;
	endpoint_put(raw + ORIGINAL, &r->original);
	endpoint_put(raw + ACTUAL, &r->actual);
	raw[FLAGS] = (r->own ? OWN : 0u) | (r->ended ? ENDED : 0u);
	record_store(s->word, raw, REDIRECT_WORDS);
}

static int find(const struct redirect_slot set[static REDIRECT_WAYS], uint64_t key, struct redirect *out, uint64_t *active)
{
	for (int i = 0; i < REDIRECT_WAYS; i++)
		if (load(&set[i], key, out, active))
			return i;
	return -1;
}

/* Free, or idle longest. A torn record misleads this choice, no more. */
static int victim(const struct redirect_slot set[static REDIRECT_WAYS])
{
	int way = 0;
	for (int i = 0; i < REDIRECT_WAYS; i++) {
		if (!get64(&set[i].word[CHECK]))
			return i;
		if (get64(&set[i].word[ACTIVE]) < get64(&set[way].word[ACTIVE]))
			way = i;
	}
	return way;
}

static bool same(const struct redirect *a, const struct redirect *b)
{
	return a->own == b->own && a->ended == b->ended && endpoint_same(&a->original, &b->original) && endpoint_same(&a->actual, &b->actual);
}

bool redirect_find(const struct redirect_memory *m, uint64_t with, const struct endpoint *e, struct redirect *out)
{
	uint64_t active, key = endpoint_key(e, with);
	return with && find(m->slot[hash_slot(key, REDIRECT_SETS)], key, out, &active) >= 0;
}

void redirect_note(struct redirect_memory *m, uint64_t with, const struct endpoint *e, const struct redirect *r, uint64_t now_ms)
{
	struct redirect old;
	uint64_t active, key = endpoint_key(e, with);
	struct redirect_slot *set = m->slot[hash_slot(key, REDIRECT_SETS)];
	int way = with ? find(set, key, &old, &active) : 0;
	if (!with || (way >= 0 && same(&old, r) && now_ms - active < FRESH_MS))
		return;
	store(&set[way < 0 ? victim(set) : way], key, r, now_ms);
}

void redirect_forget(struct redirect_memory *m, uint64_t with, const struct endpoint *e)
{
	struct redirect old;
	uint64_t active, key = endpoint_key(e, with);
	struct redirect_slot *set = m->slot[hash_slot(key, REDIRECT_SETS)];
	int way = with ? find(set, key, &old, &active) : -1;
	if (way >= 0)
		put64(&set[way].word[CHECK], 0);
}

bool redirect_at(const struct redirect_memory *m, unsigned i, struct redirect_record *out)
{
	const struct redirect_slot *s = &m->slot[i / REDIRECT_WAYS][i % REDIRECT_WAYS];
	out->key = get64(&s->word[CHECK]) ? get64(&s->word[KEY]) : 0;
	return out->key && load(s, out->key, &out->r, &out->active_ms);
}

void redirect_drop(struct redirect_memory *m, unsigned i) { put64(&m->slot[i / REDIRECT_WAYS][i % REDIRECT_WAYS].word[CHECK], 0); }

/* ---- bits ---- */

static uint32_t bit_of(const struct endpoint *e) { return hash_slot(endpoint_key(e, 0), ENDPOINT_BITS); }

bool bits_have(const struct endpoint_bits *b, const struct endpoint *e)
{
	const uint32_t bit = bit_of(e);
	return (get64(&b->word[bit / 64]) >> bit % 64 & 1) != 0;
}

void bits_add(struct endpoint_bits *b, const struct endpoint *e)
{
	const uint32_t bit = bit_of(e);
	word64 *w = &b->word[bit / 64];
	if (!(get64(w) >> bit % 64 & 1))
		atomic_fetch_or_explicit(w, UINT64_C(1) << bit % 64, memory_order_relaxed);
}
