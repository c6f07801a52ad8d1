/* worth.c: see worth.h. */
#include "policy/table/worth.h"

#include "policy/base/clock.h"

enum {
	MET_S = 3600,
	USED_S = 3 * 3600,		/* a proven name that nobody looked up for so long is on probation again; */
	ANSWERING_S = 24 * 3600,	/* or for so long, while its server answers: some programs resolve once */
};

/* ---- names ---- */

static bool is_answering(const struct table *t, struct name_ref r, uint32_t now)
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin p = pin_unpack(get64(&name_hot(t, r)->pin[f]));
		const struct addr_record *a = p.reuse == name_reuse(r) ? addr_at(t, p.ref) : NULL;
		if (a && tick_within(now, get32(&a->endpoints[p.latest].succeeded), USED_S))
			return true;
	}
	return false;
}

static bool is_fixed(const struct name_hot *hot, struct name_ref r, unsigned f, uint32_t now)
{
	const struct pin p = pin_unpack(get64(&hot->pin[f]));
	const uint32_t expires = get32(&hot->expires[f]);
	return p.ref && p.is_explicit && p.reuse == name_reuse(r) && !(expires && now >= expires);
}

enum worth worth_of_name(const struct table *t, struct name_ref r, uint32_t now)
{
	const struct name_hot *hot = name_hot(t, r);
	const uint32_t used = get32(&hot->used);
	bool met = false, proven = false;
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct confirmed c = confirmed_unpack(get64(&hot->confirmed[f]));
		const bool current = c.ref && c.reuse == name_reuse(r);
		if (is_fixed(hot, r, f, now))
			return FIXED;
		met |= current;
		proven |= current && c.proven;
	}
	if (proven && (tick_within(now, used, USED_S) || (tick_within(now, used, ANSWERING_S) && is_answering(t, r, now))))
		return PROVEN;
	return met && tick_within(now, used, MET_S) ? MET : PROBATION;
}

bool worth_proves(struct confirmed *c, uint32_t now)
{
	if (!minute_is_past(c->first, now / TICKS_PER_S))
		return false;
	c->proven = true;
	return true;
}

/* ---- addresses ---- */

static bool is_cooling(uint64_t health, uint32_t now) { return health_cooling_s(health_unpack(health), now / TICKS_PER_S) > 0; }

enum worth worth_of_addr(const struct addr_record *a, uint32_t now)
{
	bool met = tick_within(now, get32(&a->other_failed), MET_S) || is_cooling(get64(&a->other), now);
	if (get32(&a->drained))
		return FIXED;
	for (unsigned i = 0; i < ENDPOINTS && !met; i++) {
		const struct endpoint_record *e = &a->endpoints[i];
		met = tick_within(now, get32(&e->failed), MET_S) || tick_within(now, get32(&e->succeeded), MET_S) ||
		      is_cooling(get64(&e->health), now);
	}
	return met ? MET : PROBATION;
}
