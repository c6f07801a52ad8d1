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
#include "tools/common/reader.h"
#include "tools/common/view.h"
#include "tools/pinctl/commands.h"

enum {
	WAIT_MS = 1000,			/* between looks at stdout and at whether the table was replaced */
};

struct words {
	const char *last;
	bool follow;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case 'n': w->last = arg; return 0;
	case 'f': w->follow = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"follow", 'f', NULL, 0, "go on as events come, until SIGINT, SIGTERM or the end of the reader", 0},
	{"last", 'n', "N", 0, "the last N only", 0},
	{0},
};

static const struct usage usage = {
	.doc = "What happened, oldest first: as many events as the table keeps."
	       "\vColumns: time, event, name, address, what it moved from, port/transport, cause, program, pid, who wrote. "
	       "With --json one object a line; {\"event\":\"lost\",\"count\":N} where a slow reader missed some.",
	.options = options,
	.parser = parse,
	.shows = true,
};

/* ---- one event ---- */

static json_t *address_or_null(const struct table *t, bool has, const struct address *a)
{
	return has ? json_address(t, a) : json_null();
}

static bool event_json(const struct table *t, const struct event *e)
{
	char time[TIME_TEXT];
	time_iso(e->time_ns, time);
	return json_line(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:b, s:o, s:I, s:s}",
				   "time", time, "event", event_kind_text(e->kind), "name", json_text(e->name),
				   "address", address_or_null(t, e->has_addr, &e->addr),
				   "old", address_or_null(t, e->has_old, &e->old),
				   "port", port_json(e->port), "transport", transport_json(e->transport),
				   "cause", cause_text(e->cause), "errno", json_text(cause_errno(e->cause)),
				   "explicit", e->is_explicit != 0, "comm", json_text(e->comm),
				   "pid", (json_int_t)e->pid, "origin", origin_text(e->origin)));
}

/* "refused (ECONNREFUSED)" */
enum { CAUSE_TEXT = 64 };
static void cause_both(unsigned cause, char out[static CAUSE_TEXT])
{
	const char *error = cause_errno(cause);
	if (*error)
		snprintf(out, CAUSE_TEXT, "%s (%s)", cause_text(cause), error);
	else
		snprintf(out, CAUSE_TEXT, "%s", cause_text(cause));
}

enum { PID_TEXT = 12 };

/* Aligned as far as can be, since the widths of what comes later are not known. */
static void event_row(const struct table *t, const struct event *e, bool pretty)
{
	char time[TIME_TEXT], name[NAME_BYTES], comm[COMM_BYTES], port[PORT_TEXT];
	char cause[CAUSE_TEXT], addr[TARGET_TEXT] = "-", old[TARGET_TEXT] = "-", pid[PID_TEXT] = "-";
	const char *const kind = event_kind_text(e->kind);
	time_iso(e->time_ns, time);
	text_safe(*e->name ? e->name : "-", name, sizeof name);
	text_safe(*e->comm ? e->comm : "-", comm, sizeof comm);
	port_text(e->port, e->transport, port);
	cause_both(e->cause, cause);
	if (e->pid)
		snprintf(pid, sizeof pid, "%u", e->pid);
	if (e->has_addr)
		target_format(t, &e->addr, addr);
	if (e->has_old)
		target_format(t, &e->old, old);
	if (pretty)
		printf("%s  %-9s  %s %s%s%s%s%s: %s  (%s %s, %s)\n", time, kind, name, e->has_old ? old : "",
		       e->has_old ? " -> " : "", addr, e->port ? " " : "", e->port ? port : "", cause, comm, pid,
		       origin_text(e->origin));
	else
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", time, kind, name, addr, old, port,
		       cause, comm, pid, origin_text(e->origin));
}

static void print_event(const struct context *c, const struct event *e)
{
	if (c->json)
		event_json(&c->table, e);
	else
		event_row(&c->table, e, isatty(STDOUT_FILENO) == 1);
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
		print_event(c, &e);
	}
	tell_lost(c, f, true);
}

/* On with the new one. */
static int attach_again(struct context *c, struct follower *f)
{
	store_close(&c->table);
	f->reader = (struct reader){0};
	return table_open(c, TO_READ);
}

static int follow(struct context *c, struct follower *f)
{
	int status = DONE;
	while (status == DONE && !cmd_stopped && !ferror(stdout) && !stdout_gone()) {
		print_until(c, f, UINT64_MAX);
		fflush(stdout);
		if (store_retired(&c->table) || reader_is_astray(&f->reader, &c->table))
			status = attach_again(c, f);
		else if (!cmd_stopped)
			journal_wait(&c->table, f->reader.seq, WAIT_MS);
	}
	return status;
}

static uint64_t first_of(const struct table *t, uint32_t last)
{
	uint64_t oldest = journal_oldest(t), next = journal_next(t);
	return next - oldest > last ? next - last : oldest;
}

int cmd_events(struct context *c, int argc, char **argv)
{
	struct words w = {0};
	uint32_t last = UINT32_MAX;
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status == DONE && w.last && !number_parse(w.last, 0, UINT32_MAX - 1, &last))
		status = misused(c, "-n: not a number: '%s'", w.last);
	if (status == DONE)
		status = table_open(c, TO_READ);
	if (status != DONE)
		return status;
	struct follower f = {.reader.seq = first_of(&c->table, last), .live = w.follow};
	if (!w.follow) {
		print_until(c, &f, journal_next(&c->table));
		return DONE;
	}
	cmd_stop_on_signals();
	status = follow(c, &f);
	if (stdout_gone())
		_exit(status);		/* stdio would complain at exit of what nobody is left to read */
	return status;
}
