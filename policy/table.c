/* table.c: name records. See table.h, and probe.h for how they are inserted. */
#include "table.h"

#include <string.h>

#include "host.h"
#include "probe.h"
#include "tick.h"

enum { HEAD_WORDS = HEAD_BYTES / 8, TAIL_WORDS = TAIL_BYTES / 8, UNPROVEN_S = 3600 };

static word64 *name_word(const struct table *t, uint32_t slot, uint32_t i)
{
	return i < HEAD_WORDS ? &t->hot[slot].head[i] : &t->cold[slot].tail[i - HEAD_WORDS];
}

static word64 *name_key(const struct table *t, uint32_t slot) { return &t->hot[slot].key; }

static bool name_is(const struct table *t, uint32_t slot, const void *want)
{
	const struct name *n = want;
	for (uint32_t i = 0; i < name_word_count(n); i++)
		if (get64(name_word(t, slot, i)) != n->words[i])
			return false;
	return true;
}

/*
 * Copies the stored name out. False: its bytes do not make the key's hash. What
 * lies behind its end is not hashed, and may be another's: it is left behind.
 */
static bool name_copy(const struct table *t, uint32_t slot, uint64_t key, struct name *out)
{
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		out->words[i] = get64(name_word(t, slot, i));
	out->len = (uint32_t)strnlen(out->text, NAME_BYTES);
	memset(out->text + out->len, 0, NAME_BYTES - out->len);
	return out->len <= NAME_MAX_LEN && key_has_hash(key, name_hash(out, t->seed));
}

static bool name_whole(const struct table *t, uint32_t slot, uint64_t key)
{
	struct name n;
	return name_copy(t, slot, key, &n);
}

/* Words that carry the reuse count: those of the new record, set by who finished our claim, stay. */
static void clear_tagged(struct name_hot *hot, struct name_cold *cold, struct name_ref r)
{
	const uint64_t key = r.key;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		uint64_t word = get64(&cold->candidates[i]);
		if (word && candidate_unpack(word).reuse != (name_reuse(r) & 15u))
			cas64(&cold->candidates[i], word, 0);
	}
	for (unsigned f = 0; f < FAMILIES; f++) {
		uint64_t pin = get64(&hot->pin[f]), confirmed = get64(&hot->confirmed[f]);
		if (pin_unpack(pin).reuse != (uint8_t)key_reuse(key))
			cas64(&hot->pin[f], pin, 0);
		if (confirmed_unpack(confirmed).reuse != (uint8_t)key_reuse(key))
			cas64(&hot->confirmed[f], confirmed, 0);
	}
}

static void clear_rest(struct name_hot *hot, struct name_cold *cold)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		put32(&hot->set_at[f], 0);
		put32(&hot->expires[f], 0);
		put32(&hot->absent[f], 0);
		put32(&cold->origin_pid[f], 0);
		put32(&cold->origin[f], 0);
	}
	put32(&hot->used, 0);
	put32(&hot->dns_down, 0);
	put32(&cold->moves, 0);
	put32(&cold->family_port, 0);
	put32(&cold->ttl_end, 0);
	put32(&cold->direct, 0);
}

static bool name_write(struct table *t, uint32_t slot, uint64_t key, const void *want, bool fresh)
{
	const struct name *n = want;
	if (!store_reserve(t, &t->cold[slot], sizeof *t->cold))
		return false;
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		put64(name_word(t, slot, i), n->words[i]);
	if (!fresh) {
		clear_tagged(&t->hot[slot], &t->cold[slot], (struct name_ref){slot, key});
		clear_rest(&t->hot[slot], &t->cold[slot]);
	}
	return true;
}

static bool is_host(const struct table *t, uint32_t slot, uint64_t key)
{
	const uint16_t port = led_port(get32(&t->cold[slot].family_port));
	struct name n;
	return port && name_copy(t, slot, key, &n) && host_is_led_to(t, &n, port);
}

/* Was a success ever seen on it? */
static bool is_proven(const struct name_hot *hot, uint64_t key)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct confirmed c = confirmed_unpack(get64(&hot->confirmed[f]));
		if (c.ref && c.reuse == (uint8_t)key_reuse(key))
			return true;
	}
	return false;
}

/*
 * Names with an explicit pin never give way, nor does the host of a service, by which its target is named. Those on which
 * no success was seen go first, as if they had been idle for an hour more: a flood of them takes room from its own kind.
 */
static uint32_t name_idle(const struct table *t, uint32_t slot, uint64_t key)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		struct pin p = pin_unpack(get64(&t->hot[slot].pin[f]));
		if (p.ref && p.is_explicit && p.reuse == (uint8_t)key_reuse(key))
			return 0;
	}
	if (is_host(t, slot, key))
		return 0;
	const uint32_t used = get32(&t->hot[slot].used);
	if (!used)			/* it may have come this instant */
		return 1;
	return 1 + tick_since(tick_now(), used) + (is_proven(&t->hot[slot], key) ? 0 : tick_of(UNPROVEN_S));
}

static const struct probe_kind names = {name_key, name_is, name_whole, name_write, name_idle};

static struct probe probe_for(const struct table *t, const struct name *n)
{
	return (struct probe){t->layout.name_slots, name_hash(n, t->seed), n};
}

bool name_current(const struct table *t, struct name_ref r)
{
	return r.slot < t->layout.name_slots && seen64(&t->hot[r.slot].key) == r.key;
}

bool table_find(const struct table *t, const struct name *n, struct name_ref *out)
{
	struct probe p = probe_for(t, n);
	return probe_find(t, names, &p, 0, out);
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
	static const struct probe_kind by_hash = {name_key, name_has_hash, name_whole, name_write, name_idle};
	const struct probe p = {t->layout.name_slots, hash, &hash};
	struct name_ref same;
	return probe_find(t, by_hash, &p, 0, out) && table_at(t, out->slot, &same, name) && same.key == out->key;
}

bool table_is_service(const struct table *t, struct name_ref r)
{
	uint64_t first = get64(&t->hot[r.slot].head[0]);
	char text[sizeof first];
	memcpy(text, &first, sizeof text);
	return text[0] == '_';
}

bool table_insert(struct table *t, const struct name *n, struct name_ref *out)
{
	struct probe p = probe_for(t, n);
	if (probe_find(t, names, &p, 0, out))
		return true;
	if (!t->writable)
		return false;
	if (probe_insert(t, names, &p, out))
		return true;
	add64(&t->header->counters[COUNT_NAMES_FULL], 1);
	return false;
}

static uint32_t name_stays(const struct table *t, uint32_t slot, uint64_t key)
{
	(void)t, (void)slot, (void)key;
	return 0;
}

bool table_insert_spare(struct table *t, const struct name *n, struct name_ref *out)
{
	static const struct probe_kind spare = {name_key, name_is, name_whole, name_write, name_stays};
	const struct probe p = probe_for(t, n);
	return probe_find(t, names, &p, 0, out) || (t->writable && probe_insert(t, spare, &p, out));
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
