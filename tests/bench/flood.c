/*
 * flood: what a name costs that is not in the table, while the table is full.
 *
 *	flood TABLE
 *
 * Makes a table of the usual size at TABLE, which must not exist, and fills it with names that were asked for once, each
 * with an address of its own. Bare is the same loop without the table, so that making names and addresses does not count.
 */
#include <string.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/table/create.h"
#include "tests/bench/measure.h"

static struct table table;

/* The i-th name, and its address in 10/8: both new as long as i is. */
static bool look_up(uint32_t i, enum way way)
{
	const uint8_t bytes[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = 1}};
	struct name name;
	struct name_ref ref;
	const struct lookup l = {.name = &name, .port = 5060, .transport = TRANSPORT_UDP};
	char text[32];
	snprintf(text, sizeof text, "n%u.bench.test", i);
	if (name_canonical(text, &name) != NAME_OK || !address_from_bytes(AF_INET, bytes, &pool[FAMILY_V4].addr[0]))
		broken("no name or address");
	return way == OURS && pins_order(&table, &l, ORDER_DNS, pool, &ref);
}

static uint64_t run(void *arg, enum way way, size_t n)
{
	static uint32_t next;
	const bool *served = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		if (look_up(next++, way) != (*served && way == OURS))
			broken("a name was served, or was not");
	return bench_ns() - start;
}

/* As if all were asked for and answered for long. */
static void prove_all(void)
{
	uint32_t cursor = 0;
	struct name_ref ref;
	struct name name;
	while (table_next(&table, &cursor, &ref, &name)) {
		const struct pin p = pin_unpack(get64(&name_hot(&table, ref)->pin[FAMILY_V4]));
		const struct confirmed c = {.ref = p.ref, .port = 5060, .transport = TRANSPORT_UDP, .reuse = name_reuse(ref),
					    .proven = true};
		put64(&name_hot(&table, ref)->confirmed[FAMILY_V4], confirmed_pack(c));
	}
}

int main(int argc, char **argv)
{
	static bool yes = true, no = false;
	if (argc != 2)
		broken("usage: flood TABLE");
	if (store_create(argv[1], TABLE_NAMES_DEFAULT, 0600, (gid_t)-1, NULL) != STORE_OK || store_open(argv[1], &table) != STORE_OK)
		broken("no table at %s", argv[1]);
	run(&yes, OURS, 8 * TABLE_NAMES_DEFAULT);
	measure(&(struct row){"a new name, the table full", BOUND_NONE, 0, run, &yes, 10, 0});
	prove_all();
	measure(&(struct row){"the same, full of proven names", BOUND_NONE, 0, run, &no, 10, 0});
	store_close(&table);
	unlink(argv[1]);
	return 0;
}
