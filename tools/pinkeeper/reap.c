/* reap.c: see reap.h. */
#include "tools/pinkeeper/reap.h"

#include "policy/pins/abandoned.h"

enum {
	WALK_EVERY_MS = 1000,
	RECORDS = 4096,			/* that are looked at before the loop has its turn */
};

static uv_timer_t timer;
static uint32_t cursor;

/* One part of a walk. The next follows at once, or the next walk after a while. */
static void on_timer(uv_timer_t *t)
{
	struct keeper *k = t->data;
	const bool more = k->attached && abandoned_reap(&k->c.table, &cursor, RECORDS);
	uv_timer_start(t, on_timer, more ? 0 : WALK_EVERY_MS, 0);
}

static bool start(struct keeper *k)
{
	timer.data = k;
	if (uv_timer_init(k->loop, &timer) == 0 && uv_timer_start(&timer, on_timer, WALK_EVERY_MS, 0) == 0)
		return true;
	return complain(&k->c, "reap: the loop has no room"), false;
}

static void attached(struct keeper *k)
{
	(void)k;
	cursor = 0;
}

static void stop(struct keeper *k)
{
	(void)k;
	uv_close((uv_handle_t *)&timer, NULL);
}

const struct duty reap_duty = {.name = "reap", .start = start, .attached = attached, .stop = stop};
