/*
 * cmd-trace.c: pinwatch trace: what the kernel sees of the servers in the table, as it happens.
 *
 * It only looks: it attaches programs of its own, beside those of the pinwatch
 * that serves the table, if there is one, and changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tools/common/format.h"
#include "tools/common/view.h"
#include "tools/pinwatch/commands.h"
#include "tools/pinwatch/story.h"
#include "tools/pinwatch/watch.h"

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
	       "or the end of the reader. It comes a tenth of a second late, to tell what the pin did then."
	       "\vColumns: time, pid, program, name, address, port/transport, what happened, errno, latency in "
	       "microseconds, what the pin did, the address that it moved to or from, or is on. "
	       "With --json one object a line; {\"event\":\"lost\",\"count\":N} where the kernel's ring was full.",
	.options = options,
	.parser = parse,
	.shows = true,
};

/* ---- events that wait ---- */

enum {
	SETTLE_MS = 100,		/* a line comes so late: others have acted by then, and the journal tells it */
	WAITING = 4096,
	SAME_NS = 10000000,		/* between two sightings of one error */
};

static struct {
	const char *pattern;		/* of names; NULL: all */
	bool json;
	const struct tables *tables;
	struct traced waiting[WAITING];
	size_t first, n;
} trace;

/* ---- the forms of a line: for people, between tabs, JSON ---- */

enum { WORDS = 2 * ADDRESS_TEXT + 64, LATENCY_TEXT = 32 };

/* "refused", "connected"; of what says nothing about the server: "given up" by its program, or the host's own trouble. */
static const char *what_text(const struct traced *e)
{
	if (e->finding.kind != FINDING_NOTHING)
		return cause_text(e->finding.cause);
	return e->error ? "host's own trouble" : "given up";
}

static const char *errno_text(const struct traced *e)
{
	const char *name = e->error ? strerrorname_np(e->error) : NULL;
	return name ? name : cause_errno(e->finding.cause);
}

/* Of what the pin did, one word for programs; "" when no name has a pin. */
static const char *pin_word(const struct traced *e, const struct story *s)
{
	static const char *const words[EFFECTS] = {[EFFECT_RECOVERED] = "recovered", [EFFECT_CONFIRMED] = "confirmed",
						   [EFFECT_MOVED_HERE] = "moved here", [EFFECT_MOVED] = "moved"};
	if (s->effect != EFFECT_NONE)
		return words[s->effect];
	return !s->pinned ? "" : address_equal(&s->pin, &e->to.addr) ? "stays" : "elsewhere";
}

/* The address that the word is about: where the pin moved to or from, or is. */
static const struct address *pin_address(const struct story *s)
{
	if (s->effect == EFFECT_MOVED || s->effect == EFFECT_MOVED_HERE)
		return &s->other;
	return s->pinned ? &s->pin : NULL;
}

static void pin_text(const struct traced *e, const struct story *s, char out[static WORDS])
{
	char addr[ADDRESS_TEXT] = "";
	const char *cools = s->cools ? "cools off, " : "";
	if (pin_address(s))
		address_format(pin_address(s), addr);
	if (s->effect == EFFECT_MOVED && s->moved > 1)
		snprintf(out, WORDS, "%s%zu pins moved, this one to %s", cools, s->moved, addr);
	else if (s->effect == EFFECT_MOVED)
		snprintf(out, WORDS, "%spin moved to %s", cools, addr);
	else if (s->effect == EFFECT_MOVED_HERE)
		snprintf(out, WORDS, "pin moved here from %s", addr);
	else if (s->effect != EFFECT_NONE)
		snprintf(out, WORDS, "%s", s->effect == EFFECT_CONFIRMED ? "pin confirmed" : "recovered");
	else if (!s->pinned)
		snprintf(out, WORDS, "%sno pin", cools);
	else if (address_equal(&s->pin, &e->to.addr))
		snprintf(out, WORDS, "%spin stays", cools);
	else
		snprintf(out, WORDS, "%spin is on %s", cools, addr);
}

/* ---- text ---- */

static void latency_text(uint64_t us, char out[static LATENCY_TEXT])
{
	if (us == UINT64_MAX)
		out[0] = '\0';
	else if (us < 10000)
		snprintf(out, LATENCY_TEXT, ", %llu us", (unsigned long long)us);
	else
		snprintf(out, LATENCY_TEXT, ", %llu ms", (unsigned long long)us / 1000);
}

static void pretty(const struct traced *e, const struct story *s, const char *time, const char *name, const char *comm)
{
	char addr[ADDRESS_TEXT], port[PORT_TEXT], latency[LATENCY_TEXT], pin[WORDS];
	const char *error = errno_text(e);
	address_format(&e->to.addr, addr);
	port_text(e->to.port, e->to.transport, port);
	latency_text(e->latency_us, latency);
	pin_text(e, s, pin);
	printf("%s  %s %s %s: %s%s%s%s%s; %s  (%s %u)\n", time, name, addr, port, what_text(e), *error ? " (" : "", error,
	       *error ? ")" : "", latency, pin, comm, e->pid);
}

