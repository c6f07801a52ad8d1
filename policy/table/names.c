/* names.c: name records. See names.h, and probe.h for how they are inserted. */
#include "policy/table/names.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/table/journal.h"
#include "policy/table/probe.h"

enum { HEAD_WORDS = HEAD_BYTES / 8, TAIL_WORDS = TAIL_BYTES / 8 };

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

/* What the last owner left. Nobody has put anything there for the new one, while it is claimed. */
static void clear(struct name_hot *hot, struct name_cold *cold, uint64_t claim)
{
	word64 *const words[] = {&hot->pin[0], &hot->pin[1], &hot->confirmed[0], &hot->confirmed[1]};
	word32 *const halves[] = {
		&hot->set_at[0], &hot->set_at[1], &hot->expires[0], &hot->expires[1], &hot->absent[0], &hot->absent[1],
		&cold->origin_pid[0], &cold->origin_pid[1], &cold->origin[0], &cold->origin[1],
		&hot->dns_down, &cold->moves, &cold->family_port, &cold->ttl_end, &cold->direct,
	};
	static_assert(FAMILIES == 2, "both of each");
	for (unsigned i = 0; i < CANDIDATES; i++)
		put64_while(&hot->key, claim, &cold->candidates[i], 0);
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		put64_while(&hot->key, claim, words[i], 0);
	for (unsigned i = 0; i < sizeof halves / sizeof *halves; i++)
		put32_while(&hot->key, claim, halves[i], 0);
}

static void name_write(struct table *t, uint32_t slot, uint64_t key, const void *want, bool fresh)
{
	const struct name *n = want;
	struct name_hot *hot = &t->hot[slot];
	for (uint32_t i = 0; i < NAME_WORDS; i++)
		put64_while(&hot->key, key, name_word(t, slot, i), n->words[i]);
	if (fresh)
		add32(&t->header->used_names, 1);
	else
		clear(hot, &t->cold[slot], key);
	put32_while(&hot->key, key, &hot->used, used_made(tick_now()));
}

static enum worth name_worth(const struct table *t, uint32_t slot, uint64_t key, uint32_t now, uint32_t *idle)
{
	*idle = tick_since(now, get32(&t->hot[slot].used));
	return worth_of_name(t, (struct name_ref){slot, key}, now);
}

/* The host of a service stays as long as the service does: without it the target would have no name. */
static enum worth name_backing(const struct table *t, uint32_t slot, uint64_t key, uint32_t now)
{
	const uint16_t port = led_port(get32(&t->cold[slot].family_port));
	const enum worth own = worth_of_name(t, (struct name_ref){slot, key}, now);
	struct name n;
	const enum worth host = port && name_copy(t, slot, key, &n) ? worth_of_host(t, &n, port, now) : PROBATION;
	return host > own ? host : own;
}

/* A name that was of worth is missed: each of its pins has an event. */
static void name_gave_way(struct table *t, uint32_t slot, uint64_t key)
{
	const struct name_ref r = {slot, key};
	struct event e = {.kind = EVENT_DROPPED, .cause = CAUSE_EVICTED};
	struct name n;
	uint64_t pins[FAMILIES];
	bool proven = false;
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct confirmed c = confirmed_unpack(get64(&t->hot[slot].confirmed[f]));
		pins[f] = get64(&t->hot[slot].pin[f]);
		proven |= c.ref && c.reuse == name_reuse(r) && c.proven;
	}
	if (!name_copy(t, slot, key, &n))
		return;
	memcpy(e.name, n.text, sizeof e.name);
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin p = pin_unpack(pins[f]);
		e.is_explicit = p.is_explicit;
		e.has_addr = p.reuse == name_reuse(r) && (proven || p.is_explicit) && addr_read(t, p.ref, &e.addr);
		if (e.has_addr)
			journal_write(t, &e);
	}
}

static const struct probe_kind names = {name_key, name_is, name_whole, name_write, name_worth, name_backing, name_gave_way};

static struct probe probe_for(const struct table *t, const struct name *n)
{
	return (struct probe){.slots = t->layout.name_slots, .hash = name_hash(n, t->seed), .want = n};
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
	static const struct probe_kind by_hash = {.key = name_key, .is = name_has_hash};
	const struct probe p = {.slots = t->layout.name_slots, .hash = hash, .want = &hash};
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

static bool insert(struct table *t, const struct name *n, enum worth limit, uint32_t idle, struct name_ref *out)
{
	struct probe p = probe_for(t, n);
	p.limit = limit;
	p.idle = idle;
	if (probe_find(t, names, &p, 0, out))
		return true;
	if (!t->writable)
		return false;
	p.now = tick_now();
	if (probe_insert(t, names, &p, out))
		return true;
	if (limit > PROBATION)
		add64(&t->header->counters[COUNT_NAMES_FULL], 1);
	return false;
}

bool table_insert(struct table *t, const struct name *n, struct name_ref *out) { return insert(t, n, PROVEN, 0, out); }

bool table_insert_spare(struct table *t, const struct name *n, struct name_ref *out)
{
	return insert(t, n, PROBATION, 0, out);
}

bool table_insert_by_hand(struct table *t, const struct name *n, uint32_t idle, struct name_ref *out)
{
	return insert(t, n, FIXED, idle, out);
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
