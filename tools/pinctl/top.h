/*
 * top.h: what `pinctl top` shows: rows of pins, counters, the latest events. top-data.c takes them from the table, top-screen.c
 * draws them, cmd-top.c runs both.
 */
#ifndef STICKYDNS_PINCTL_TOP_H
#define STICKYDNS_PINCTL_TOP_H

#include "policy/pins/view.h"
#include "tools/common/event-text.h"
#include "tools/common/reader.h"
#include "tools/pinctl/filter.h"

/* The columns: COLUMN_ number, title, width (0: what is left), and whether its greatest values come first. */
#define TOP_COLUMNS_LIST(C)                                                            \
	C(NAME, "NAME", 0, false) C(PIN, "PIN", 0, false) C(STATE, "STATE", 9, false)   \
	C(HEALTH, "HEALTH", 12, true) C(MOVES, "MOVES", 6, true) /* of the name */       \
	C(SET, "SET", 5, false) /* since the pin was */ C(IDLE, "IDLE", 5, false) /* since the last lookup */

#define COLUMN_NUMBER(id, ...) COLUMN_##id,
enum top_column { TOP_COLUMNS_LIST(COLUMN_NUMBER) TOP_COLUMNS };
#undef COLUMN_NUMBER

/* Of a pin, from good to bad. HEALTH_NONE: there is none, or nothing is known. */
enum top_health { HEALTH_NONE, HEALTH_FIT, HEALTH_DUE, HEALTH_DRAINED, HEALTH_COOLING, HEALTH_FAILED };

struct top_row {
	char *name;
	bool has_pin, is_explicit, confirmed;
	enum top_health health;
	struct address pin;
	uint32_t cooling_s, moves, set_s, idle_s;
};

enum { TOP_EVENTS = 64, TOP_EVENT_TEXT = 320 };

struct top {
	struct context *c;
	const struct filter *filter;

	struct top_row *rows;
	size_t n_rows, room;

	enum top_column by;
	bool backwards;
	size_t first;			/* row on the screen */

	struct table_stats stats, before;
	uint64_t stats_ns, before_ns;	/* CLOCK_MONOTONIC; 0: none yet */

	struct reader reader;
	char event[TOP_EVENTS][TOP_EVENT_TEXT];	/* the latest is event[(n_events - 1) % TOP_EVENTS] */
	size_t n_events;

	char trouble[COMPLAINT_TEXT];	/* why there is no table; "" */
};

/* All of it anew, from the open table. False: no memory. */
bool top_take(struct top *t);

/* By t->by. */
void top_sort(struct top *t);

void top_free(struct top *t);

/* On all of the screen (ncurses), which may have any size. */
void top_draw(struct top *t);

/* How many rows of pins fit. */
size_t top_rows_shown(void);

#endif
