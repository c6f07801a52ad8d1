/* dns-rewrite.c: DNS answers, rewritten where they lie. See dns-message.h. */
#include "policy/wire/dns-message.h"

#include <string.h>

static bool is_permutation(const uint8_t *order, size_t n)
{
	uint64_t seen = 0;
	_Static_assert(ANSWER_MAX <= 64, "one bit for each record");
	for (size_t i = 0; i < n; i++) {
		if (order[i] >= n || seen & UINT64_C(1) << order[i])
			return false;
		seen |= UINT64_C(1) << order[i];
	}
	return true;
}

bool answer_order(uint8_t *msg, const struct answer *a, const uint8_t *order, size_t n)
{
	struct { uint8_t ttl[4], rdata[16]; } old[ANSWER_MAX];
	size_t size = wire_address_size(a->question.type);
	if (size == 0 || n != a->n || !is_permutation(order, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		memcpy(old[i].ttl, msg + a->record[i].ttl_at, 4);
		memcpy(old[i].rdata, msg + a->record[i].rdata_at, size);
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(msg + a->record[i].ttl_at, old[order[i]].ttl, 4);
		memcpy(msg + a->record[i].rdata_at, old[order[i]].rdata, size);
	}
	return true;
}

bool answer_only(uint8_t *msg, const struct answer *a, const struct address *pin, uint32_t ttl_cap)
{
	size_t size = wire_address_size(a->question.type);
	bool fits = size == (address_family(pin) == FAMILY_V4 ? 4 : 16);
	if (!fits || a->more || a->has_rrsig)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct answer_record *r = &a->record[i];
		const uint32_t ttl = r->ttl < ttl_cap ? r->ttl : ttl_cap;
		memcpy(msg + r->rdata_at, pin->bytes + 16 - size, size);
		wire_put32(msg + r->ttl_at, ttl ? ttl : 1);
	}
	return true;
}

/* The lowest priority of the others; past all of them if there are none. */
static uint32_t lowest_other(const struct answer *a, size_t pinned)
{
	uint32_t lowest = UINT16_MAX + 1;
	for (size_t i = 0; i < a->n; i++)
		if (i != pinned && a->record[i].srv.priority < lowest)
			lowest = a->record[i].srv.priority;
	return lowest;
}

bool answer_srv_first(uint8_t *msg, const struct answer *a, size_t pinned)
{
	if (a->question.type != WIRE_SRV || pinned >= a->n || a->more || a->has_rrsig)
		return false;
	uint32_t lowest = lowest_other(a, pinned);
	if (a->record[pinned].srv.priority < lowest)
		return true;
	wire_put16(msg + a->record[pinned].rdata_at, 0);
	for (size_t i = 0; i < a->n && lowest == 0; i++) {
		const uint16_t old = a->record[i].srv.priority;
		if (i != pinned && old < UINT16_MAX)
			wire_put16(msg + a->record[i].rdata_at, (uint16_t)(old + 1));
	}
	return true;
}
