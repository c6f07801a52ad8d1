/*
 * words.c: the 64-bit words: each field at its extremes comes back, and none
 * spills into another.
 */
#include "policy/table/words.h"
#include "tests/unit/check.h"

#include "policy/base/cause.h"

/* ---- unpacked fields as a row of numbers ---- */

enum { FIELDS = 8 };

struct word_kind {
	const char *name;
	unsigned fields;
	const char *field[FIELDS];
	uint64_t most[FIELDS];
	uint64_t (*pack)(const uint64_t f[static FIELDS]);
	void (*unpack)(uint64_t w, uint64_t f[static FIELDS]);
};

static uint64_t pack_pin(const uint64_t f[static FIELDS])
{
	return pin_pack((struct pin){(addr_ref)f[0], (uint16_t)f[1], (uint8_t)f[2], (uint8_t)f[3], (uint8_t)f[4], f[5] != 0, f[6] != 0});
}

static void unpack_pin(uint64_t w, uint64_t f[static FIELDS])
{
	struct pin p = pin_unpack(w);
	const uint64_t v[] = {p.ref, p.sum, p.reuse, p.endpoints, p.latest, p.is_explicit, p.confirmed};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_confirmed(const uint64_t f[static FIELDS])
{
	return confirmed_pack((struct confirmed){(addr_ref)f[0], (uint16_t)f[1], (uint8_t)f[2], (uint8_t)f[3], (uint8_t)f[4], f[5] != 0});
}

static void unpack_confirmed(uint64_t w, uint64_t f[static FIELDS])
{
	struct confirmed c = confirmed_unpack(w);
	const uint64_t v[] = {c.ref, c.port, c.transport, c.reuse, c.first, c.proven};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_health(const uint64_t f[static FIELDS])
{
	return health_pack((struct health){(uint8_t)f[0], (uint16_t)f[1], (uint32_t)f[2], (uint16_t)f[3], (uint8_t)f[4], (uint8_t)f[5], f[6] != 0});
}

static void unpack_health(uint64_t w, uint64_t f[static FIELDS])
{
	struct health h = health_unpack(w);
	const uint64_t v[] = {h.transport, h.port, h.cool_end, h.failures, h.n, h.last_cause, h.on_trial};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_candidate(const uint64_t f[static FIELDS])
{
	return candidate_pack((struct candidate_word){(addr_ref)f[0], (uint32_t)f[1], (uint8_t)f[2], (uint8_t)f[3]});
}

static void unpack_candidate(uint64_t w, uint64_t f[static FIELDS])
{
	struct candidate_word c = candidate_unpack(w);
	const uint64_t v[] = {c.ref, c.seen, c.reuse, c.rank};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_unanswered(const uint64_t f[static FIELDS])
{
	return unanswered_pack((struct unanswered){.since = (uint32_t)f[0], .waited = (uint16_t)f[1], .port = (uint16_t)f[2]});
}

static void unpack_unanswered(uint64_t w, uint64_t f[static FIELDS])
{
	struct unanswered u = unanswered_unpack(w);
	f[0] = u.since;
	f[1] = u.waited;
	f[2] = u.port;
}

static uint64_t pack_pending(const uint64_t f[static FIELDS])
{
	return pending_pack((struct pending){(uint32_t)f[0], (uint32_t)f[1], (uint8_t)f[2], (uint8_t)f[3]});
}

static void unpack_pending(uint64_t w, uint64_t f[static FIELDS])
{
	struct pending p = pending_unpack(w);
	const uint64_t v[] = {p.since, p.pid, p.what, p.space};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_key(const uint64_t f[static FIELDS])
{
	return key_make(f[0] << 24, (uint32_t)f[1], (enum key_state)f[2]);
}

static void unpack_key(uint64_t w, uint64_t f[static FIELDS])
{
	const uint64_t v[] = {w >> 24, key_reuse(w), key_state(w)};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_waits(const uint64_t f[static FIELDS])
{
	return waits_pack((struct waits){(uint32_t)f[0], (uint16_t)f[1], (uint8_t)f[2], (uint8_t)f[3], (uint8_t)f[4]});
}

static void unpack_waits(uint64_t w, uint64_t f[static FIELDS])
{
	struct waits s = waits_unpack(w);
	const uint64_t v[] = {s.since, s.waited, s.row, s.closed, s.score};
	memcpy(f, v, sizeof v);
}

static uint64_t pack_accounts(const uint64_t f[static FIELDS])
{
	return accounts_pack((struct accounts){{(uint16_t)f[0], (uint16_t)f[1]}, {(uint16_t)f[2], (uint16_t)f[3]}});
}

static void unpack_accounts(uint64_t w, uint64_t f[static FIELDS])
{
	struct accounts a = accounts_unpack(w);
	const uint64_t v[] = {a.hash[0], a.hash[1], a.when[0], a.when[1]};
	memcpy(f, v, sizeof v);
}

static const struct word_kind kinds[] = {
	{"waits", 5, {"since", "waited", "in a row", "closed", "score"}, {UINT32_MAX, UINT16_MAX, 15, 15, 255}, pack_waits, unpack_waits},
	{"accounts", 4, {"hash", "hash", "when", "when"}, {UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX}, pack_accounts, unpack_accounts},
	{"key", 3, {"hash", "reuse", "state"}, {0xffffffffff, 0x3fffff, 3}, pack_key, unpack_key},
	{"pin", 7, {"ref", "sum", "reuse", "endpoints", "latest", "explicit", "confirmed"}, {UINT32_MAX, SUM_MASK, 255, 15, 3, 1, 1}, pack_pin, unpack_pin},
	{"confirmed", 6, {"ref", "port", "transport", "reuse", "first", "proven"}, {UINT32_MAX, 65535, 3, 255, MINUTES - 1, 1}, pack_confirmed, unpack_confirmed},
	{"health", 7, {"transport", "port", "cool-off end", "failures", "n", "cause", "trying"}, {3, 65535, COOL_MASK, SUM_MASK, 15, 63, 1}, pack_health, unpack_health},
	{"candidate", 4, {"ref", "seen", "reuse", "rank"}, {UINT32_MAX, SEEN_MASK, 15, 15}, pack_candidate, unpack_candidate},
	{"unanswered", 3, {"since", "waited", "port"}, {UINT32_MAX, UINT16_MAX, UINT16_MAX}, pack_unanswered, unpack_unanswered},
	{"pending", 4, {"since", "pid", "what", "space"}, {UINT32_MAX, 0x3fffff, 3, 255}, pack_pending, unpack_pending},
};

static void compare(const struct word_kind *k, const uint64_t f[static FIELDS])
{
	uint64_t back[FIELDS] = {0};
	k->unpack(k->pack(f), back);
	for (unsigned i = 0; i < k->fields; i++)
		check_number(k->field[i], f[i], back[i]);
}

/* Each field alone at its most, at its least among others at their most, and each bit of it. */
static void round_trips(const struct word_kind *k)
{
	check_row("%s: all at their least", k->name);
	compare(k, (const uint64_t[FIELDS]){0});
	check_row("%s: all at their most", k->name);
	compare(k, k->most);
	for (unsigned i = 0; i < k->fields; i++) {
		uint64_t alone[FIELDS] = {0}, without[FIELDS];
		memcpy(without, k->most, sizeof without);
		without[i] = 0;
		alone[i] = k->most[i];
		check_row("%s: %s spills nowhere", k->name, k->field[i]);
		compare(k, alone);
		compare(k, without);
		for (uint64_t bit = 1; bit && bit <= k->most[i]; bit <<= 1) {
			alone[i] = bit;
			compare(k, alone);
		}
	}
}

/* A value that is too large is cut, and stays in its field. */
static void cut(void)
{
	check_row("too large a sum is cut");
	struct pin p = pin_unpack(pin_pack((struct pin){.sum = UINT16_MAX, .endpoints = 0xff, .latest = 0xff}));
	check_number("sum", SUM_MASK, p.sum);
	check_number("reuse", 0, p.reuse);
	check_number("ref", 0, p.ref);
	check_true("flags", !p.is_explicit && !p.confirmed);
	check_row("too large a health is cut");
	struct health h = health_unpack(health_pack((struct health){.cool_end = UINT32_MAX, .failures = UINT16_MAX, .n = 255, .last_cause = 255}));
	check_number("port", 0, h.port);
	check_number("transport", 0, h.transport);
	check_true("trying", !h.on_trial);
	check_row("too large a candidate is cut");
	struct candidate_word c = candidate_unpack(candidate_pack((struct candidate_word){.ref = 1, .seen = UINT32_MAX, .rank = 255}));
	check_number("ref", 1, c.ref);
	check_row("too large a reuse count is cut");
	check_number("state", KEY_LIVE, key_state(key_make(0, UINT32_MAX, KEY_LIVE)));
	check_true("hash", key_has_hash(key_make(0, UINT32_MAX, KEY_LIVE), 0));
	check_row("every cause fits its field");
	check_range("causes", 1, 64, CAUSES);
}

/* The 24-bit second count of candidates goes round in 194 days. */
static void seen(void)
{
	enum { DAY = 86400, NOW = 3 * DAY };
	static const struct {
		const char *rule;
		uint32_t seen_at, later, expected;
	} rows[] = {
		{"now", NOW, 0, 0},
		{"a second ago", NOW, 1, 1},
		{"a day ago", NOW, DAY, DAY},
		{"over the end of a lap", SEEN_MASK - 9, 20, 20},
		{"at the second that would read as never", SEEN_MASK + 1u, 10, 9},
		{"96 days ago", NOW, 96 * DAY, 96 * DAY},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("seen %s", rows[i].rule);
		check_number("age", rows[i].expected, seen_age(seen_stamp(rows[i].seen_at), rows[i].seen_at + rows[i].later));
	}
	check_row("never seen");
	check_number("age", UINT32_MAX, seen_age(0, NOW));
	check_row("seen a moment ahead, by another CPU's clock");
	check_number("age", 0, seen_age(seen_stamp(NOW + 1), NOW));
	check_row("seen 100 days ago is not now");
	check_range("age", 90 * DAY, UINT32_MAX, seen_age(seen_stamp(NOW), NOW + 100 * DAY));
}

static void keys(void)
{
	const uint64_t hash = UINT64_C(0xfedcba9876543210), key = key_make(hash, 0x2abcde, KEY_CLAIMED);
	check_row("a key's hash is its high 40 bits");
	check_true("has it", key_has_hash(key, hash));
	check_true("low bits do not count", key_has_hash(key, hash ^ 0xffffff));
	check_true("the lowest that counts", !key_has_hash(key, hash ^ 0x1000000));
	check_row("a key in another state is else the same");
	uint64_t live = key_in_state(key, KEY_LIVE);
	check_number("state", KEY_LIVE, key_state(live));
	check_number("reuse", 0x2abcde, key_reuse(live));
	check_true("hash", key_has_hash(live, hash));
	check_row("a zero word is an empty key");
	check_number("state", KEY_EMPTY, key_state(0));
}

static void refs(void)
{
	static const uint32_t slots[] = {0, 1, 1023, 2666665};		/* of the largest table: 4/3 * 2,000,000 */
	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
		const uint64_t key = key_make(0, 0x3ff, KEY_LIVE);
		const addr_ref r = ref_make(slots[i], key);
		check_row("ref to slot %u", slots[i]);
		check_number("slot", slots[i], ref_slot(r));
		check_true("is not none", r != 0);
		check_true("names its record", ref_names(r, key));
		check_true("not the next in its slot", !ref_names(r, key_make(0, 0x400, KEY_LIVE)));
		check_true("nor one that is not live", !ref_names(r, key_in_state(key, KEY_RETIRED)) &&
							       !ref_names(r, key_in_state(key, KEY_CLAIMED)));
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		round_trips(&kinds[i]);
	cut();
	seen();
	keys();
	refs();
	return check_done();
}
