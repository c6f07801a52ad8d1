/* names.c: name records. See names.h. */
#include "policy/table/names.h"

#include <string.h>

#include "policy/table/search.h"

static word64 *name_key(const struct table *t, uint32_t slot) { return &t->hot[slot].key; }

/* Most names end in the hot part: the cold one is read for the others only. */
bool name_copy(const struct table *t, uint32_t slot, uint64_t key, struct name *out)
{
	uint32_t n = 0;
	do
		out->words[n] = get64(name_word(t, slot, n));
	while (!name_ends_in(out->words[n++]) && n < NAME_WORDS);
	memset(&out->words[n], 0, (NAME_WORDS - n) * sizeof out->words[0]);
	out->len = (uint32_t)strnlen(out->text, NAME_BYTES);
	memset(out->text + out->len, 0, NAME_BYTES - out->len);
	return out->len <= NAME_MAX_LEN && key_has_hash(key, name_hash(out, t->seed));
}

static const struct search_kind names = {.key = name_key, .is = name_is};

bool table_find(const struct table *t, const struct name *n, struct name_ref *out)
{
	const struct search p = {.slots = t->layout.name_slots, .hash = name_hash(n, t->seed), .want = n};
	return search_find(t, names, &p, 0, out);
}

static bool name_has_hash(const struct table *t, uint32_t slot, const void *want)
{
	struct name n;
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		n.words[i] = get64(name_word(t, slot, i));
	n.text[NAME_BYTES - 1] = '\0';
	n.len = (uint32_t)strlen(n.text);
	return n.len <= NAME_MAX_LEN && name_hash(&n, t->seed) == *(const uint64_t *)want;
}

bool table_find_hash(const struct table *t, uint64_t hash, struct name_ref *out, struct name *name)
{
	static const struct search_kind by_hash = {.key = name_key, .is = name_has_hash};
	const struct search p = {.slots = t->layout.name_slots, .hash = hash, .want = &hash};
	struct name_ref same;
	return search_find(t, by_hash, &p, 0, out) && table_at(t, out->slot, &same, name) && same.key == out->key;
}

bool table_is_service(const struct table *t, struct name_ref r)
{
	uint64_t first = get64(&t->hot[r.slot].head[0]);
	char text[sizeof first];
	memcpy(text, &first, sizeof text);
	return text[0] == '_';
}

bool table_retire(struct table *t, struct name_ref r)
{
	return t->writable && cas64(&t->hot[r.slot].key, r.key, key_in_state(r.key, KEY_RETIRED));
}

bool table_at(const struct table *t, uint32_t slot, struct name_ref *out, struct name *name)
{
	if (slot >= t->layout.name_slots)
		return false;
	uint64_t key = seen64(&t->hot[slot].key);
	if (key_state(key) != KEY_LIVE || !name_copy(t, slot, key, name))
		return false;
	*out = (struct name_ref){slot, key};
	before_recheck();
	return name_current(t, *out);
}

bool table_next(const struct table *t, uint32_t *cursor, struct name_ref *out, struct name *name)
{
	while (*cursor < t->layout.name_slots)
		if (table_at(t, (*cursor)++, out, name))
			return true;
	return false;
}
