/*
 * script.h: rows that are little scripts over a real table.
 *
 * Steps are parted by `;`. What comes after `->` is what the step must yield;
 * without it, any result will do. Addresses as in lab.h, parted by commas.
 *
 *   ask NAME[:PORT[t|u]] ADDRS     a lookup of the families of ADDRS (`-`: none of IPv4, `v-`: none
 *                                  of IPv6). Yields the order, `+` before an address that was not
 *                                  in the answer; `untouched` when the table left it alone
 *   lead NAME[:PORT[t|u]] ADDRS    the same, and yields only who leads
 *   stale NAME                     the same with DNS down; `none`
 *   down NAME                      is DNS left alone? yes, no
 *   fail|ok NAME ADDR PORT[t|u]    an outcome in a process that looked NAME up (`*`: that looked
 *                                  nothing up; `a+b`: both); `fail` may close with an errno's name
 *   pin NAME                       the pins: `1 tentative`, `1 confirmed 5060t`, `9 explicit` … `failed`
 *   set NAME ADDRS [TTL]  drop NAME  refresh NAME ADDRS TTL  report NAME fail|ok ADDR  adopt NAME ADDR
 *                                  by hand. `done`, `dropped`, `no-name`, `no-address`, `full`
 *   recall NAME ADDRS|TARGETS SECONDS  what another table knew, seen so long ago
 *   drain|undrain ADDR
 *   cool ADDR PORT[t|u]            the endpoint: fit, due, or seconds of cooling as `LOW..HIGH` to match
 *   healthy NAME ADDR              as seen for the name: yes, no; `none`: it is no candidate
 *   srv SERVICE TARGETS            a lookup of an SRV record set, of HOST:PORT[:PRIORITY[:WEIGHT]] each.
 *                                  Yields the target that leads; `none`
 *   refresh-srv SERVICE TARGETS    what `pinctl refresh` finds, `-`: none; TARGET*N: N of it on ports that rise
 *   follow NAME ADDRS|TARGETS [SECONDS]  an answer that no program asked for (follow.h), valid so long. `done`, `no-name`
 *   ttl NAME  unused NAME          seconds: left of its TTL, since it was used
 *   ports SERVICE                  of its candidates, as they are shown
 *   ask+ NAME ADDRS                as `ask`, by a process that looked a service up of which NAME is a target
 *   beside SERVICE NAME ADDRS      what came beside the answer for SERVICE: `done`, `untouched`
 *   broken NAME ADDR PORT[t|u]     an established connection was reset, as `fail`
 *   late NAME ADDR PORT[t|u]       `ok` of an attempt that began a second ago
 *   steer NAME ADDR PORT[t|u]      where a connect or an initial SIP request goes: `2:5060`; `asked`
 *   steer-any                      the same for any other datagram
 *   aside ADDRS                    not to lead the next `ask`, `lead` or `stale`: tried in vain; `1n`: no way there
 *   cut ADDRS [sorted]             there is no way to these from now on, and lookups ask; `-`: to all there is.
 *                                  `sorted`: libc had put those without a way last
 *   opt KEY VALUE                  default settings from now on; VALUE a number, or two: 30,300
 *   host PATTERN KEY VALUE         the same of a host block
 *   holds KEY ADDR PORT[t|u]       what holds at the endpoint; `names ADDR PORT[t|u]`: which names have a say there
 *   events                         kinds of events since the last time, with the lab's address
 *   other [NAMES]                  the steps that follow are done in another table, and after the next `other` in this again
 *   take-over  take-place          what the other table knows, into this one. Yields how many names were left out
 *   take-place+                    the same once more, when this one has taken its place
 *   wait SECONDS
 */
#ifndef STICKYDNS_SCRIPT_H
#define STICKYDNS_SCRIPT_H

#include <errno.h>

#include "policy/base/clock.h"
#include "policy/pins/admin.h"
#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/pins/redirect.h"
#include "policy/pins/report.h"
#include "policy/pins/service.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/srv.h"
#include "policy/pins/takeover.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "policy/table/journal.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

struct script_row {
	const char *rule, *steps;
};

enum { SCRIPT_TEXT = 2048, SCRIPT_WORDS = 8, SCRIPT_HOSTS = 4 };

struct script {
	struct lab lab, other;
	struct settings_block defaults, hosts[SCRIPT_HOSTS];
	size_t n_hosts;
	uint64_t seq;			/* of the journal */
	char out[SCRIPT_TEXT];		/* what the step yielded */
	struct aside aside[SCRIPT_WORDS];	/* of the next lookup */
	size_t n_aside;
};

