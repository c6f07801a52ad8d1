/*
 * follow.c: see follow.h.
 *
 * A slot of the table that is given to another address takes the old one out of
 * the map, unless another table of the same namespace has it. The other table's
 * record is there before its follower writes the map, so whichever of the two
 * comes second leaves the map right.
 */
#include "tools/pinwatch/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/table/addresses.h"
#include "policy/table/journal.h"

enum { WAIT_FOR_MS = 500, WALK_PAUSE_MS = 200 };

struct follower {
	struct tables *all;
	struct served *s;
	uint64_t n;			/* of the list of new addresses, what is known */
};

static const uint8_t none[16];

static struct watch_key key_of(const struct served *s, const uint8_t addr[static 16])
{
	struct watch_key k = {.netns = s->netns};
	memcpy(k.addr, addr, sizeof k.addr);
	return k;
}

/* ---- one slot ---- */

static bool another_has(const struct tables *all, const struct served *mine, const uint8_t addr[static 16])
{
	struct address a = {0};
	memcpy(a.bytes, addr, sizeof a.bytes);
	for (size_t i = 0; i < all->n; i++) {
		const struct served *s = &all->served[i];
		if (s != mine && s->state == TABLE_SERVED && s->netns == mine->netns && addr_find(&s->table, &a))
			return true;
	}
	return false;
}

static void forget(const struct tables *all, struct served *s, uint32_t slot)
{
	if (memcmp(s->at[slot], none, sizeof none) == 0)
		return;
	const struct watch_key k = key_of(s, s->at[slot]);
	if (!another_has(all, s, s->at[slot]))
		probes_unwatch(all->probes, &k);
	memcpy(s->at[slot], none, sizeof none);
	s->watched--;
}

/* Tables share the map evenly, so that a hostile one cannot crowd out the others. */
static bool has_room(const struct tables *all, const struct served *s) { return s->watched < WATCHED_MAX / all->n; }

static void watch(const struct tables *all, struct served *s, uint32_t slot)
{
	struct address a;
	if (!addr_in_slot(&s->table, slot, &a) || memcmp(s->at[slot], a.bytes, sizeof a.bytes) == 0)
		return;
	forget(all, s, slot);
	const struct watch_key k = key_of(s, a.bytes);
	if (!has_room(all, s) || !probes_watch(all->probes, &k)) {
		s->refused++;
		return;
	}
	memcpy(s->at[slot], a.bytes, sizeof a.bytes);
	s->watched++;
}

static void walk(const struct tables *all, struct served *s)
{
	struct address a;
	uint32_t cursor = 0;
	while (!s->stop && addr_next(&s->table, &cursor, &a))
		watch(all, s, cursor - 1);
}

/* ---- following ---- */

static void catch_up(const struct tables *all, struct served *s, uint64_t *n)
{
	const struct timespec pause = {.tv_nsec = WALK_PAUSE_MS * 1000000};
	uint32_t slot;
	bool lost;
	while (!s->stop && addr_learnt_next(&s->table, n, &slot, &lost)) {
		if (!lost && slot < s->table.layout.addr_slots) {
			watch(all, s, slot);
			continue;
		}
		nanosleep(&pause, NULL);	/* whoever fills the list faster than it is read makes us walk, not run */
		walk(all, s);
	}
}

static void *follow(void *arg)
{
	struct follower f = *(struct follower *)arg;
	struct served *s = f.s;
	free(arg);
	while (!s->stop && !s->over) {
		catch_up(f.all, s, &f.n);
		if (store_retired(&s->table))
			s->over = true;
		else
			journal_wait_learnt(&s->table, UINT64_MAX, f.n, WAIT_FOR_MS);
	}
	return NULL;
}

bool follow_start(struct tables *all, struct served *s)
{
	struct follower *f = all->probes ? malloc(sizeof *f) : NULL;
	s->watched = s->refused = 0;
	s->stop = false;
	if (!all->probes)
		return true;
	s->at = calloc(s->table.layout.addr_slots, sizeof *s->at);
	if (!f || !s->at)
		return free(f), false;
	*f = (struct follower){all, s, addr_learnt(&s->table)};
	walk(all, s);
	s->following = pthread_create(&s->follower, NULL, follow, f) == 0;
	if (!s->following)
		free(f);
	return s->following;
}

void follow_stop(struct tables *all, struct served *s)
{
	s->stop = true;
	if (s->following) {
		journal_wake(&s->table);
		pthread_join(s->follower, NULL);
	}
	s->following = false;
	for (uint32_t i = 0; s->at && i < s->table.layout.addr_slots; i++)
		forget(all, s, i);
	free(s->at);
	s->at = NULL;
}
