/* census.c: see census.h. */
#include "tools/pinkeeper/census.h"

#include <stdlib.h>

/* ---- a heap: the parent's claim is at most its children's ---- */

static void swap(struct chosen *a, struct chosen *b)
{
	const struct chosen was = *a;
	*a = *b;
	*b = was;
}

static void rise(struct chosen *heap, size_t at)
{
	for (; at > 0 && heap[at].claim < heap[(at - 1) / 2].claim; at = (at - 1) / 2)
		swap(&heap[at], &heap[(at - 1) / 2]);
}

static void sink(struct chosen *heap, size_t n)
{
	for (size_t at = 0, least; (least = 2 * at + 1) < n; at = least) {
		if (least + 1 < n && heap[least + 1].claim < heap[least].claim)
			least++;
		if (heap[at].claim <= heap[least].claim)
			return;
		swap(&heap[at], &heap[least]);
	}
}

static bool has_room(struct chosen_names *all)
{
	if (all->n < all->room)
		return true;
	const size_t room = all->room ? 2 * all->room : 64;
	struct chosen *const name = reallocarray(all->name, room, sizeof *name);
	if (!name)
		return false;
	all->name = name;
	all->room = room;
	return true;
}

static void choose(struct census *c, const struct chosen *one)
{
	struct chosen_names *all = &c->chosen;
	if (all->n < c->want && has_room(all)) {
		all->name[all->n] = *one;
		rise(all->name, all->n++);
	} else if (all->n > 0 && all->name[0].claim < one->claim) {
		all->name[0] = *one;
		sink(all->name, all->n);
	}
}

static int by_slot(const void *a, const void *b)
{
	const uint32_t x = ((const struct chosen *)a)->ref.slot, y = ((const struct chosen *)b)->ref.slot;
	return (x > y) - (x < y);
}

/* ---- the walk ---- */

/* Was it chosen before? Asked with slots that rise. */
static bool chosen_before(struct census *c, struct name_ref ref)
{
	while (c->same < c->before.n && c->before.name[c->same].ref.slot < ref.slot)
		c->same++;
	return c->same < c->before.n && c->before.name[c->same].ref.slot == ref.slot && c->before.name[c->same].ref.key == ref.key;
}

static void take_name(struct census *c, const struct name_glance *g)
{
	bool by_hand = false;
	c->counts.names++;
	for (unsigned f = 0; f < FAMILIES; f++) {
		if (!g->pin[f].present)
			continue;
		by_hand |= g->pin[f].is_explicit;
		c->counts.pins[g->service ? CENSUS_SRV : f][g->pin[f].is_explicit][g->pin[f].confirmed]++;
	}
	const uint64_t claim = (uint64_t)by_hand << 49 | (uint64_t)g->moves << 33 | (uint64_t)chosen_before(c, g->ref) << 32 |
			       (UINT32_MAX - g->idle_s);
	choose(c, &(struct chosen){claim, g->ref});
}

static void take_addr(struct census *c, const struct addr_glance *g)
{
	c->counts.addrs++;
	c->counts.drained += g->drained;
	for (unsigned i = 0; i <= CIRCUIT_OPEN; i++)
		c->counts.endpoints[i] += g->circuits[i];
}

void census_begin(struct census *c, size_t want)
{
	const struct chosen_names spare = c->before;
	*c = (struct census){.want = want, .before = c->chosen, .chosen = {spare.name, 0, spare.room}};
}

bool census_step(struct census *c, const struct table *t, uint32_t slots)
{
	struct name_glance name;
	struct addr_glance addr;
	for (; slots > 0 && c->name_slot < t->layout.name_slots; slots--, c->name_slot++)
		if (name_glance(t, c->name_slot, &name))
			take_name(c, &name);
	for (; slots > 0 && c->addr_slot < t->layout.addr_slots; slots--, c->addr_slot++)
		if (addr_glance(t, c->addr_slot, &addr))
			take_addr(c, &addr);
	if (c->name_slot < t->layout.name_slots || c->addr_slot < t->layout.addr_slots)
		return true;
	if (c->chosen.n > 0)
		qsort(c->chosen.name, c->chosen.n, sizeof *c->chosen.name, by_slot);
	return false;
}

void census_forget(struct census *c)
{
	free(c->chosen.name);
	free(c->before.name);
	*c = (struct census){0};
}
