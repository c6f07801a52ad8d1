/* schedule.c: see schedule.h. */
#include "tools/pinkeeper/schedule.h"

#include <stdlib.h>

#include "policy/base/clock.h"

/* ---- delays ---- */

/* From 0 to `most`. */
static uint32_t spread(uint32_t most, uint32_t dice) { return (uint32_t)((uint64_t)dice * ((uint64_t)most + 1) >> 32); }

static uint32_t late(uint32_t ttl_s, uint32_t dice)
{
	const uint32_t sixteenth = ttl_s;		/* in ticks, of which a second has 16 */
	const uint32_t least = tick_of(1), most = tick_of(FOLLOW_LATE_MAX_S);
	return spread(sixteenth < least ? least : sixteenth > most ? most : sixteenth, dice);
}

uint32_t schedule_after_answer(uint32_t ttl_s, uint32_t dice)
{
	const uint32_t s = ttl_s > FOLLOW_LEAST_S ? ttl_s : FOLLOW_LEAST_S;
	return tick_of(s) + late(s, dice);
}

uint32_t schedule_after_failure(unsigned n, uint32_t dice)
{
	uint32_t s = FOLLOW_RETRY_S;
	for (; n > 1 && s < FOLLOW_RETRY_MAX_S; n--)
		s *= 2;
	const uint32_t ticks = tick_of(s < FOLLOW_RETRY_MAX_S ? s : FOLLOW_RETRY_MAX_S);
	return ticks - ticks / 5 + spread(2 * ticks / 5, dice);
}

uint32_t schedule_first(uint32_t left_s, uint32_t dice) { return tick_of(left_s) + late(left_s, dice); }

/* ---- the heap: of the slots at i, 2i + 1 and 2i + 2 the first is due no later than the others ---- */

bool schedule_make(struct schedule *s, uint32_t slots)
{
	*s = (struct schedule){.slots = slots};
	s->heap = calloc(slots, sizeof *s->heap);
	s->place = calloc(slots, sizeof *s->place);
	s->due = calloc(slots, sizeof *s->due);
	if (s->heap && s->place && s->due)
		return true;
	schedule_free(s);
	return false;
}

void schedule_free(struct schedule *s)
{
	free(s->heap);
	free(s->place);
	free(s->due);
	*s = (struct schedule){0};
}

static void set(struct schedule *s, uint32_t at, uint32_t slot)
{
	s->heap[at] = slot;
	s->place[slot] = at + 1;
}

/* Puts the slot where it belongs, at `at` or in front of it. */
static void rise(struct schedule *s, uint32_t at, uint32_t slot)
{
	while (at > 0 && s->due[s->heap[(at - 1) / 2]] > s->due[slot]) {
		set(s, at, s->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	set(s, at, slot);
}

/* At `at` or behind it. */
static void sink(struct schedule *s, uint32_t at, uint32_t slot)
{
	for (uint32_t child; (child = 2 * at + 1) < s->n; at = child) {
		if (child + 1 < s->n && s->due[s->heap[child + 1]] < s->due[s->heap[child]])
			child++;
		if (s->due[s->heap[child]] >= s->due[slot])
			break;
		set(s, at, s->heap[child]);
	}
	set(s, at, slot);
}

void schedule_remove(struct schedule *s, uint32_t slot)
{
	const uint32_t at = s->place[slot] - 1;
	if (s->place[slot] == 0)
		return;
	s->place[slot] = 0;
	s->n--;
	if (at == s->n)
		return;
	const uint32_t last = s->heap[s->n];
	if (at > 0 && s->due[s->heap[(at - 1) / 2]] > s->due[last])
		rise(s, at, last);
	else
		sink(s, at, last);
}

void schedule_put(struct schedule *s, uint32_t slot, uint32_t due)
{
	schedule_remove(s, slot);
	s->due[slot] = due;
	s->n++;
	rise(s, s->n - 1, slot);
}

bool schedule_next(const struct schedule *s, uint32_t *slot, uint32_t *due)
{
	if (s->n == 0)
		return false;
	*slot = s->heap[0];
	*due = s->due[*slot];
	return true;
}
