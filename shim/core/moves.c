/* moves.c: see moves.h. */
#include "shim/core/moves.h"

/* The words of a slot: check, key, time, asked (3), real (3), own. */
enum { CHECK, KEY, ACTIVE, ASKED, REAL = ASKED + ENDPOINT_WORDS, OWN = REAL + ENDPOINT_WORDS };

_Static_assert(OWN + 1 == MOVE_WORDS, "the words are as drawn");

enum { FRESH_MS = 1000 };		/* a record that says the same already is not written again so soon */

static bool load(const struct move_slot *s, uint64_t key, struct move *out, uint64_t *active)
{
	uint64_t raw[MOVE_WORDS];
	if (get64(&s->word[KEY]) != key || !record_load(s->word, raw, MOVE_WORDS) || raw[KEY] != key)
		return false;
	endpoint_get(raw + ASKED, &out->asked);
	endpoint_get(raw + REAL, &out->real);
	out->own = raw[OWN] != 0;
	*active = raw[ACTIVE];
	return true;
}

static void store(struct move_slot *s, uint64_t key, const struct move *mv, uint64_t now_ms)
{
	uint64_t raw[MOVE_WORDS];
	raw[KEY] = key;
	raw[ACTIVE] = now_ms;
	endpoint_put(raw + ASKED, &mv->asked);
	endpoint_put(raw + REAL, &mv->real);
	raw[OWN] = mv->own;
	record_store(s->word, raw, MOVE_WORDS);
}

static int find(const struct move_slot set[static MOVE_WAYS], uint64_t key, struct move *out, uint64_t *active)
{
	for (int i = 0; i < MOVE_WAYS; i++)
		if (load(&set[i], key, out, active))
			return i;
	return -1;
}

/* Free, or idle longest. A torn record misleads this choice, no more. */
static int victim(const struct move_slot set[static MOVE_WAYS])
{
	int way = 0;
	for (int i = 0; i < MOVE_WAYS; i++) {
		if (!get64(&set[i].word[CHECK]))
			return i;
		if (get64(&set[i].word[ACTIVE]) < get64(&set[way].word[ACTIVE]))
			way = i;
	}
	return way;
}

static bool same(const struct move *a, const struct move *b)
{
	return a->own == b->own && endpoint_same(&a->asked, &b->asked) && endpoint_same(&a->real, &b->real);
}

bool move_find(const struct move_memory *m, uint64_t with, const struct endpoint *e, struct move *out)
{
	uint64_t active, key = endpoint_key(e, with);
	return with && find(m->slot[hash_slot(key, MOVE_SETS)], key, out, &active) >= 0;
}

void move_note(struct move_memory *m, uint64_t with, const struct endpoint *e, const struct move *mv, uint64_t now_ms)
{
	struct move old;
	uint64_t active, key = endpoint_key(e, with);
	struct move_slot *set = m->slot[hash_slot(key, MOVE_SETS)];
	int way = with ? find(set, key, &old, &active) : 0;
	if (!with || (way >= 0 && same(&old, mv) && now_ms - active < FRESH_MS))
		return;
	store(&set[way < 0 ? victim(set) : way], key, mv, now_ms);
}

void move_forget(struct move_memory *m, uint64_t with, const struct endpoint *e)
{
	struct move old;
	uint64_t active, key = endpoint_key(e, with);
	struct move_slot *set = m->slot[hash_slot(key, MOVE_SETS)];
	int way = with ? find(set, key, &old, &active) : -1;
	if (way >= 0)
		put64(&set[way].word[CHECK], 0);
}

bool move_at(const struct move_memory *m, unsigned i, struct move_record *out)
{
	const struct move_slot *s = &m->slot[i / MOVE_WAYS][i % MOVE_WAYS];
	out->key = get64(&s->word[CHECK]) ? get64(&s->word[KEY]) : 0;
	return out->key && load(s, out->key, &out->mv, &out->active_ms);
}

void move_drop(struct move_memory *m, unsigned i) { put64(&m->slot[i / MOVE_WAYS][i % MOVE_WAYS].word[CHECK], 0); }

/* ---- bits ---- */

static uint32_t bit_of(const struct endpoint *e) { return hash_slot(endpoint_key(e, 0), MOVE_BITS); }

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
