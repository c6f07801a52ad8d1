/*
 * cmd-trace.c: pinwatch trace: what the kernel sees of the servers in the table, as it happens.
 *
 * It only looks: it attaches programs of its own, beside those of the pinwatch
 * that serves the table, if there is one, and changes nothing.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/common/format.h"
#include "tools/pinwatch/pinwatch.h"
#include "tools/pinwatch/trace.h"

struct words {
	struct watch_words watch;
	const char *name;
};

enum { KEY_NAME = 0x3000 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case KEY_NAME: w->name = arg; return 0;
	default: return watch_word(key, arg, &w->watch);
	}
}

static const struct argp_option options[] = {
	{"name", KEY_NAME, "PATTERN", 0, "names that match only: \"*.example.com\"", 0},
	WATCH_OPTIONS,
	{0},
};

static const struct usage usage = {
	.doc = "A line for each connect and each failure to a server in the table, of any program, until SIGINT, SIGTERM "
	       "or the end of the reader. It comes a tenth of a second late, to tell what the pin did in consequence."
	       "\vColumns: time, pid, program, name, address, port/transport, what happened, errno, latency in "
	       "microseconds, what the pin did, the address that it moved to or from, or is on. "
	       "With --json one object a line; {\"event\":\"lost\",\"count\":N} where the kernel's ring was full.",
	.options = options,
	.parser = parse,
	.shows = true,
};

static struct trace trace;

static void on_event(const struct watch_event *e, const struct endpoint *to, struct verdict v)
{
	trace_event(&trace, e, to, v);
}

static void on_lost(uint64_t n)
{
	if (trace.json)
		json_line(json_pack("{s:s, s:I}", "event", "lost", "count", (json_int_t)n));
	else
		note(NULL, "%llu events lost: the ring was full", (unsigned long long)n);
}

/* The pipe's other end is closed (poll(2)). */
static bool pipe_closed(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};
	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

/* So it is, or what was written found no place. */
static bool reader_gone(void) { return ferror(stdout) || pipe_closed(); }

static int due(void)
{
	int ms = trace_due(&trace, false);
	return reader_gone() ? OBSERVER_ENDS : ms;
}

static void at_end(void) { trace_due(&trace, true); }

int cmd_trace(struct context *c, int argc, char **argv)
{
	static struct words w;
	static const struct observer observer = {on_event, on_lost, due, at_end};
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status != DONE)
		return status;
	w.watch.dry_run = true;
	trace.pattern = w.name;
	trace.json = c->json;
	status = watch_run(c, &w.watch, &observer, &trace.tables);
	if (ferror(stdout) && !pipe_closed())
		status = complain(c, "standard output: what was seen could not be written");
	if (reader_gone())
		_exit(status);		/* stdio would complain at exit of what nobody is left to read */
	return status;
}
