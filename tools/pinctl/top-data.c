/* top-data.c: what `pinctl top` shows, taken from the table. See top.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/base/clock.h"
#include "tools/pinctl/top.h"

/* ---- rows ---- */

static void rows_free(struct top *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		free(t->rows[i].name);
	t->n_rows = 0;
}

static struct top_row *row_add(struct top *t, const struct name_view *v)
{
	char name[NAME_BYTES];
	if (t->n_rows == t->room) {
		const size_t room = t->room ? 2 * t->room : 64;
		struct top_row *more = reallocarray(t->rows, room, sizeof *more);
		if (!more)
			return NULL;
		t->rows = more;
		t->room = room;
	}
	text_safe(v->name.text, name, sizeof name);
	struct top_row *r = &t->rows[t->n_rows];
	*r = (struct top_row){.name = strdup(name), .moves = v->moves, .set_s = UINT32_MAX, .idle_s = v->idle_s};
	if (!r->name)
		return NULL;
	t->n_rows++;
	return r;
}

static void take_health(struct top_row *r, const struct name_view *v, const struct pin_view *p)
{
	r->health = p->failed ? HEALTH_FAILED : HEALTH_NONE;
	for (size_t i = 0; i < v->n_candidates && i < CANDIDATES; i++) {
		const struct candidate_view *k = &v->candidates[i];
		if (!address_equal(&k->addr, &p->addr))
			continue;
		r->cooling_s = k->worst.cooling_s;
		if (r->cooling_s > 0)
			r->health = HEALTH_COOLING;
		else if (!p->failed)
			r->health = k->drained ? HEALTH_DRAINED : k->worst.circuit == CIRCUIT_CLOSED ? HEALTH_FIT : HEALTH_DUE;
	}
}

static bool take_name(struct top *t, const struct name_view *v)
{
	bool any = false;
	for (enum family f = 0; f < FAMILIES; f++) {
		const struct pin_view *p = &v->pin[f];
		if (!p->present)
			continue;
		any = true;
		if (!filter_takes_pin(t->filter, &t->c->table, p))
			continue;
		struct top_row *r = row_add(t, v);
		if (!r)
			return false;
		r->has_pin = true;
		r->pin = p->addr;
		r->is_explicit = p->is_explicit;
		r->confirmed = p->confirmed;
		r->set_s = p->set_s;
		take_health(r, v, p);
	}
	return any || filter_is_of_pins(t->filter) || row_add(t, v);
}

static bool take_rows(struct top *t)
{
	struct name_ref ref;
	struct name name;
	struct name_view v;
	uint32_t cursor = 0;
	rows_free(t);
	while (table_next(&t->c->table, &cursor, &ref, &name))
		if (filter_takes_name(t->filter, &name) && pins_view(&t->c->table, ref, &v) && !take_name(t, &v))
			return false;
	return true;
}

/* ---- order ---- */

static int compare(uint64_t x, uint64_t y) { return (x > y) - (x < y); }

static enum top_column order_by;
static bool order_backwards;

static const bool greatest_first[TOP_COLUMNS] = {
#define FIRST(id, title, width, first) [COLUMN_##id] = first,
	TOP_COLUMNS_LIST(FIRST)
#undef FIRST
};

static int compare_in(enum top_column k, const struct top_row *a, const struct top_row *b)
{
	switch (k) {
	case COLUMN_PIN: return a->has_pin && b->has_pin ? memcmp(&a->pin, &b->pin, sizeof a->pin) : compare(b->has_pin, a->has_pin);
	case COLUMN_STATE: return compare(a->has_pin * 4u + a->is_explicit * 2u + a->confirmed, b->has_pin * 4u + b->is_explicit * 2u + b->confirmed);
	case COLUMN_HEALTH: return a->health != b->health ? compare(a->health, b->health) : compare(a->cooling_s, b->cooling_s);
	case COLUMN_MOVES: return compare(a->moves, b->moves);
	case COLUMN_SET: return compare(a->set_s, b->set_s);
	case COLUMN_IDLE: return compare(a->idle_s, b->idle_s);
	case COLUMN_NAME:
	case TOP_COLUMNS: break;
	}
	return 0;
}

/* Rows that are the same there stand by their names. */
static int in_order(const void *x, const void *y)
{
	const struct top_row *a = x, *b = y;
	const int by = compare_in(order_by, a, b), names = strcmp(a->name, b->name);
	if (by == 0)
		return order_by == COLUMN_NAME && order_backwards ? -names : names;
	return greatest_first[order_by] != order_backwards ? -by : by;
}

void top_sort(struct top *t)
{
	order_by = t->by;
	order_backwards = t->backwards;
	if (t->n_rows)
		qsort(t->rows, t->n_rows, sizeof *t->rows, in_order);
}

/* ---- events ---- */

static void take_event(struct top *t, const struct event *e)
{
	struct event_words w;
	char sentence[SENTENCE_TEXT], *to = t->event[t->n_events++ % TOP_EVENTS];
	event_words(&t->c->table, e, &w);
	event_sentence(&w, sentence);
	snprintf(to, TOP_EVENT_TEXT, "%.8s  %-9s  %.*s", w.time + strlen("2026-11-30T"), w.text[FIELD_EVENT],
		 TOP_EVENT_TEXT - 24, sentence);
}

static void take_events(struct top *t)
{
	struct event e;
	while (reader_next(&t->reader, &t->c->table, now_ms(), &e) == READ_EVENT)
		if (filter_takes_event(t->filter, &t->c->table, &e))
			take_event(t, &e);
	if (t->reader.lost)
		snprintf(t->event[t->n_events++ % TOP_EVENTS], TOP_EVENT_TEXT, "%llu events lost", (unsigned long long)t->reader.lost);
	t->reader.lost = 0;
}

/* ---- all ---- */

bool top_take(struct top *t)
{
	t->before = t->stats;
	t->before_ns = t->stats_ns;
	pins_stats(&t->c->table, &t->stats);
	t->stats_ns = now_ns(CLOCK_MONOTONIC);
	take_events(t);
	if (!take_rows(t))
		return false;
	top_sort(t);
	return true;
}

void top_free(struct top *t)
{
	rows_free(t);
	free(t->rows);
	t->rows = NULL;
}
