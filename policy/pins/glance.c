/* glance.c: see glance.h. */
#include "policy/pins/glance.h"

#include "policy/base/clock.h"

bool name_glance(const struct table *t, uint32_t slot, struct name_glance *out)
{
	const struct name_hot *hot = &t->hot[slot];
	const struct name_ref ref = {slot, seen64(&hot->key)};
	const uint32_t used = used_lookup(get32(&hot->used));
	if (key_state(ref.key) != KEY_LIVE)
		return false;
	*out = (struct name_glance){.ref = ref, .service = table_is_service(t, ref),
				    .moves = moves_count(get32(&t->cold[slot].moves)),
				    .idle_s = used ? tick_since(tick_now(), used) / TICKS_PER_S : UINT32_MAX};
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin p = pin_unpack(get64(&hot->pin[f]));
		out->pin[f].present = p.ref && p.reuse == name_reuse(ref);
		out->pin[f].is_explicit = p.is_explicit;
		out->pin[f].confirmed = p.confirmed;
	}
	return true;
}

bool addr_glance(const struct table *t, uint32_t slot, struct addr_glance *out)
{
	const struct addr_record *a = &t->addrs[slot];
	const uint32_t now_s = tick_now() / TICKS_PER_S;
	if (key_state(seen64(&a->key)) != KEY_LIVE)
		return false;
	*out = (struct addr_glance){.drained = get32(&a->drained) != 0};
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		const struct health h = health_unpack(get64(&a->endpoints[i].health));
		if (h.transport != TRANSPORT_ANY)
			out->circuits[health_circuit(h, now_s)]++;
	}
	return true;
}

void counters_glance(const struct table *t, uint64_t out[static COUNTERS])
{
	for (unsigned i = 0; i < COUNTERS; i++)
		out[i] = get64(&t->header->counters[i]);
}
