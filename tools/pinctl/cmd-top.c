/* cmd-top.c: pinctl top: a live view of pins, counters and events, on a terminal. */
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tools/common/guard.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/top.h"

#include <term.h>			/* behind ours: it makes macros of common words */

enum {
	INTERVAL_S = 2, INTERVAL_MOST_S = 3600,
	SHARE = 10,			/* at most so small a part of the time is spent looking, however large the table is */
};

struct words {
	const char *interval;
	struct filter filter;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	if (key == 'i')
		return w->interval = arg, 0;
	return filter_parse(key, arg, &w->filter);
}

static const struct argp_option options[] = {
	{"interval", 'i', "TIME", 0, "how often the view is renewed (2s)", 0},
	FILTER_OPTIONS("pins that were set, and what happened,"),
	{0},
};

static const struct usage usage = {
	.args_doc = "[HOST|ADDR...]",
	.doc = "A live view on a terminal, of all names or of those: pins, their health, counters each second, the latest events."
	       "\vKeys: q ends it; left and right choose the column to sort by, r turns the order round; up, down, page up, page down, "
	       "home and end scroll. Names that moved, or are in trouble, come first when MOVES or HEALTH is chosen.",
	.options = options,
	.parser = parse,
};

/* ---- the table ---- */

/* Another one takes its place, or comes. What is said meanwhile stands on the screen. */
static bool attach(struct top *t, bool again)
{
	char before[TABLE_PATH];
	const bool was = t->c->table.header != NULL;
	const int left = was && again ? journal_generation(&t->c->table) : READER_NEW;
	memcpy(before, t->c->path, sizeof before);
	store_close(&t->c->table);
	if (table_open(t->c, TO_READ) != DONE)
		return store_close(&t->c->table), false;
	*t->trouble = '\0';
	t->before_ns = t->stats_ns = 0;
	t->reader = reader_begin(&t->c->table, strcmp(before, t->c->path) == 0 ? left : READER_NEW);
	return true;
}

static _Atomic bool truncated;

/* False: no memory. */
static bool look(struct top *t)
{
	const bool here = t->c->table.header && !truncated;
	if (!here || store_retired(&t->c->table) || reader_is_astray(&t->reader, &t->c->table)) {
		truncated = false;
		if (!attach(t, here)) {
			top_free(t);
			t->room = 0;
			return true;
		}
	}
	return top_take(t);
}

/* ---- keys ---- */

static void scroll_by(struct top *t, long rows)
{
	const long first = (long)t->first + rows;
	t->first = first > 0 ? (size_t)first : 0;		/* top_draw() knows the end */
}

static void sort_by(struct top *t, int step)
{
	t->by = (enum top_column)(((int)t->by + step + TOP_COLUMNS) % TOP_COLUMNS);
	t->backwards = false;
	t->first = 0;
	top_sort(t);
}

/* False: it is to end. */
static bool on_key(struct top *t, int key)
{
	const long page = (long)top_rows_shown();
	switch (key) {
	case 'q':
	case 'Q': return false;
	case KEY_UP: scroll_by(t, -1); break;
	case KEY_DOWN: scroll_by(t, 1); break;
	case KEY_PPAGE: scroll_by(t, -page); break;
	case KEY_NPAGE:
	case ' ': scroll_by(t, page); break;
	case KEY_HOME: t->first = 0; break;
	case KEY_END: t->first = t->n_rows; break;
	case KEY_LEFT: sort_by(t, -1); break;
	case KEY_RIGHT: sort_by(t, 1); break;
	case 'r':
		t->backwards = !t->backwards;
		top_sort(t);
		break;
	default: break;			/* KEY_RESIZE, too: it is drawn anew */
	}
	return true;
}

/* ---- all ---- */

static bool run(struct top *t, uint32_t interval_s)
{
	bool going = true;
	for (uint64_t next = 0; going && !cmd_stopped;) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		if (now >= next) {
			if (!look(t))
				return false;
			const uint64_t took = now_ns(CLOCK_MONOTONIC) - now, every = (uint64_t)interval_s * NS_PER_S;
			next = now + (took * SHARE > every ? took * SHARE : every);
			now += took;
		}
		top_draw(t);
		timeout(next > now ? (int)((next - now) / NS_PER_MS) + 1 : 0);
		going = on_key(t, getch());
	}
	return true;
}

/* Is it one that is known, and can place its cursor (terminfo(5), cup)? DONE, or FAILED after one line. */
static int judge_terminal(const struct context *c)
{
	const char *term = getenv("TERM");
	int error;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return complain(c, "%s is no terminal: pinctl list and events are for pipes", isatty(STDIN_FILENO) ? "stdout" : "stdin");
	if (!term || !*term)
		return complain(c, "TERM is not set");
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return complain(c, "TERM: unknown terminal: '%s'", term);
	return tigetstr("cup") ? DONE : complain(c, "TERM: cannot place its cursor: '%s'", term);
}

static int show(struct context *c, const struct filter *filter, uint32_t interval_s)
{
	static struct top t;
	t.c = c;
	t.filter = filter;
	t.reader = reader_begin(&c->table, READER_NEW);
	SCREEN *screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return complain(c, "the terminal cannot be used");
	cmd_stop_on_signals();
	guard_table(&c->table, &truncated);
	cbreak();
	noecho();
	keypad(stdscr, true);
	curs_set(0);
	c->complaint = t.trouble;
	const bool whole = run(&t, interval_s);
	c->complaint = NULL;
	endwin();
	delscreen(screen);
	top_free(&t);
	return whole ? DONE : complain(c, "out of memory");
}

int cmd_top(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	uint32_t interval = INTERVAL_S;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && w.interval && (!time_parse(w.interval, &interval) || interval < 1 || interval > INTERVAL_MOST_S))
		status = misused(c, "--interval: not a time from 1s to 1h: '%s'", w.interval);
	if (status == DONE)
		status = filter_judge(c, &w.filter);
	if (status == DONE)
		status = judge_terminal(c);
	if (status == DONE)
		status = table_open(c, TO_READ);
	if (status == DONE)
		status = show(c, &w.filter, interval);
	filter_free(&w.filter);
	return status;
}
