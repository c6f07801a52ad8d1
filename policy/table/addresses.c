/* addresses.c: address records and their endpoints. See addresses.h. */
#include "policy/table/addresses.h"

#include "policy/table/search.h"

static word64 *addr_key(const struct table *t, uint32_t slot) { return &t->addrs[slot].key; }

static bool addr_is(const struct table *t, uint32_t slot, const void *want)
{
	struct address a = addr_copy(&t->addrs[slot]);
	return address_equal(&a, want);
}

static const struct search_kind addresses = {.key = addr_key, .is = addr_is};

addr_ref addr_find(const struct table *t, const struct address *a)
{
	const struct search p = {.slots = t->layout.addr_slots, .hash = addr_hash(a, t->seed), .want = a};
	struct name_ref r;
	return search_find(t, addresses, &p, 0, &r) ? ref_make(r.slot, r.key) : 0;
}

bool addr_read(const struct table *t, addr_ref r, struct address *out)
{
	const struct addr_record *a = addr_at(t, r);
	if (!a)
		return false;
	*out = addr_copy(a);
	before_recheck();
	return ref_names(r, get64(&a->key));
}

/* ---- following ---- */

uint64_t addr_added(const struct table *t) { return seen64(&t->header->added_next); }

bool addr_added_next(const struct table *t, uint64_t *n, uint32_t *slot, bool *lost)
{
	uint64_t next = addr_added(t), word = seen64(&t->header->added[*n % ADDED_KEPT]);
	*lost = false;
	if (*n == next)
		return false;
	*slot = (uint32_t)word;
	*lost = *n > next || next - *n > ADDED_KEPT || (uint32_t)(word >> 32) != (uint32_t)(*n + 1);
	*n = *lost ? next : *n + 1;
	return true;
}

bool addr_in_slot(const struct table *t, uint32_t slot, struct address *out)
{
	uint64_t key = slot < t->layout.addr_slots ? seen64(&t->addrs[slot].key) : 0;
	return key_state(key) == KEY_LIVE && addr_read(t, ref_make(slot, key), out);
}

bool addr_next(const struct table *t, uint32_t *cursor, struct address *out)
{
	while (*cursor < t->layout.addr_slots)
		if (addr_in_slot(t, (*cursor)++, out))
			return true;
	return false;
}

/* ---- endpoints ---- */

/* May the slot be given away? To anybody while it is free; to one that succeeds if its owner never did. */
static bool slot_yields(const struct endpoint_record *e, struct health h, bool success)
{
	return h.transport == TRANSPORT_ANY || (success && get32(&e->succeeded) == 0);
}

/* Gives the slot to the endpoint. True too when another process just did the same. */
static bool slot_take(struct endpoint_record *e, struct health want)
{
	uint64_t word = seen64(&e->health);
	want.failures = health_unpack(word).failures;	/* stays: tentative pins sum it */
	if (!cas64(&e->health, word, health_pack(want))) {
		struct health h = health_unpack(seen64(&e->health));
		return h.transport == want.transport && h.port == want.port;
	}
	const uint64_t mine = health_pack(want);
	put32_while(&e->health, mine, &e->failed, 0);
	put64_while(&e->health, mine, &e->pending, 0);
	put32_while(&e->health, mine, &e->registered, 0);
	put32_while(&e->health, mine, &e->heard, 0);
	return true;
}

int endpoint_take(struct addr_record *a, uint8_t transport, uint16_t port, bool success)
{
	const struct health want = {.transport = transport, .port = port};
	int at = endpoint_find(a, transport, port);
	if (at >= 0 || transport == TRANSPORT_ANY)
		return at;
	for (int pass = 0; pass <= success; pass++)	/* a free one before another's */
		for (int i = 0; i < ENDPOINTS; i++) {
			struct endpoint_record *e = &a->endpoints[i];
			if (slot_yields(e, health_unpack(get64(&e->health)), pass) && slot_take(e, want))
				return i;
		}
	return -1;
}

uint16_t endpoint_sum(const struct addr_record *a, uint8_t mask, bool other)
{
	uint32_t sum = other ? health_failures(get64(&a->other)) : 0;
	for (unsigned i = 0; i < ENDPOINTS; i++)
		if (mask >> i & 1)
			sum += health_failures(seen64(&a->endpoints[i].health));
	return (uint16_t)(sum & SUM_MASK);
}