static inline void script_say(struct script *s, const char *separator, const char *format, const char *text)
{
	size_t n = strlen(s->out);
	if (n)
		n += (size_t)snprintf(s->out + n, sizeof s->out - n, "%s", separator);
	snprintf(s->out + n, sizeof s->out - n, format, text);
}

/* "5060t": 5060 over TCP; "5060": over any. */
static inline void script_port(const char *text, uint16_t *port, uint8_t *transport)
{
	const char *last = text + strlen(text) - 1;
	*port = (uint16_t)atoi(text);
	*transport = *last == 't' ? TRANSPORT_TCP : *last == 'u' ? TRANSPORT_UDP : TRANSPORT_ANY;
}

static inline void script_pool(char *addrs, struct pool pool[static FAMILIES])
{
	char *save = NULL;
	memset(pool, 0, FAMILIES * sizeof *pool);
	for (char *a = strtok_r(addrs, ",", &save); a; a = strtok_r(NULL, ",", &save)) {
		struct pool *p = &pool[*a == 'v' ? FAMILY_V6 : FAMILY_V4];
		p->asked = true;
		if (a[strlen(a) - 1] != '-')
			p->addr[p->n++] = lab_address(a);
	}
}

static inline void script_say_pools(struct script *s, const struct pool pool[static FAMILIES])
{
	for (unsigned f = 0; f < FAMILIES; f++)
		for (size_t i = 0; pool[f].asked && i < pool[f].n; i++) {
			char a[ADDRESS_TEXT];
			lab_text(&pool[f].addr[i], a);
			script_say(s, ",", i == 0 && pool[f].extra ? "+%s" : "%s", a);
		}
}

static inline void script_aside(struct script *s, char **w)
{
	char *save = NULL;
	for (char *a = strtok_r(w[1], ",", &save); a && s->n_aside < SCRIPT_WORDS; a = strtok_r(NULL, ",", &save))
		s->aside[s->n_aside++] = (struct aside){lab_address(a), a[strlen(a) - 1] == 'n'};
}

static struct address script_cuts[SCRIPT_WORDS];
static size_t script_n_cuts;
static bool script_sorted;

static inline void script_cut(struct script *s, char **w)
{
	char *save = NULL;
	(void)s;
	script_n_cuts = 0;
	script_sorted = w[2] != NULL;
	for (char *a = strtok_r(w[1], ",", &save); a && *a != '-' && script_n_cuts < SCRIPT_WORDS; a = strtok_r(NULL, ",", &save))
		script_cuts[script_n_cuts++] = lab_address(a);
}

static inline bool script_has_way(const struct address *a)
{
	for (size_t i = 0; i < script_n_cuts; i++)
		if (address_equal(&script_cuts[i], a))
			return false;
	return true;
}

/* NAME or NAME:PORT. */
static inline struct lookup script_lookup(struct script *s, char *text, struct name *n)
{
	struct lookup l = {.name = n, .aside = s->aside, .n_aside = s->n_aside,
			   .has_way = script_n_cuts ? script_has_way : NULL, .by_way = script_sorted};
	s->n_aside = 0;
	char *colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		script_port(colon + 1, &l.port, &l.transport);
	}
	*n = lab_name(text);
	return l;
}

static inline void script_ask(struct script *s, char **w)
{
	struct name n;
	struct name_ref ref;
	struct pool pool[FAMILIES];
	struct lookup l = script_lookup(s, w[1], &n);
	l.as_target = w[0][strlen(w[0]) - 1] == '+';
	script_pool(w[2], pool);
	if (pins_order(&s->lab.t, &l, ORDER_DNS, pool, &ref))
		script_say_pools(s, pool);
	else
		script_say(s, "", "%s", "untouched");
}

static inline void script_beside(struct script *s, char **w)
{
	struct name n;
	const struct name service = lab_name(w[1]);
	struct name_ref ref;
	struct pool pool[FAMILIES];
	struct lookup l = script_lookup(s, w[2], &n);
	l.as_target = true;
	l.beside = &service;
	script_pool(w[3], pool);
	script_say(s, "", "%s", pins_order(&s->lab.t, &l, ORDER_DNS, pool, &ref) ? "done" : "untouched");
}