static void tabbed(const struct traced *e, const struct story *s, const char *time, const char *name, const char *comm)
{
	char addr[ADDRESS_TEXT], port[PORT_TEXT], latency[LATENCY_TEXT] = "-", pin[ADDRESS_TEXT] = "-";
	const char *error = errno_text(e), *word = pin_word(e, s);
	address_format(&e->to.addr, addr);
	port_text(e->to.port, e->to.transport, port);
	if (e->latency_us != UINT64_MAX)
		snprintf(latency, sizeof latency, "%llu", (unsigned long long)e->latency_us);
	if (pin_address(s))
		address_format(pin_address(s), pin);
	printf("%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", time, e->pid, comm, name, addr, port, what_text(e),
	       *error ? error : "-", latency, *word ? word : "-", pin);
}

/* ---- JSON ---- */

/* A target as address_format() has it. */
static json_t *json_plain(const struct address *a)
{
	char text[ADDRESS_TEXT];
	address_format(a, text);
	return json_string(text);
}

static void json(const struct traced *e, const struct story *s, const char *time, const char *name, const char *comm)
{
	const struct address *pin = pin_address(s);
	json_line(json_pack("{s:s, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:o, s:I, s:o}", "time", time,
			    "pid", e->pid ? json_integer(e->pid) : json_null(), "comm", comm,
			    "name", json_text(name), "names", (json_int_t)s->names,
			    "address", json_address(NULL, &e->to.addr), "port", port_json(e->to.port),
			    "transport", transport_json(e->to.transport), "event", what_text(e),
			    "errno", json_text(errno_text(e)), "latency_us",
			    e->latency_us == UINT64_MAX ? json_null() : json_integer((json_int_t)e->latency_us),
			    "cools", (int)s->cools, "pin", json_text(pin_word(e, s)), "moved", (json_int_t)s->moved,
			    "pin_address", pin ? json_plain(pin) : json_null()));
}

/* One line on stdout. */
static void print_line(const struct traced *e, const struct story *s)
{
	char time[TIME_TEXT], name[NAME_BYTES], comm[WATCH_COMM];
	time_iso(e->time_ns, time);
	text_safe(s->name, name, sizeof name);
	text_safe(*e->comm ? e->comm : "-", comm, sizeof comm);
	if (trace.json)
		json(e, s, time, name, comm);
	else if (isatty(STDOUT_FILENO) == 1)
		pretty(e, s, time, *name ? name : "-", comm);
	else
		tabbed(e, s, time, *name ? name : "-", comm);
}

/* ---- waiting ---- */

static void tell_first(void)
{
	const struct traced *e = &trace.waiting[trace.first];
	struct story s;
	if (story_of(trace.tables, trace.pattern, e, &s))
		print_line(e, &s);
	trace.first = (trace.first + 1) % WAITING;
	trace.n--;
}

/* An ICMP error is seen at the socket, if that is connected, and by the raw socket: one of them is told. */
static bool told_already(const struct traced *w)
{
	for (size_t i = 0; i < trace.n && w->to.transport == TRANSPORT_UDP; i++) {
		const struct traced *o = &trace.waiting[(trace.first + i) % WAITING];
		if (o->to.transport == TRANSPORT_UDP && o->to.port == w->to.port && o->netns == w->netns &&
		    address_equal(&o->to.addr, &w->to.addr) && o->cookie == w->cookie && o->error == w->error &&
		    o->finding.cause == w->finding.cause && o->time_ns + SAME_NS > w->time_ns)
			return true;
	}
	return false;
}

/* If there is no room the oldest is told at once. */
static void on_event(const struct watch_event *e, const struct endpoint *to, struct finding v)
{
	const uint64_t now = now_ns(CLOCK_MONOTONIC), ago = now > e->now ? now - e->now : 0;
	struct traced w = {.time_ns = now_ns(CLOCK_REALTIME) - ago, .due_ns = now + SETTLE_MS * 1000000ull,
			   .netns = e->peer.netns, .cookie = e->cookie, .to = *to, .finding = v, .pid = e->pid,
			   .error = e->error};
	w.latency_us = e->started && e->now >= e->started ? (e->now - e->started) / 1000 : UINT64_MAX;
	memcpy(w.comm, e->comm, sizeof w.comm);
	if (told_already(&w))
		return;
	if (trace.n == WAITING)
		tell_first();
	trace.waiting[(trace.first + trace.n++) % WAITING] = w;
}

/* Tells those that are due (all: whether or not they are). Returns the ms until the next, or -1. */
static int tell_due(bool all)
{
	const uint64_t now = now_ns(CLOCK_MONOTONIC);
	while (trace.n && (all || trace.waiting[trace.first].due_ns <= now))
		tell_first();
	fflush(stdout);
	return trace.n ? (int)((trace.waiting[trace.first].due_ns - now) / 1000000) + 1 : -1;
}

static void on_lost(uint64_t n)
{
	if (trace.json)
		json_line(json_pack("{s:s, s:I}", "event", "lost", "count", (json_int_t)n));
	else
		note(NULL, "%llu events lost: the ring was full", (unsigned long long)n);
}

/* So it is, or what was written found no place. */
static bool reader_gone(void) { return ferror(stdout) || stdout_gone(); }

static int due(void)
{
	int ms = tell_due(false);
	return reader_gone() ? OBSERVER_ENDS : ms;
}

static void at_end(void) { tell_due(true); }

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
	if (ferror(stdout) && !stdout_gone())
		status = complain(c, "standard output: cannot be written");
	if (reader_gone())
		_exit(status);		/* stdio would complain at exit of what nobody is left to read */
	return status;
}
