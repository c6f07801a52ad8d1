/*
 * metrics.c: see metrics.h.
 *
 * A page is written when Prometheus asks, in turns of the loop: first a walk over the table (census.h), then the names that
 * it chose, then the rest. So a table of a million names delays no other duty, and costs nothing while nobody asks.
 */
#include "tools/pinkeeper/metrics.h"

#include <string.h>

#include "policy/base/clock.h"
#include "tools/pinkeeper/census.h"
#include "tools/pinkeeper/http.h"
#include "tools/pinkeeper/page.h"

enum {				/* a turn of less than a millisecond, where the table is in memory */
	SLOTS_A_TURN = 1024,
	NAMES_A_TURN = 64,
};

static struct {
	enum { IDLE, COUNTING, NAMING } state;
	struct census census;
	size_t named;			/* of the chosen names */
	struct page_names names;
	struct event_counts events;
	uint64_t asked_ms;
	struct scrapes scrapes;
	uv_idle_t turn;
} metrics;

static void on_turn(uv_idle_t *turn);

static void begin(struct keeper *k)
{
	metrics.asked_ms = now_ms();
	metrics.state = COUNTING;
	census_begin(&metrics.census, k->conf.metrics_names);
	uv_idle_start(&metrics.turn, on_turn);
}

static void finish(struct keeper *k)
{
	struct exposition page = {0};
	page_table(&page, k, &metrics.census.counts);
	page_events(&page, &metrics.events);
	page_names_append(&page, &metrics.names);
	for (const struct duty **d = k->duties; *d; d++)
		if ((*d)->expose)
			(*d)->expose(k, &page);
	page_process(&page, &metrics.scrapes);
	uv_idle_stop(&metrics.turn);
	metrics.state = IDLE;
	metrics.scrapes.n++;
	metrics.scrapes.ms += now_ms() - metrics.asked_ms;
	http_answer(&page);
}

static void name_some(const struct table *t)
{
	const struct chosen_names *chosen = &metrics.census.chosen;
	struct name_view view;
	for (unsigned n = 0; n < NAMES_A_TURN && metrics.named < chosen->n; n++, metrics.named++)
		if (pins_view(t, chosen->name[metrics.named].ref, &view))
			page_name(&metrics.names, t, &view);
}

static void on_turn(uv_idle_t *turn)
{
	struct keeper *const k = turn->data;
	if (metrics.state == COUNTING && !(k->attached && census_step(&metrics.census, &k->c.table, SLOTS_A_TURN))) {
		metrics.state = NAMING;
		metrics.named = 0;
		page_names_begin(&metrics.names);
	} else if (metrics.state == NAMING && k->attached && metrics.named < metrics.census.chosen.n) {
		name_some(&k->c.table);
	} else if (metrics.state == NAMING)
		finish(k);
}

static bool start(struct keeper *k)
{
	if (uv_idle_init(k->loop, &metrics.turn) != 0)
		return complain(&k->c, "metrics: the loop has no room"), false;
	metrics.turn.data = k;
	return http_start(k, begin);
}

/* What was counted is of no table that there is. A page that is being written is written from the start. */
static void forget(struct keeper *k)
{
	census_forget(&metrics.census);
	page_names_free(&metrics.names);
	if (metrics.state != IDLE)
		begin(k);
}

static void on_event(struct keeper *k, const struct event *e)
{
	(void)k;
	if (e->kind < EVENT_KINDS && e->cause < CAUSES)
		metrics.events.n[e->kind][e->cause]++;
}

static void on_lost(struct keeper *k, uint64_t n)
{
	(void)k;
	metrics.events.lost += n;
}

static void stop(struct keeper *k)
{
	(void)k;
	http_stop();
	uv_close((uv_handle_t *)&metrics.turn, NULL);
	census_forget(&metrics.census);
	page_names_free(&metrics.names);
}

const struct duty metrics_duty = {
	.name = "metrics", .start = start, .detached = forget, .event = on_event, .lost = on_lost, .stop = stop,
};