static inline void script_lead(struct script *s, char **w)
{
	script_ask(s, w);
	s->out[strcspn(s->out, ",")] = '\0';
}

static inline void script_stale(struct script *s, char **w)
{
	struct name n;
	struct name_ref ref;
	struct pool pool[FAMILIES] = {{.asked = true}, {.asked = true}};
	struct lookup l = script_lookup(s, w[1], &n);
	if (pins_order(&s->lab.t, &l, ORDER_FAILED, pool, &ref))
		script_say_pools(s, pool);
	else
		script_say(s, "", "%s", "none");
}

static inline void script_down(struct script *s, char **w)
{
	struct known known;
	struct name n = lab_name(w[1]);
	script_say(s, "", "%s", pins_source(&s->lab.t, &n, &known) == ORDER_STALE ? "yes" : "no");
}

static inline enum cause script_cause(const char *text)
{
	static const struct {
		const char *text;
		enum cause cause;
	} causes[] = {{"ETIMEDOUT", CAUSE_TIMED_OUT}, {"EHOSTUNREACH", CAUSE_UNREACHABLE}, {"ECONNRESET", CAUSE_RESET},
		      {"503", CAUSE_SIP_503}, {"unanswered", CAUSE_UNANSWERED}, {"connected", CAUSE_CONNECTED}};
	for (size_t i = 0; text && i < sizeof causes / sizeof *causes; i++)
		if (strcmp(text, causes[i].text) == 0)
			return causes[i].cause;
	return CAUSE_NONE;
}

/* The names that the process looked up: `a+b`, or `*`. */
static inline size_t script_names(struct script *s, char *text, struct name_ref refs[static SCRIPT_WORDS])
{
	char *save = NULL;
	size_t n = 0;
	if (*text == '*')
		return 0;
	for (char *word = strtok_r(text, "+", &save); word && n < SCRIPT_WORDS; word = strtok_r(NULL, "+", &save)) {
		const struct name name = lab_name(word);
		n += table_find(&s->lab.t, &name, &refs[n]);
	}
	return n;
}

static inline void script_outcome(struct script *s, char **w)
{
	struct name_ref refs[SCRIPT_WORDS];
	struct outcome o = {.endpoint.addr = lab_address(w[2]), .reach = REACH_ALL, .names = refs,
			    .since = *w[0] == 'l' ? tick_now() - TICKS_PER_S : 0};
	script_port(w[3], &o.endpoint.port, &o.endpoint.transport);
	o.n_names = script_names(s, w[1], refs);
	const enum cause cause = script_cause(w[4]);
	o.why = cause ? cause : CAUSE_ANSWERED;
	bool known = *w[0] == 'f'   ? lab_failed(&s->lab.t, &o, cause ? cause : CAUSE_REFUSED)
		     : *w[0] == 'b' ? lab_reset(&s->lab.t, &o)
				    : lab_succeeded(&s->lab.t, &o);
	script_say(s, "", "%s", known ? "known" : "unknown");
}

/* An address in the lab's form, a target as HOST:PORT. */
static inline void script_text(const struct script *s, const struct address *a, char out[static TARGET_TEXT])
{
	if (address_is_target(a))
		target_format(&s->lab.t, a, out);
	else
		lab_text(a, out);
}

static inline void script_say_pin(struct script *s, const struct pin_view *p)
{
	char a[TARGET_TEXT], where[16] = "";
	script_text(s, &p->addr, a);
	script_say(s, ", ", "%s", a);
	script_say(s, " ", "%s", p->is_explicit ? "explicit" : p->confirmed ? "confirmed" : "tentative");
	if (p->confirmed && p->port) {
		snprintf(where, sizeof where, "%u%c", p->port, *transport_text(p->transport));
		script_say(s, " ", "%s", where);
	}
	if (p->failed)
		script_say(s, " ", "%s", "failed");
}

static inline void script_pin(struct script *s, char **w)
{
	struct name n = lab_name(w[1]);
	struct name_ref ref;
	struct name_view v;
	if (!table_find(&s->lab.t, &n, &ref) || !pins_view(&s->lab.t, ref, &v)) {
		script_say(s, "", "%s", "no-name");
		return;
	}
	for (unsigned f = 0; f < FAMILIES; f++)
		if (v.pin[f].present)
			script_say_pin(s, &v.pin[f]);
	if (!*s->out)
		script_say(s, "", "%s", "none");
}

