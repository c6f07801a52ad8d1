/*
 * top-screen.c: draws what `pinctl top` shows. See top.h.
 *
 * From top to bottom: the table, counters, pins, events, keys. What has no room is left out: first keys and counters,
 * then columns from the right.
 */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/base/clock.h"
#include "tools/common/view.h"
#include "tools/pinctl/top.h"

enum {
	NAMES_LEAST = 26,		/* columns of name and pin together, for which others make room */
	PIN_LEAST = 15, PIN_MOST = 39,	/* IPv4, IPv6 */
	CELL = 512,
	TALL = 16, LOW = 6,		/* lines from which there is room for all, and for more than pins */
};

/* How many lines each part has. */
struct parts {
	int table, counters, title, pins, events, keys;
};

static struct parts parts_of(int lines)
{
	struct parts p = {.table = 1, .title = lines > 1, .counters = lines >= TALL ? 3 : lines >= LOW, .keys = lines >= LOW};
	const int left = lines - p.table - p.counters - p.title - p.keys;
	p.events = left < 3 ? 0 : left / 3 + 1 > 9 ? 9 : left / 3 + 1;
	p.pins = left > p.events ? left - p.events : 0;
	return p;
}

size_t top_rows_shown(void) { return (size_t)parts_of(LINES).pins; }

/* As much of the text as fits into `width`; what is cut off ends with ~. */
static void put(int line, int column, int width, const char *text)
{
	const int len = (int)strlen(text);
	if (width < 1 || column >= COLS)
		return;
	mvaddnstr(line, column, text, len > width ? width - 1 : len);
	if (len > width)
		addch('~');
}

static void put_line(int line, const char *text) { put(line, 0, COLS, text); }

/* ---- the table and its counters ---- */

static void draw_table(const struct top *t, int line)
{
	char clock[TIME_TEXT], left[CELL], right[CELL];
	time_iso(now_ns(CLOCK_REALTIME), clock);
	snprintf(left, sizeof left, "%.8sZ  %.480s", clock + strlen("2026-11-30T"), *t->trouble ? t->trouble : t->c->path);
	snprintf(right, sizeof right, "  names %u/%u  addresses %u/%u", t->stats.names, t->stats.names_capacity, t->stats.addrs,
		 t->stats.addrs_capacity);
	const int len = *t->trouble ? 0 : (int)strlen(right);
	put(line, 0, COLS - (len < COLS ? len : 0), left);
	if (len && len < COLS)
		put(line, COLS - len, len, right);
}

static const struct {
	enum counter counter;
	const char *title;
} counters[] = {
	{COUNT_MOVES, "moved"}, {COUNT_FAILURES, "failed"}, {COUNT_CONFIRMED, "confirmed"}, {COUNT_CAPTURES, "pinned"},
	{COUNT_STALE_ANSWERS, "stale"}, {COUNT_EVICTED, "evicted"}, {COUNT_NAMES_FULL, "full"},
};

enum { SHOWN = sizeof counters / sizeof *counters, COUNTER_WIDTH = 10, LABEL_WIDTH = 10 };

static uint64_t grown(const struct top *t, size_t i)
{
	const uint64_t now = t->stats.counters[counters[i].counter], then = t->before.counters[counters[i].counter];
	return t->before_ns && now > then ? now - then : 0;
}

static double seconds(const struct top *t) { return t->before_ns ? (double)(t->stats_ns - t->before_ns) / NS_PER_S : 1; }

/* On three lines a table; on one the rates alone. */
static void draw_counters(const struct top *t, int line, int lines)
{
	if (lines == 1) {
		char text[CELL] = "per s: ";
		for (size_t i = 0; i < SHOWN; i++) {
			const size_t n = strlen(text);
			snprintf(text + n, sizeof text - n, " %s %.1f", counters[i].title, (double)grown(t, i) / seconds(t));
		}
		put_line(line, text);
	}
	if (lines < 3)
		return;
	put(line + 1, 0, LABEL_WIDTH, "per second");
	put(line + 2, 0, LABEL_WIDTH, "in all");
	for (size_t i = 0; i < SHOWN; i++) {
		const int at = LABEL_WIDTH + (int)i * COUNTER_WIDTH;
		char text[CELL];
		snprintf(text, sizeof text, "%*s", COUNTER_WIDTH, counters[i].title);
		put(line, at, COLS - at, text);
		snprintf(text, sizeof text, "%*.1f", COUNTER_WIDTH, (double)grown(t, i) / seconds(t));
		put(line + 1, at, COLS - at, text);
		snprintf(text, sizeof text, "%*llu", COUNTER_WIDTH, (unsigned long long)t->stats.counters[counters[i].counter]);
		put(line + 2, at, COLS - at, text);
	}
}

/* ---- the pins ---- */

static const struct {
	const char *title;
	int width;
} columns[TOP_COLUMNS] = {
#define COLUMN(id, title, width, first) [COLUMN_##id] = {title, width},
	TOP_COLUMNS_LIST(COLUMN)
#undef COLUMN
};

