/*
 * lookup: what finding the pinned address of a name in the table costs.
 *
 *	lookup TABLE [NAMES]
 *
 * Makes a table of NAMES (1000000) at TABLE, which must not exist, and fills it:
 * each name with an address of its own on 127/8 and a pin. No shim is involved. Bare
 * is the same loop without the lookup, so that making the names does not count.
 * The row with the bound is a plain loop over names at random; in the one below
 * each name depends on the address found before, so that the processor cannot
 * overlap two lookups: there every miss of the memory is waited for.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/table/addresses.h"
#include "policy/table/create.h"
#include "tests/bench/measure.h"

static struct table table;
static uint32_t names = TABLE_NAMES_MAX;
static volatile uint64_t volatile_zero;

/* ---- names ---- */

#define PREFIX "host-no-"
#define SUFFIX ".bench.test"
enum { PREFIX_LEN = 8, LETTERS = 8, NAME_LEN = PREFIX_LEN + LETTERS + sizeof SUFFIX - 1 };

/* The i-th name: its eight letters are one word, so that making it costs next to nothing. */
static void name_number(struct name *n, uint32_t i)
{
	uint64_t word = 0;
	for (unsigned k = 0; k < LETTERS; k++)
		word |= (uint64_t)('a' + (i >> 4 * k & 15)) << 8 * k;
	n->words[1] = word;
}

static struct name first_name(void)
{
	struct name n;
	if (name_canonical(PREFIX "aaaaaaaa" SUFFIX, &n) != NAME_OK || n.len != NAME_LEN)
		broken("a bad name");
	return n;
}

/* 127.0.0.0 and so on. */
static struct address address_number(uint32_t i)
{
	const uint8_t bytes[4] = {127, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	struct address a;
	address_from_bytes(AF_INET, bytes, &a);
	return a;
}

/* ---- the lookup ---- */

/* Name to pinned address, through what policy offers. */
static bool pinned(const struct name *n, struct address *out)
{
	struct name_ref ref;
	if (!table_find(&table, n, &ref))
		return false;
	struct pin p = pin_unpack(get64(&name_hot(&table, ref)->pin[FAMILY_V4]));
	return p.ref && p.reuse == name_reuse(ref) && addr_read(&table, p.ref, out);
}

static void fill(void)
{
	struct name name = first_name();
	for (uint32_t i = 0; i < names; i++) {
		struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = 1}};
		struct name_ref ref;
		name_number(&name, i);
		pool[FAMILY_V4].addr[0] = address_number(i);
		const struct lookup l = {.name = &name, .port = 5060, .transport = TRANSPORT_UDP};
		if (!pins_order(&table, &l, ORDER_DNS, pool, &ref))
			broken("name %" PRIu32 " finds no room", i);
	}
}

static void check(void)
{
	struct name name = first_name();
	for (uint32_t i = 0; i < names; i += 1 + names / 10007) {
		struct address a, want = address_number(i);
		name_number(&name, i);
		if (!pinned(&name, &a) || !address_equal(&a, &want))
			broken("name %" PRIu32 " is not on its address", i);
	}
	name_number(&name, names);
	struct address a;
	if (pinned(&name, &a))
		broken("a name that nobody put there is found");
}

/* ---- rows ---- */

static uint64_t scramble(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;	/* splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

struct asking {
	uint32_t among;			/* so many names, at random */
	bool overlap;			/* one need not wait for the address of the other */
};

static uint64_t run_find(void *arg, enum way way, size_t n)
{
	static uint64_t state = 1;
	const struct asking *ask = arg;
	const uint32_t among = ask->among;
	const uint64_t zero = volatile_zero;
	struct name name = first_name();
	struct address a = {0};
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		state += ask->overlap ? 0 : a.words[1] & zero;
		name_number(&name, (uint32_t)((scramble(&state) >> 32) * among >> 32));
		if (way == BARE)
			a.words[1] = name.words[1];
		else if (!pinned(&name, &a))
			broken("a name is gone");
	}
	return bench_ns() - start;
}

/* The same from the text that a program passes. */
static uint64_t run_canonical(void *arg, enum way way, size_t n)
{
	static char text[NAME_LEN + 1] = PREFIX "aaaaaaaa" SUFFIX;
	const uint64_t zero = volatile_zero;
	struct address a = {0};
	struct name name;
	(void)arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		text[0] = (char)('h' + (a.words[1] & zero));
		if (way == BARE)
			a.words[1] = (uint64_t)text[0];
		else if (name_canonical(text, &name) != NAME_OK || !pinned(&name, &a))
			broken("a name is gone");
	}
	return bench_ns() - start;
}

int main(int argc, char **argv)
{
	char what[64];
	if (argc != 2 && argc != 3)
		broken("usage: lookup TABLE [NAMES]");
	if (argc == 3)
		names = (uint32_t)strtoul(argv[2], NULL, 10);
	if (names < 1 || names > TABLE_NAMES_MAX)
		broken("NAMES is 1 to %d", TABLE_NAMES_MAX);
	enum store_status s = store_create(argv[1], names, 0600, (gid_t)-1, NULL);
	if (s == STORE_OK)
		s = store_open(argv[1], &table);
	if (s != STORE_OK)
		broken("%s: %s", argv[1], store_status_text(s));
	fill();
	check();
	measure(&(struct row){"table lookup, hot", BOUND_NS, 60, run_find, &(struct asking){1, false}, 0, 0});
	measure(&(struct row){"table lookup, hot, from the name's text", BOUND_NONE, 0, run_canonical, NULL, 0, 0});
	snprintf(what, sizeof what, "table lookup, at random among %" PRIu32, names);
	measure(&(struct row){what, names == TABLE_NAMES_MAX ? BOUND_NS : BOUND_NONE, 400, run_find,
			      &(struct asking){names, true}, 1000, 401});
	measure(&(struct row){"the same, each waiting for the one before", BOUND_NONE, 0, run_find,
			      &(struct asking){names, false}, 1000, 401});
	store_close(&table);
	unlink(argv[1]);
	return 0;
}