/* "a:5060": a target; else an address. */
static inline struct address script_address(struct script *s, char *text)
{
	char *colon = strchr(text, ':');
	struct address a;
	if (!colon)
		return lab_address(text);
	*colon = '\0';
	const struct name host = lab_name(text);
	if (!pins_target(&s->lab.t, NULL, &host, (uint16_t)atoi(colon + 1), &a))
		errx(2, "%s: no room for the target", text);
	return a;
}

static inline void script_targets(struct script *s, char *text, struct pool *p)
{
	char *save = NULL;
	p->n = 0;
	for (char *a = strtok_r(text, ",", &save); a; a = strtok_r(NULL, ",", &save))
		p->addr[p->n++] = script_address(s, a);
}

static inline void script_healthy(struct script *s, char **w)
{
	struct name n = lab_name(w[1]);
	struct address a = script_address(s, w[2]);
	struct name_ref ref;
	struct name_view v = {0};
	if (table_find(&s->lab.t, &n, &ref))
		pins_view(&s->lab.t, ref, &v);
	for (size_t i = 0; i < v.n_candidates; i++)
		if (address_equal(&v.candidates[i].addr, &a))
			script_say(s, " and ", "%s", v.candidates[i].worst.circuit == CIRCUIT_CLOSED ? "yes" : "no");
	if (!*s->out)
		script_say(s, "", "%s", "none");
}

static inline void script_hand(struct script *s, char **w)
{
	static const char *const text[] = {[ADMIN_OK] = "done", [ADMIN_NO_NAME] = "no-name", [ADMIN_NO_ADDRESS] = "no-address",
					   [ADMIN_FULL] = "full", [ADMIN_READ_ONLY] = "read-only"};
	struct name n = lab_name(w[1]);
	struct pool pool[FAMILIES];
	bool dropped = false;
	enum admin_status status;
	if (strcmp(w[0], "drop") == 0) {
		status = pins_drop(&s->lab.t, &n);
	} else if (strcmp(w[0], "adopt") == 0) {
		struct address a = script_address(s, w[2]);
		status = pins_adopt(&s->lab.t, &n, &a);
	} else if (strcmp(w[0], "report") == 0) {
		struct address a = script_address(s, w[3]);
		status = pins_report_by_hand(&s->lab.t, &n, &a, *w[2] == 'o');
	} else {
		const enum family f = *w[2] == 'v' ? FAMILY_V6 : FAMILY_V4;
		const uint32_t ttl = w[3] ? (uint32_t)atoi(w[3]) : 0;
		if (name_is_service(&n))
			script_targets(s, w[2], &pool[FAMILY_SRV]);
		else
			script_pool(w[2], pool);
		status = strcmp(w[0], "set") == 0 ? pins_set(&s->lab.t, &n, pool[f].addr, pool[f].n, ttl)
						  : pins_refresh(&s->lab.t, &n, f, pool[f].addr, pool[f].n, ttl, &dropped);
	}
	script_say(s, "", "%s", dropped ? "dropped" : text[status]);
}

static inline void script_drain(struct script *s, char **w)
{
	struct address a = lab_address(w[1]);
	script_say(s, "", "%s", pins_drain(&s->lab.t, &a, *w[0] == 'd') == ADMIN_OK ? "done" : "failed");
}

static inline void script_cool(struct script *s, char **w)
{
	struct address a = lab_address(w[1]);
	uint16_t port;
	uint8_t transport;
	script_port(w[2], &port, &transport);
	const struct addr_record *r = addr_at(&s->lab.t, addr_find(&s->lab.t, &a));
	int slot = r ? endpoint_find(r, transport, port) : -1;
	struct health h = slot < 0 ? (struct health){0} : health_unpack(get64(&r->endpoints[slot].health));
	const uint32_t now_s = tick_now() / TICKS_PER_S;
	char seconds[16];
	snprintf(seconds, sizeof seconds, "%u", health_cooling_s(h, now_s));
	script_say(s, "", "%s", health_cooling_s(h, now_s) ? seconds : health_circuit(h, now_s) == CIRCUIT_HALF_OPEN ? "due" : "fit");
}

static inline void script_events(struct script *s, char **w)
{
	struct event e;
	uint64_t lost = 0;
	(void)w;
	while (journal_read(&s->lab.t, &s->seq, &e, &lost) == JOURNAL_OK) {
		char a[TARGET_TEXT] = "";
		if (e.has_addr)
			script_text(s, &e.addr, a);
		script_say(s, ", ", "%s", event_kind_text(e.kind));
		script_say(s, " ", "%s", a);
	}
}

