/* drain.c: addresses that pins are kept away from by hand. See pins.h. */
#include "policy/pins/snapshot.h"

enum { ROUNDS = 16 };

static void drain_event(struct table *t, enum event_kind kind, const struct address *a)
{
	struct event ev = {.kind = (uint8_t)kind, .cause = CAUSE_BY_HAND, .has_addr = 1, .addr = *a};
	journal_write(t, &ev);
}

/* Only a move off the address is carried out; whatever else is due is for the next lookup. */
static void move_off(struct table *t, struct name_ref ref, const struct name *name, enum family f)
{
	const struct settings set = settings_for(t, name);
	struct scene_few room;
	struct scene sc = scene_of_few(&room);
	for (int round = 0; round < ROUNDS; round++) {
		if (!scene_read(t, ref, name, f, NULL, NULL, 0, &sc) || sc.s.pin < 0)
			return;
		struct transition tr = decide_lookup(&sc.s, &set);
		if (tr.action != MOVE || tr.cause != CAUSE_DRAINED || scene_apply(t, &sc, &tr))
			return;
	}
}

/* A service has left a target when its host's addresses are all drained, which its scene tells. */
static bool concerned(const struct table *t, struct name_ref ref, addr_ref addr)
{
	bool pinned = false;
	for (unsigned f = 0; f < FAMILIES; f++)
		pinned |= pin_unpack(get64(&name_hot(t, ref)->pin[f])).ref == addr;
	return pinned || table_is_service(t, ref);
}

/* A walk over all names, since the index may not know them all, and this is done by hand. */
static void move_all_off(struct table *t, addr_ref addr)
{
	uint32_t cursor = 0;
	struct name_ref ref;
	struct name name;
	while (table_next(t, &cursor, &ref, &name)) {
		if (!concerned(t, ref, addr))
			continue;
		for (unsigned f = 0; f < FAMILIES; f++)
			move_off(t, ref, &name, (enum family)f);
	}
}

enum hand_status pins_drain(struct table *t, const struct address *a, bool drained)
{
	if (!t->writable)
		return HAND_READ_ONLY;
	for (int round = 0; round < ROUNDS; round++) {
		const addr_ref ref = drained ? addr_insert_by_hand(t, a) : addr_find(t, a);
		struct addr_record *r = addr_at(t, ref);
		const uint64_t key = r ? seen64(&r->key) : 0;
		const bool was = r && get32(&r->drained);
		if (!r || (!drained && !was))
			return drained ? HAND_FULL : HAND_NO_ADDRESS;
		if (!ref_names(ref, key) || !put32_while(&r->key, key, &r->drained, drained))
			continue;		/* another has the record, or was first to say so */
		if (was != drained)
			drain_event(t, drained ? EVENT_DRAINED : EVENT_UNDRAINED, a);
		if (drained)
			move_all_off(t, ref);
		return HAND_OK;
	}
	return HAND_FULL;
}

bool pins_drained(const struct table *t, uint32_t *cursor, struct address *out)
{
	while (addr_next(t, cursor, out))
		if (get32(&t->addrs[*cursor - 1].drained))
			return true;
	return false;
}
