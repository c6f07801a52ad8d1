/*
 * cmd-events.c: pinctl events: the journal, once or followed.
 *
 * Followers wait on the table's futex word. If the reader of a pipe goes away, stdout
 * shows POLLERR at once; that is no failure.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tools/common/event-text.h"
#include "tools/common/reader.h"
#include "tools/common/view.h"
#include "tools/pinctl/commands.h"
#include "tools/pinctl/filter.h"

enum {
	WAIT_MS = 1000,			/* between looks at stdout and at whether the table was replaced */
};

struct words {
	const char *last;
	bool follow;
	struct filter filter;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case 'n': w->last = arg; return 0;
	case 'f': w->follow = true; return 0;
	default: return filter_parse(key, arg, &w->filter);
	}
}

static const struct argp_option options[] = {
	{"follow", 'f', NULL, 0, "go on as events come, until SIGINT, SIGTERM or the end of the reader", 0},
	{"last", 'n', "N", 0, "the last N only", 0},
	FILTER_OPTIONS("what happened"),
	{0},
};

static const struct usage usage = {
	.args_doc = "[HOST|ADDR...]",
	.doc = "What happened, oldest first, to all names or to those: as many events as the table keeps."
	       "\vColumns: time, event, name, address, what it moved from, port/transport, cause, program, pid, who wrote. "
	       "With --json one object a line; {\"event\":\"lost\",\"count\":N} where a slow reader missed some.",
	.options = options,
	.parser = parse,
	.shows = true,
};

/* ---- one event ---- */

static const char *or_dash(const char *text) { return text ? text : "-"; }

/* Aligned as far as can be, since the widths of what comes later are not known. */
static void event_row(const struct event *e, const struct event_words *w, bool pretty)
{
	char port[PORT_TEXT], cause[CAUSE_TEXT], sentence[SENTENCE_TEXT];
	if (pretty) {
		event_sentence(w, sentence);
		printf("%s  %-9s  %s\n", w->time, w->text[FIELD_EVENT], sentence);
		return;
	}
	port_text(e->port, e->transport, port);
	event_cause(w, cause);
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", w->time, w->text[FIELD_EVENT], or_dash(w->text[FIELD_NAME]),
	       or_dash(w->text[FIELD_ADDRESS]), or_dash(w->text[FIELD_OLD]), port, cause, or_dash(w->text[FIELD_COMM]),
	       e->pid ? w->pid : "-", w->text[FIELD_ORIGIN]);
}

static void print_event(const struct context *c, const struct event *e)
{
	struct event_words w;
	event_words(&c->table, e, &w);
	if (c->json)
		json_line(event_json(&w));
	else
		event_row(e, &w, isatty(STDOUT_FILENO) == 1);
}

static void print_lost(const struct context *c, uint64_t lost)
{
	if (c->json)
		json_line(json_pack("{s:s, s:I}", "event", "lost", "count", (json_int_t)lost));
	else {
		fflush(stdout);		/* the line goes to stderr, behind the events before it */
		note(c, "%llu events lost", (unsigned long long)lost);
	}
}

/* ---- the journal ---- */

/* What was read, and how. */
struct follower {
	const struct filter *filter;
	struct reader reader;
	bool live;			/* somebody looks on as events come */
};

/* For programs, and for who looks on, a loss stands where it was; else one line tells of all. */
static void tell_lost(const struct context *c, struct follower *f, bool at_end)
{
	if (f->reader.lost == 0 || !(c->json || f->live || at_end))
		return;
	print_lost(c, f->reader.lost);
	f->reader.lost = 0;
}

/* Everything up to `end`, or to the end of the journal. */
static void print_until(const struct context *c, struct follower *f, uint64_t end)
{
	const struct timespec pause = {.tv_nsec = UNFINISHED_MS * 1000000};
	enum reading reading = READ_EVENT;
	struct event e;
	while (f->reader.seq < end && reading != READ_END && !cmd_stopped && !ferror(stdout)) {
		reading = reader_next(&f->reader, &c->table, now_ms(), &e);
		if (reading == READ_UNFINISHED)
			nanosleep(&pause, NULL);
		if (reading != READ_EVENT)
			continue;
		tell_lost(c, f, false);
		if (filter_takes_event(f->filter, &c->table, &e))
			print_event(c, &e);
	}
	tell_lost(c, f, true);
}

/* On with the new one. */
static int attach_again(struct context *c, struct follower *f)
{
	char before[TABLE_PATH];
	const int left = journal_generation(&c->table);
	memcpy(before, c->path, sizeof before);
	print_until(c, f, UINT64_MAX);			/* what came until it was replaced */
	store_close(&c->table);
	const int status = table_open(c, TO_READ);
	if (status == DONE)
		f->reader = reader_begin(&c->table, strcmp(c->path, before) == 0 ? left : READER_NEW);
	return status;
}

static int follow(struct context *c, struct follower *f)
{
	int status = DONE;
	while (status == DONE && !cmd_stopped && !ferror(stdout) && !stdout_gone() && now_ns(CLOCK_REALTIME) <= f->filter->until_ns) {
		print_until(c, f, UINT64_MAX);
		fflush(stdout);
		if (store_retired(&c->table) || reader_is_astray(&f->reader, &c->table))
			status = attach_again(c, f);
		else if (!cmd_stopped)
			journal_wait(&c->table, f->reader.seq, WAIT_MS);
	}
	return status;
}

/* The number of the last but N - 1 of those that are wanted; without N of the oldest. */
static uint64_t first_of(const struct table *t, const struct filter *filter, uint32_t last)
{
	const uint64_t oldest = journal_oldest(t);
	uint64_t first = journal_next(t), lost = 0;
	if (last == UINT32_MAX)
		return oldest;
	for (uint32_t n = 0; n < last && first > oldest; first--) {
		struct event e;
		uint64_t seq = first - 1;
		n += journal_read(t, &seq, &e, &lost) == JOURNAL_OK && filter_takes_event(filter, t, &e);
	}
	return first;
}

static int show(struct context *c, struct follower *f)
{
	if (!f->live) {
		print_until(c, f, journal_next(&c->table));
		return DONE;
	}
	cmd_stop_on_signals();
	const int status = follow(c, f);
	if (stdout_gone())
		_exit(status);		/* stdio would complain at exit of what nobody is left to read */
	return status;
}

int cmd_events(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	uint32_t last = UINT32_MAX;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && w.last && !number_parse(w.last, 0, UINT32_MAX - 1, &last))
		status = misused(c, "-n: not a number: '%s'", w.last);
	if (status == DONE)
		status = filter_judge(c, &w.filter);
	if (status == DONE)
		status = table_open(c, TO_READ);
	if (status == DONE)
		status = show(c, &(struct follower){&w.filter, {.seq = first_of(&c->table, &w.filter, last)}, w.follow});
	filter_free(&w.filter);
	return status;
}