static inline void script_wait(struct script *s, char **w)
{
	(void)s;
	clock_after(atof(w[1]));
}

static inline void script_other(struct script *s, char **w)
{
	struct lab old = s->lab;
	if (!s->other.t.header)
		lab_open(&s->other, w[1] ? (uint32_t)atoi(w[1]) : 64);
	s->lab = s->other;
	s->other = old;
	s->seq = 0;
}

static inline void script_take(struct script *s, char **w)
{
	char left[16];
	const bool place = strncmp(w[0], "take-place", 10) == 0, published = strcmp(w[0], "take-place+") == 0;
	snprintf(left, sizeof left, "%u", place ? pins_take_place(&s->lab.t, &s->other.t, published) : pins_take_over(&s->lab.t, &s->other.t));
	script_say(s, "", "%s", left);
}


#include "tests/unit/script-service.h"
#include "tests/unit/script-follow.h"
#include "tests/unit/script-settings.h"

static const struct script_verb {
	const char *word;
	void (*run)(struct script *s, char **w);
} script_verbs[] = {
	{"ask", script_ask},	     {"stale", script_stale},  {"down", script_down},	{"fail", script_outcome},
	{"ok", script_outcome},	     {"pin", script_pin},      {"set", script_hand},	{"drop", script_hand},
	{"refresh", script_hand},    {"report", script_hand},  {"drain", script_drain}, {"undrain", script_drain},
	{"cool", script_cool},	     {"opt", script_opt},      {"wait", script_wait},	{"events", script_events},
	{"healthy", script_healthy}, {"lead", script_lead},    {"srv", script_srv},	{"ask+", script_ask},
	{"broken", script_outcome},  {"late", script_outcome},  {"steer", script_steer},  {"steer-any", script_steer},
	{"aside", script_aside},	     {"beside", script_beside},     {"cut", script_cut},	{"other", script_other},
	{"take-over", script_take},  {"take-place", script_take}, {"take-place+", script_take},
	{"refresh-srv", script_srv_refresh}, {"adopt", script_hand}, {"ports", script_ports}, {"recall", script_recall},
	{"follow", script_follow},   {"ttl", script_seconds},  {"unused", script_seconds},
	{"host", script_opt},	     {"holds", script_holds},  {"names", script_say_names},
};

/* `24..36` takes any number between; all else is compared as text. */
static inline void script_compare(const char *step, const char *expected, const char *seen)
{
	unsigned low, high;
	if (sscanf(expected, "%u..%u", &low, &high) == 2)
		check_range(step, low, high, (uint64_t)atoi(seen));
	else
		check_text(step, expected, seen);
}

static inline void script_step(struct script *s, char *step)
{
	char shown[SCRIPT_TEXT], *w[SCRIPT_WORDS] = {NULL}, *save = NULL, *expected = strstr(step, "->");
	size_t n = 0;
	snprintf(shown, sizeof shown, "%s", step);
	if (expected) {
		*expected = '\0';
		expected += 2 + strspn(expected + 2, " ");
	}
	for (char *word = strtok_r(step, " ", &save); word && n < SCRIPT_WORDS; word = strtok_r(NULL, " ", &save))
		w[n++] = word;
	s->out[0] = '\0';
	for (size_t i = 0; n && i < sizeof script_verbs / sizeof *script_verbs; i++)
		if (strcmp(script_verbs[i].word, w[0]) == 0) {
			script_verbs[i].run(s, w);
			if (expected)
				script_compare(shown, expected, s->out);
			return;
		}
	check_true(shown, false);	/* no such verb */
}

/* Each row gets a table of its own. */
static inline void script_play(const char *group, const struct script_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct script s = {0};
		char steps[SCRIPT_TEXT], *save = NULL;
		lab_open(&s.lab, 64);
		script_n_cuts = 0;
		script_sorted = false;
		check_row("%s, %s", group, rows[i].rule);
		snprintf(steps, sizeof steps, "%s", rows[i].steps);
		for (char *step = strtok_r(steps, ";", &save); step; step = strtok_r(NULL, ";", &save))
			script_step(&s, step + strspn(step, " "));
		lab_close(&s.lab);
		lab_close(&s.other);
	}
}

#define SCRIPT_PLAY(group, rows) script_play(group, rows, sizeof(rows) / sizeof *(rows))

#endif
