/*
 * fill: makes a table of many names, each with one address of its own.
 *
 *	fill TABLE COUNT
 *
 * Addresses are 10.0.0.1 and on. Also for tests, of what many addresses do.
 */
#include <string.h>

#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/table/create.h"
#include "tests/bench/measure.h"

static struct address address_of(uint32_t n)
{
	const uint8_t bytes[] = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	struct address a;
	if (!address_from_bytes(AF_INET, bytes, &a))
		broken("no address");
	return a;
}

static void learn(struct table *t, uint32_t n)
{
	char text[64];
	struct name name;
	struct name_ref ref;
	struct pool pool[FAMILIES] = {0};
	snprintf(text, sizeof text, "n%u.fill.test", n);
	if (name_canonical(text, &name) != NAME_OK)
		broken("%s is no name", text);
	pool[FAMILY_V4] = (struct pool){.asked = true, .first = true, .n = 1, .addr = {address_of(n)}};
	const struct lookup l = {.name = &name};
	if (!pins_order(t, &l, ORDER_DNS, pool, &ref))
		broken("%s does not fit", text);
}

int main(int argc, char **argv)
{
	static struct table t;
	const uint32_t count = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	if (count == 0)
		return 2;
	if (store_create(argv[1], count, 0600, (gid_t)-1, NULL) != STORE_OK || store_open(argv[1], &t) != STORE_OK)
		broken("no table at %s", argv[1]);
	for (uint32_t n = 1; n <= count; n++)
		learn(&t, n);
	store_close(&t);
	return 0;
}