/* The width of each column, 0: it has no room; with one space between. */
static void widths_of(int cols, int width[static TOP_COLUMNS])
{
	int used = 1;
	for (int k = COLUMN_STATE; k < TOP_COLUMNS; k++) {
		width[k] = columns[k].width;
		used += width[k] + 1;
	}
	/* How good a pin is matters most. */
	static const enum top_column leave[] = {COLUMN_IDLE, COLUMN_SET, COLUMN_MOVES, COLUMN_STATE, COLUMN_HEALTH};
	for (size_t i = 0; i < sizeof leave / sizeof *leave && cols - used < NAMES_LEAST; i++) {
		used -= width[leave[i]] + 1;
		width[leave[i]] = 0;
	}
	const int left = cols > used ? cols - used : 0;
	width[COLUMN_PIN] = left * 2 / 5 > PIN_MOST ? PIN_MOST : left * 2 / 5 > PIN_LEAST ? left * 2 / 5 : PIN_LEAST;
	width[COLUMN_PIN] = width[COLUMN_PIN] < left ? width[COLUMN_PIN] : left;
	width[COLUMN_NAME] = left - width[COLUMN_PIN];
}

static void draw_title(const struct top *t, int line, const int *width)
{
	int at = 0;
	attron(A_REVERSE);
	mvhline(line, 0, ' ', COLS);
	for (int k = 0; k < TOP_COLUMNS; k++) {
		char title[32];
		snprintf(title, sizeof title, "%s%s", columns[k].title, (int)t->by != k ? "" : t->backwards ? "^" : "v");
		put(line, at, width[k], title);
		at += width[k] ? width[k] + 1 : 0;
	}
	attroff(A_REVERSE);
}

static void health_text(const struct top_row *r, char out[static CELL])
{
	static const char *const words[] = {[HEALTH_NONE] = "-",       [HEALTH_FIT] = "fit",		[HEALTH_DUE] = "due",
					    [HEALTH_DRAINED] = "drained", [HEALTH_COOLING] = "cooling", [HEALTH_FAILED] = "failed"};
	char left[AGE_TEXT] = "";
	if (r->health == HEALTH_COOLING)
		age_text(r->cooling_s, left);
	snprintf(out, CELL, "%s%s%s", words[r->health], *left ? " " : "", left);
}

static void draw_pin(const struct top *t, int line, const int *width, const struct top_row *r)
{
	char cell[TOP_COLUMNS][CELL];
	int at = 0;
	snprintf(cell[COLUMN_NAME], CELL, "%s", r->name);
	snprintf(cell[COLUMN_PIN], CELL, "-");
	if (r->has_pin)
		target_format(&t->c->table, &r->pin, cell[COLUMN_PIN]);
	snprintf(cell[COLUMN_STATE], CELL, "%s", !r->has_pin ? "-" : r->is_explicit ? "explicit" : r->confirmed ? "confirmed" : "tentative");
	health_text(r, cell[COLUMN_HEALTH]);
	snprintf(cell[COLUMN_MOVES], CELL, "%*u", columns[COLUMN_MOVES].width, r->moves);
	age_text(r->set_s, cell[COLUMN_SET]);
	age_text(r->idle_s, cell[COLUMN_IDLE]);
	const attr_t bad = r->health >= HEALTH_COOLING ? A_BOLD : A_NORMAL;
	attron(bad);
	for (int k = 0; k < TOP_COLUMNS; k++) {
		put(line, at, width[k], cell[k]);
		at += width[k] ? width[k] + 1 : 0;
	}
	attroff(bad);
}

static void draw_pins(struct top *t, int line, int lines)
{
	int width[TOP_COLUMNS];
	widths_of(COLS, width);
	draw_title(t, line++, width);
	if (t->first + (size_t)lines > t->n_rows)
		t->first = t->n_rows > (size_t)lines ? t->n_rows - (size_t)lines : 0;
	for (int i = 0; i < lines && t->first + (size_t)i < t->n_rows; i++)
		draw_pin(t, line + i, width, &t->rows[t->first + (size_t)i]);
	if (t->n_rows == 0 && lines > 0)
		put_line(line, "no name is like that");
}

/* ---- events and keys ---- */

/* The latest last. */
static void draw_events(const struct top *t, int line, int lines)
{
	if (lines < 2)
		return;
	attron(A_REVERSE);
	mvhline(line, 0, ' ', COLS);
	put_line(line++, "EVENTS");
	attroff(A_REVERSE);
	const size_t room = (size_t)lines - 1, kept = t->n_events < TOP_EVENTS ? t->n_events : TOP_EVENTS, n = kept < room ? kept : room;
	for (size_t i = 0; i < n; i++)
		put_line(line + (int)i, t->event[(t->n_events - n + i) % TOP_EVENTS]);
}

static void draw_keys(const struct top *t, int line, int lines)
{
	char text[CELL];
	if (lines == 0)
		return;
	snprintf(text, sizeof text, "q quit  left, right: sort  r reverse  up, down, page: scroll   %zu-%zu of %zu",
		 t->n_rows ? t->first + 1 : 0,
		 t->first + top_rows_shown() < t->n_rows ? t->first + top_rows_shown() : t->n_rows, t->n_rows);
	attron(A_DIM);
	put_line(line, text);
	attroff(A_DIM);
}

void top_draw(struct top *t)
{
	const struct parts p = parts_of(LINES);
	int line = 0;
	erase();
	draw_table(t, line);
	draw_counters(t, line += p.table, p.counters);
	line += p.counters;
	if (p.title)
		draw_pins(t, line, p.pins);
	draw_events(t, line += p.title + p.pins, p.events);
	draw_keys(t, line + p.events, p.keys);
	move(LINES - 1, COLS - 1);
	refresh();
}
