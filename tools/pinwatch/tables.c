/*
 * tables.c: see tables.h.
 *
 * A thread for each table reads the table's list of new addresses (addr_added) as they
 * come, and puts each into the kernel's map of watched ones. If it misses some, it walks
 * all records.
 *
 * When a slot of the table is given to another address, the old address leaves
 * the map, unless another table of the same namespace has it. The other table's
 * record is there before its follower writes the map: whichever of the two comes
 * second leaves the map right.
 */
#include "tools/pinwatch/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/table/addresses.h"
#include "policy/table/file.h"
#include "policy/table/journal.h"
#include "tools/common/cmd.h"
#include "tools/common/guard.h"

bool tables_add(struct tables *t, const char *path)
{
	struct served *s = &t->served[t->n];
	if (t->n == TABLES_MAX || snprintf(s->path, sizeof s->path, "%s", path) >= (int)sizeof s->path)
		return false;
	s->lock = -1;
	s->status = STORE_ABSENT;
	t->n++;
	return true;
}

/* ---- the addresses of a table, brought into the map of watched ones as they come ---- */

enum { WAIT_FOR_MS = 500, WALK_PAUSE_MS = 200 };

struct follower {
	struct tables *all;
	struct served *s;
	uint64_t n;			/* number of the next entry of the list to read */
};

static const uint8_t none[16];

static struct watch_key key_of(const struct served *s, const uint8_t addr[static 16])
{
	struct watch_key k = {.netns = s->netns};
	memcpy(k.addr, addr, sizeof k.addr);
	return k;
}

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

static void unwatch_slot(const struct tables *all, struct served *s, uint32_t slot)
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

static void watch_slot(const struct tables *all, struct served *s, uint32_t slot)
{
	struct address a;
	if (!addr_in_slot(&s->table, slot, &a) || memcmp(s->at[slot], a.bytes, sizeof a.bytes) == 0)
		return;
	unwatch_slot(all, s, slot);
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
		watch_slot(all, s, cursor - 1);
}

/* ---- following ---- */

static void catch_up(const struct tables *all, struct served *s, uint64_t *n)
{
	const struct timespec pause = {.tv_nsec = WALK_PAUSE_MS * 1000000};
	uint32_t slot;
	bool lost;
	while (!s->stop && addr_added_next(&s->table, n, &slot, &lost)) {
		if (!lost && slot < s->table.layout.addr_slots) {
			watch_slot(all, s, slot);
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
			journal_wait_added(&s->table, NO_EVENT, f.n, WAIT_FOR_MS);
	}
	return NULL;
}

static bool follow_start(struct tables *all, struct served *s)
{
	struct follower *f = all->probes ? malloc(sizeof *f) : NULL;
	s->watched = s->refused = 0;
	s->stop = false;
	if (!all->probes)
		return true;
	s->at = calloc(s->table.layout.addr_slots, sizeof *s->at);
	if (!f || !s->at)
		return free(f), false;
	*f = (struct follower){all, s, addr_added(&s->table)};
	walk(all, s);
	s->following = pthread_create(&s->follower, NULL, follow, f) == 0;
	if (!s->following)
		free(f);
	return s->following;
}

static void follow_stop(struct tables *all, struct served *s)
{
	s->stop = true;
	if (s->following) {
		journal_wake(&s->table);
		pthread_join(s->follower, NULL);
	}
	s->following = false;
	for (uint32_t i = 0; s->at && i < s->table.layout.addr_slots; i++)
		unwatch_slot(all, s, i);
	free(s->at);
	s->at = NULL;
}

/* ---- one table ---- */

/* False: another pinwatch has it. A file that may only be read cannot be locked, and is not written either. */
static bool take_lock(struct served *s)
{
	const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	s->lock = open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	return s->lock == -1 || fcntl(s->lock, F_OFD_SETLK, &whole) == 0;
}

static void let_go(struct tables *t, struct served *s)
{
	follow_stop(t, s);
	store_close(&s->table);
	if (s->lock != -1)
		close(s->lock);
	s->lock = -1;
	free(s->requests);
	s->requests = NULL;
	s->over = false;
}

static enum table_state serve(struct tables *t, struct served *s)
{
	s->status = t->named ? store_open_named(s->path, &s->table) : store_open(s->path, &s->table);
	if (s->status == STORE_ABSENT)
		return TABLE_ABSENT;
	/* Of another network namespace is fine: those are watched too. */
	if (s->status != STORE_OK && s->status != STORE_FOREIGN)
		return TABLE_BAD;
	if (!t->look_only && !take_lock(s))
		return TABLE_BUSY;
	s->netns = get64(&s->table.header->netns);
	s->netns = s->netns ? s->netns : t->netns;
	s->table.origin = ORIGIN_PINWATCH;
	s->requests = calloc(1, sizeof *s->requests);
	if (!s->requests || !follow_start(t, s)) {
		errno = ENOMEM;
		s->status = STORE_SYSTEM;
		return TABLE_BAD;
	}
	return TABLE_SERVED;
}

static bool look(struct tables *t, struct served *s)
{
	enum table_state before = s->state;
	enum store_status was = s->status;
	bool over = s->state == TABLE_SERVED && (s->over || !table_is_in_force(&s->table, s->path));
	if (s->state == TABLE_SERVED && !over)
		return false;
	let_go(t, s);
	s->state = serve(t, s);
	if (s->state != TABLE_SERVED)
		let_go(t, s);
	return over || s->state != before || s->status != was;
}

bool tables_look(struct tables *t)
{
	bool changed = false;
	for (size_t i = 0; i < t->n; i++)
		changed |= look(t, &t->served[i]);
	return changed;
}

bool tables_retired(const struct tables *t)
{
	bool retired = false;
	for (size_t i = 0; i < t->n; i++)
		retired |= t->served[i].state == TABLE_SERVED && store_retired(&t->served[i].table);
	return retired;
}

void tables_close(struct tables *t)
{
	for (size_t i = 0; i < t->n; i++)
		let_go(t, &t->served[i]);
}

const char *served_text(const struct served *s)
{
	switch (s->state) {
	case TABLE_SERVED: return s->table.writable ? "served" : "may only be read: nothing is reported into it";
	case TABLE_BUSY: return "another pinwatch serves it";
	case TABLE_ABSENT:
	case TABLE_BAD: break;
	}
	return store_status_text(s->status);
}

void tables_guard(struct tables *t)
{
	for (size_t i = 0; i < t->n; i++)
		guard_table(&t->served[i].table, &t->served[i].over);
}
