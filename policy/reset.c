/* reset.c: an established connection was reset: the pins that were confirmed there are tentative again. See pins.h. */
#include "scene.h"

enum { ROUNDS = 16 };

static void loosen(struct table *t, struct name_ref ref, enum family f, addr_ref addr, int slot)
{
	word64 *w = &name_hot(t, ref)->pin[f];
	const struct addr_record *a = addr_at(t, addr);
	for (int round = 0; a && round < ROUNDS; round++) {
		uint64_t word = seen64(w);
		struct pin p = pin_unpack(word);
		if (p.ref != addr || p.reuse != name_reuse(ref) || p.is_explicit || !p.confirmed || !(p.endpoints >> slot & 1) ||
		    p.sum != endpoint_sum(a, p.endpoints, false))
			return;
		struct pin next = {.ref = addr, .sum = endpoint_sum(a, 15, true), .reuse = p.reuse};
		if (cas64(w, word, pin_pack(next)))
			return;
	}
}

bool pins_reset(struct table *t, const struct outcome *o)
{
	const struct endpoint *e = &o->endpoint;
	addr_ref addr = addr_find(t, &e->addr);
	const struct addr_record *a = addr_at(t, addr);
	int slot = a && t->writable ? endpoint_find(a, e->transport, e->port) : -1;
	uint32_t cursor = 0;
	struct name_ref ref;
	for (size_t n = 0; slot >= 0 && n < o->reach && index_next(t, addr, &cursor, &ref); n++)
		loosen(t, ref, address_family(&e->addr), addr, slot);
	return slot >= 0;
}
