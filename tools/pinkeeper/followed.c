/* followed.c: see followed.h. */
#include "tools/pinkeeper/followed.h"

#include <stdlib.h>
#include <sys/random.h>

#include "policy/base/clock.h"
#include "policy/pins/follow.h"
#include "policy/table/effective.h"

enum {
	WALK_S = 60,			/* for all slots, a part each second */
	WALK_LEAST = 4096,		/* slots of a part */
	WALK_FIRST = 131072,		/* the same, until all were looked at once */
};

bool followed_open(struct followed *f, const struct table *t)
{
	f->table = t;
	f->cursor = 0;
	f->walked = false;
	if (f->random == 0 && getrandom(&f->random, sizeof f->random, GRND_NONBLOCK) == -1)
		f->random = now_ns(CLOCK_MONOTONIC);
	f->random |= 1;
	f->names = calloc(t->layout.name_slots, sizeof *f->names);
	return f->names && schedule_make(&f->schedule, t->layout.name_slots);
}

void followed_close(struct followed *f)
{
	free(f->names);
	schedule_free(&f->schedule);
	f->names = NULL;
	f->table = NULL;
}

/* xorshift64* (Vigna 2014). */
uint32_t followed_dice(struct followed *f)
{
	f->random ^= f->random >> 12;
	f->random ^= f->random << 25;
	f->random ^= f->random >> 27;
	return (uint32_t)(f->random * 2685821657736338717u >> 32);
}

/* ---- who is followed ---- */

static uint32_t mark_of(struct name_ref ref) { return (uint32_t)(ref.key ^ ref.key >> 32) | 1; }

/* In a table that somebody scribbled into, a name may be anything. */
static bool is_for_dns(const struct followed *f, const struct name *name)
{
	struct name same;
	return name_canonical(name->text, &same) == NAME_OK && !hosts_have(&f->hosts, &same);
}

static bool is_followed(const struct followed *f, struct name_ref ref, const struct name *name, uint32_t now)
{
	const struct settings set = settings_for(f->table, name);
	const uint64_t idle = set.value[SET_IDLE];
	if (!set.value[SET_STICKY] || !is_for_dns(f, name))
		return false;
	return idle == SETTING_OFF || now < f->names[ref.slot].led_until || pins_unused_s(f->table, ref) <= idle;
}

/* What was known of the slot's name before is another's. */
static struct followed_name *name_in(struct followed *f, struct name_ref ref)
{
	struct followed_name *n = &f->names[ref.slot];
	if (n->mark != mark_of(ref) && !n->asked) {
		schedule_remove(&f->schedule, ref.slot);
		*n = (struct followed_name){.mark = mark_of(ref)};
	}
	return n;
}

static void meet(struct followed *f, struct name_ref ref, const struct name *name, uint32_t now)
{
	const struct followed_name *n = name_in(f, ref);
	if (!n->asked && !schedule_has(&f->schedule, ref.slot) && is_followed(f, ref, name, now))
		schedule_put(&f->schedule, ref.slot, now + schedule_first(pins_ttl_left_s(f->table, ref), followed_dice(f)));
}

void followed_walk(struct followed *f, uint32_t now)
{
	const uint32_t slots = f->table->layout.name_slots;
	const uint32_t part = !f->walked ? WALK_FIRST : slots / WALK_S > WALK_LEAST ? slots / WALK_S : WALK_LEAST;
	struct name_ref ref;
	struct name name;
	for (uint32_t i = 0; i < part && f->cursor < slots; i++, f->cursor++)
		if (table_at(f->table, f->cursor, &ref, &name))
			meet(f, ref, &name, now);
	if (f->cursor == slots) {
		f->cursor = 0;
		f->walked = true;
	}
}

void followed_meet(struct followed *f, const char *text, uint32_t now)
{
	struct name name;
	struct name_ref ref;
	if (name_canonical(text, &name) == NAME_OK && table_find(f->table, &name, &ref))
		meet(f, ref, &name, now);
}

void followed_lead(struct followed *f, const struct name *host, uint32_t now, uint32_t until)
{
	struct name_ref ref;
	if (!table_find(f->table, host, &ref))
		return;
	struct followed_name *n = name_in(f, ref);
	n->led_until = until > n->led_until ? until : n->led_until;
	meet(f, ref, host, now);
}

/* ---- asking ---- */

bool followed_next(const struct followed *f, uint32_t *slot, uint32_t *due) { return schedule_next(&f->schedule, slot, due); }

bool followed_ask(struct followed *f, uint32_t slot, struct name *name, uint32_t now)
{
	struct name_ref ref;
	schedule_remove(&f->schedule, slot);
	if (!table_at(f->table, slot, &ref, name))
		return false;
	struct followed_name *n = name_in(f, ref);
	n->asked = is_followed(f, ref, name, now);
	return n->asked;
}

bool followed_answered(struct followed *f, uint32_t slot, struct name *name, uint32_t now)
{
	struct followed_name *n = &f->names[slot];
	struct name_ref ref;
	n->asked = false;
	if (!table_at(f->table, slot, &ref, name))
		return false;
	if (n->mark == mark_of(ref))
		return true;
	meet(f, ref, name, now);
	return false;
}
