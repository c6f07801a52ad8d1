/* trace-print.c: the forms of a traced event: for people, between tabs, JSON. See trace.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/view.h"
#include "tools/pinwatch/trace.h"

enum { WORDS = 2 * ADDRESS_TEXT + 64 };

/* "refused", "connected"; of what says nothing about the server: "given up" by its program, or the host's own trouble. */
static const char *what_text(const struct traced *e)
{
	if (e->verdict.kind != VERDICT_NOTHING)
		return cause_text(e->verdict.cause);
	return e->error ? "host's own trouble" : "given up";
}

static const char *errno_text(const struct traced *e)
{
	const char *name = e->error ? strerrorname_np(e->error) : NULL;
	return name ? name : cause_errno(e->verdict.cause);
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

enum { LATENCY_TEXT = 32 };

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

void trace_print(const struct trace *t, const struct traced *e, const struct story *s)
{
	char time[TIME_TEXT], name[NAME_BYTES], comm[WATCH_COMM];
	time_iso(e->time_ns, time);
	text_safe(s->name, name, sizeof name);
	text_safe(*e->comm ? e->comm : "-", comm, sizeof comm);
	if (t->json)
		json(e, s, time, name, comm);
	else if (isatty(STDOUT_FILENO) == 1)
		pretty(e, s, time, *name ? name : "-", comm);
	else
		tabbed(e, s, time, *name ? name : "-", comm);
}
