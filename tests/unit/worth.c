/*
 * worth.c: who gives way when the table is full: names, hosts of services, addresses.
 *
 * Each row makes one name, lets time pass, and then 300 names that are asked for once come into a table of 16 records.
 */
#include "policy/pins/admin.h"
#include "policy/pins/report.h"
#include "policy/pins/service.h"
#include "policy/table/addresses.h"
#include "policy/table/journal.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

enum { RECORDS = 16, FLOOD = 300, MINE = 1, OTHER = 2 };	/* the two addresses of the name */

enum what {
	ASKED = 0,
	OK_NOW = 1, OK_SOON = 2, OK_LATER = 4,	/* a success: at once, 50 s and 3 minutes later */
	MOVED = 8,				/* its pin fails, and moves to the other address */
	SET = 16, SET_TTL = 32,			/* by hand, for ever and for an hour */
	LISTED = 64,				/* by hand: the other address first, then its own */
	DRAINED = 128,
	SERVICE = 256,				/* it is the host of a service, which all of that is done to */
};

/* What comes: names only, whose servers answer, whose servers refuse, services. */
enum flood { SILENT, ANSWERING, REFUSING, SERVICES };

struct row {
	const char *rule;
	unsigned what;
	double idle_s;
	bool answers;			/* its server is heard of by others in the meantime */
	enum flood flood;
	bool name, address;		/* is the name kept, and the address MINE? */
};

static const struct row rows[] = {
	{"asked for once: gives way", ASKED, 1, false, SILENT, false, false},
	{"a success: stays where none was seen", OK_NOW, 1, false, SILENT, true, true},
	{"a success: no more than what answers too", OK_NOW, 1, false, ANSWERING, false, false},
	{"a success: for an hour", OK_NOW, 3700, false, SILENT, false, false},
	{"successes within a minute prove nothing", OK_NOW | OK_SOON, 1, false, ANSWERING, false, false},
	{"successes that lie apart do", OK_NOW | OK_LATER, 1, false, ANSWERING, true, true},
	{"proven: nor does what refuses take its place", OK_NOW | OK_LATER, 1, false, REFUSING, true, true},
	{"proven: nor do services", OK_NOW | OK_LATER, 1, false, SERVICES, true, true},
	{"proven, and moved: the server that cools off stays too", OK_NOW | OK_LATER | MOVED, 1, false, REFUSING, true, true},
	{"not proven: its server that cools off does not", OK_NOW | MOVED, 1, false, REFUSING, true, false},
	{"proven: for three hours without a lookup", OK_NOW | OK_LATER, 3 * 3600 - 60, false, ANSWERING, true, true},
	{"proven: no longer", OK_NOW | OK_LATER, 3 * 3600 + 60, false, ANSWERING, false, false},
	{"proven: longer while its server answers", OK_NOW | OK_LATER, 20 * 3600, true, ANSWERING, true, true},
	{"proven: for a day then", OK_NOW | OK_LATER, 25 * 3600, true, ANSWERING, false, false},
	{"set by hand: for ever", SET, 1e6, false, ANSWERING, true, true},
	{"set by hand: until its time is over", SET_TTL, 3500, false, ANSWERING, true, true},
	{"set by hand: not after", SET_TTL, 3700, false, ANSWERING, false, false},
	{"the list of what is set by hand stays", LISTED, 1e6, false, REFUSING, true, true},
	{"a drained address stays", DRAINED, 1e6, false, REFUSING, false, true},
	{"the host of a service gives way", SERVICE | ASKED, 1, false, ANSWERING, false, false},
	{"the host of a service of one success, too", SERVICE | OK_NOW, 1, false, ANSWERING, false, false},
	{"the host of a proven service stays", SERVICE | OK_NOW | OK_LATER, 1, false, SERVICES, true, true},
	{"the host of a service that is set by hand stays", SERVICE | SET, 1e6, false, SERVICES, true, false},
};

static struct name numbered(const char *format, unsigned k)
{
	char text[64];
	snprintf(text, sizeof text, format, k);
	return lab_name(text);
}

static struct name_ref look_up(struct table *t, const struct name *n, unsigned address)
{
	const struct address pool[] = {lab_v4(address), lab_v4(OTHER)};
	struct name_ref ref;
	lab_lookup(t, n, pool, address == MINE ? 2 : 1, &ref);
	return ref;
}

static void report(struct table *t, unsigned address, struct name_ref ref, bool ok)
{
	const struct outcome o = {.endpoint = {lab_v4(address), 5060, TRANSPORT_UDP}, .names = &ref, .n_names = 1,
				  .reach = REACH_SHIM, .why = CAUSE_ANSWERED};
	if (ok)
		lab_succeeded(t, &o);
	else
		lab_failed(t, &o, CAUSE_REFUSED);
}

static struct address ask_service(struct table *t, const struct name *service, const struct name *host)
{
	struct srv_record record = {.weight = 1};
	struct name_ref ref;
	if (pins_target(t, service, host, 5060, &record.target))
		pins_service(t, service, NULL, &record, 1, false, &ref);
	return record.target;
}

/* ---- the name ---- */

static void make(struct table *t, unsigned what, const struct name *n)
{
	const struct name service = lab_name("_sip._udp.mine.example");
	const struct address target = what & SERVICE ? ask_service(t, &service, n) : lab_v4(MINE), list[] = {lab_v4(OTHER), target};
	const struct name *owner = what & SERVICE ? &service : n;
	struct name_ref ref = look_up(t, n, MINE);
	if (what & OK_NOW)
		report(t, MINE, ref, true);
	if (what & (OK_SOON | OK_LATER)) {
		clock_after(what & OK_SOON ? 50 : 180);
		if (what & SERVICE)
			ask_service(t, &service, n);
		report(t, MINE, ref = look_up(t, n, MINE), true);
	}
	if (what & MOVED)
		report(t, MINE, ref, false);
	if (what & (SET | SET_TTL))
		pins_set(t, owner, &target, 1, what & SET_TTL ? 3600 : 0);
	if (what & LISTED)
		pins_set(t, owner, list, 2, 0);
	if (what & DRAINED)
		pins_drain(t, &target, true);
}

/* Somebody else, who did not look up the name, hears of its server. */
static void pass(struct table *t, const struct row *r)
{
	clock_after(r->idle_s - 60);
	if (r->answers)
		lab_succeeded(t, &(struct outcome){.endpoint = {lab_v4(MINE), 5060, TRANSPORT_UDP}, .why = CAUSE_ANSWERED});
	clock_after(60);
}

/* ---- the flood ---- */

static unsigned come(struct table *t, enum flood flood)
{
	unsigned served = 0;
	for (unsigned k = 0; k < FLOOD; k++) {
		const struct name n = numbered("once%u.example", k), service = numbered("_sip._udp.s%u.example", k);
		struct name_ref ref;
		clock_after(0.1);
		if (flood == SERVICES)
			ask_service(t, &service, &n);
		ref = look_up(t, &n, 1000 + k);
		if (flood != SILENT)
			report(t, 1000 + k, ref, flood != REFUSING);
		served += table_find(t, &n, &ref);
	}
	return served;
}

/* The flood writes more events than the journal keeps: the last one of the name. */
static struct event last;

static void remember(const struct table *t, const struct event *e)
{
	(void)t;
	if (strcmp(e->name, "mine.example") == 0 || strcmp(e->name, "proven0.example") == 0)
		last = *e;
}

static void judge(const struct row *r)
{
	const struct name n = lab_name("mine.example");
	const struct address mine = lab_v4(MINE);
	struct name_ref ref;
	struct lab lab;
	lab_open(&lab, RECORDS / 2);
	lab.t.observer = remember;
	last = (struct event){0};
	make(&lab.t, r->what, &n);
	pass(&lab.t, r);
	const unsigned served = come(&lab.t, r->flood);
	check_row("%s", r->rule);
	check_number("names of the flood that were served", FLOOD, served);
	check_number("the name is there", r->name, table_find(&lab.t, &n, &ref));
	check_number("its address is there", r->address, addr_find(&lab.t, &mine) != 0);
	if (!r->name && !(r->what & SERVICE))		/* who had worked is missed */
		check_number("an event says that it gave way", (r->what & (OK_NOW | OK_SOON | OK_LATER | SET | SET_TTL)) != 0,
			     last.kind == EVENT_EVICTED);
	lab_close(&lab);
}

/* ---- full of proven names ---- */

static void fill(struct table *t)
{
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned k = 0; k < RECORDS; k++) {
			const struct name n = numbered("proven%u.example", k);
			clock_after(1);
			report(t, 100 + k, look_up(t, &n, 100 + k), true);
		}
		clock_after(180);
	}
}

static unsigned count(const struct table *t, const char *format)
{
	unsigned there = 0;
	for (unsigned k = 0; k < RECORDS; k++) {
		const struct name n = numbered(format, k);
		struct name_ref ref;
		there += table_find(t, &n, &ref);
	}
	return there;
}

static void full(void)
{
	const struct name one_more = lab_name("more.example");
	const struct address first = lab_v4(100);
	struct lab lab;
	lab_open(&lab, RECORDS / 2);
	lab.t.observer = remember;
	fill(&lab.t);
	struct table *t = &lab.t;

	check_row("full of proven names: who looks up another one passes through, and is counted");
	const uint64_t before = get64(&t->header->counters[COUNT_NAMES_FULL]);
	check_number("proven", RECORDS, count(t, "proven%u.example"));
	check_number("served", 0, come(t, ANSWERING));
	check_number("counted", FLOOD, get64(&t->header->counters[COUNT_NAMES_FULL]) - before);
	check_number("proven", RECORDS, count(t, "proven%u.example"));

	check_row("full of proven names: for what is set by hand the idlest gives way, which is an event");
	check_number("set", ADMIN_OK, pins_set(t, &one_more, &first, 1, 0));
	check_number("proven", RECORDS - 1, count(t, "proven%u.example"));
	check_number("kind", EVENT_EVICTED, last.kind);
	check_number("cause", CAUSE_FULL, last.cause);
	check_true("the address that it led to", last.has_addr && address_equal(&last.addr, &first));

	check_row("full: what was set by hand gives way to nothing");
	for (unsigned k = 1; k < RECORDS; k++) {
		const struct name n = numbered("set%u.example", k);
		check_number("set", ADMIN_OK, pins_set(t, &n, &first, 1, 0));
	}
	const struct name n = lab_name("last.example");
	check_number("one more", ADMIN_FULL, pins_set(t, &n, &first, 1, 0));
	check_number("set before", RECORDS - 1, count(t, "set%u.example"));

	check_row("full: but pins whose time is over do");
	for (unsigned k = 1; k < RECORDS; k++) {
		const struct name old = numbered("set%u.example", k);
		pins_set(t, &old, &first, 1, 10);
	}
	clock_after(11);
	check_number("one more", ADMIN_OK, pins_set(t, &n, &first, 1, 0));
	lab_close(&lab);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		judge(&rows[i]);
	full();
	return check_done();
}
