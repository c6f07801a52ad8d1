/*
 * redirect-cache.c: what the shim remembers of endpoints, and what ends that: a change in the table, a lookup, time.
 *
 * Names of this process are in the test's hands, the table is a real one, and each row changes
 * something before what was decided is noted, or after.
 */
#include "policy/pins/report.h"
#include "policy/table/effective.h"
#include "shim/core/given.h"
#include "shim/core/session.h"
#include "shim/core/redirect-cache.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

/* ---- what this process looked up (session.h) ---- */

static unsigned lookups, decisions;

unsigned recent_count(void) { return lookups; }

bool session_chooses(void) { return false; }

bool session_wants(const struct name *n)
{
	(void)n;
	return true;
}

/* ---- what this program was given (given.h): all, or nothing ---- */

static bool gives = true;

unsigned given_count(void) { return !gives; }

bool given_by(const struct name *n, const struct address *a)
{
	(void)n, (void)a;
	return gives;
}

/* ---- recent lookups ---- */

/* Asked for once for each decision. None: all names that hold an address count. */
bool recent_asked(struct name_ref ref) { return ref.slot == UINT32_MAX; }

size_t recent_names(struct name_ref out[static RECENT])
{
	(void)out;
	decisions++;
	return 0;
}

bool dns_port(uint16_t port) { return port == 53; }

/* ---- a table: name a on 1, 2, 3, pinned on 1 ---- */

static struct lab lab;

static struct endpoint place(unsigned i)
{
	return (struct endpoint){lab_v4(i), 5060, TRANSPORT_UDP};
}

static void begin(void)
{
	const struct name a = lab_name("a");
	const struct address addrs[] = {lab_v4(1), lab_v4(2), lab_v4(3)};
	struct name_ref ref;
	gives = true;
	lab_open(&lab, 64);
	lab_lookup(&lab.t, &a, addrs, 3, &ref);
	clock_after(10);
	clock_ns -= clock_ns % 1000000000;	/* the beginning of a second */
}

static void fail(unsigned i)
{
	const struct outcome o = {.endpoint = place(i), .reach = REACH_ALL};
	lab_failed(&lab.t, &o, CAUSE_REFUSED);
}

static void steer_off(void)
{
	struct settings_block b = {.given = 1u << SET_STEER, .set = settings_builtin()};
	b.set.value[SET_STEER] = STEER_OFF;
	settings_store(&lab.t, &b, NULL, 0, NULL);
}

enum change { NOTHING, PIN_MOVES, OTHER_FAILS, SETTING, LOOKUP, GIVEN, SHORTLY, SECOND };

static void change(enum change c)
{
	switch (c) {
	case NOTHING: break;
	case PIN_MOVES: fail(1); break;
	case OTHER_FAILS: fail(2); break;
	case SETTING: steer_off(); break;
	case LOOKUP: lookups++; break;
	case GIVEN: gives = !gives; break;
	case SHORTLY: clock_after(1.0 / 32); break;	/* of a tick of 1/16 s */
	case SECOND: clock_after(1); break;
	}
}

/* ---- four memories ---- */

static uint64_t key;

static bool quiet_known(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5060), .sin_addr.s_addr = htonl(0xc0000201)};
	return steady_look(key = steady_address(&lab.t, (struct sockaddr *)&to, sizeof to, clock_ns / 1000000)) == STEADY_CANDIDATE;
}

static void quiet_note(void) { steady_note(key, true); }

static bool still_known(void)
{
	return steady_look(key = steady_peer(&lab.t, 7, clock_ns / 1000000)) == STEADY_CANDIDATE;
}

static void still_note(void) { steady_note(key, true); }

static bool told_known(void)
{
	const struct endpoint e = place(1);
	return success_reported(&lab.t, &e, SUCCESS_CONNECT);
}

static void told_note(void)
{
	const struct endpoint e = place(1);
	success_note_reported(&lab.t, &e, SUCCESS_CONNECT);
}

static bool registered_known(void)
{
	const struct endpoint e = place(1);
	return success_reported(&lab.t, &e, success_of(REQUEST_REGISTRATION, true));
}

static void registered_note(void)
{
	const struct endpoint e = place(1);
	success_note_reported(&lab.t, &e, success_of(REQUEST_REGISTRATION, true));
}

/* An address, and a count of lookups, each another: both are bits that go into one key. */
static void two_addresses(void)
{
	struct sockaddr_in one = {.sin_family = AF_INET, .sin_port = htons(5060), .sin_addr.s_addr = htonl(0xc0000201)};
	struct sockaddr_in other = one;
	unsigned taken = 0;
	begin();
	for (unsigned bit = 0; bit < 32; bit++)
		for (unsigned more = 1; more < 16; more++) {
			other.sin_addr.s_addr = htonl(0xc0000201 ^ 1u << bit);
			steady_look(key = steady_address(&lab.t, (struct sockaddr *)&one, sizeof one, clock_ns / 1000000));
			steady_note(key, false);
			lookups += more;
			taken += steady_look(key = steady_address(&lab.t, (struct sockaddr *)&other, sizeof other, clock_ns / 1000000)) !=
				 STEADY_NOT;
		}
	check_row("what is known of one address is not taken for another's after lookups");
	check_number("taken", 0, taken);
	lab_close(&lab);
}

static const struct memory {
	const char *name;
	bool (*known)(void);
	void (*note)(void);
} memories[] = {
	{"an address that is quiet", quiet_known, quiet_note},
	{"a connection that is quiet", still_known, still_note},
	{"a success that was told", told_known, told_note},
	{"that of a REGISTER", registered_known, registered_note},
};

static void play(const struct memory *m)
{
	static const struct {
		const char *rule;
		enum change before, after;	/* it is noted */
		bool known;
	} rows[] = {
		{"holds", NOTHING, NOTHING, true},
		{"for a while", NOTHING, SHORTLY, true},
		{"not in the next second", NOTHING, SECOND, false},
		{"until the pin moves", NOTHING, PIN_MOVES, false},
		{"until an endpoint fails", NOTHING, OTHER_FAILS, false},
		{"until a setting changes", NOTHING, SETTING, false},
		{"until a name is looked up", NOTHING, LOOKUP, false},
		{"until an address is given", NOTHING, GIVEN, false},
		{"the pin moved before it was noted", PIN_MOVES, NOTHING, false},
		{"an endpoint failed before it was noted", OTHER_FAILS, NOTHING, false},
		{"a setting changed before it was noted", SETTING, NOTHING, false},
		{"a name was looked up before it was noted", LOOKUP, NOTHING, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("%s: %s", m->name, rows[i].rule);
		begin();
		check_true("not known at first", !m->known());
		change(rows[i].before);
		m->note();
		change(rows[i].after);
		check_true(rows[i].known ? "known" : "not known", m->known() == rows[i].known);
		lab_close(&lab);
	}
}

/* One that has told something must not say it of what another has found out. */
static void kinds(void)
{
	const struct endpoint e = place(1), other = place(2);
	begin();
	check_row("a success that was told is none of a REGISTER, nor of another endpoint");
	check_true("not told", !success_reported(&lab.t, &e, SUCCESS_CONNECT));
	success_note_reported(&lab.t, &e, SUCCESS_CONNECT);
	check_true("told", success_reported(&lab.t, &e, SUCCESS_CONNECT));
	check_true("of a REGISTER", !success_reported(&lab.t, &e, success_of(REQUEST_REGISTRATION, true)));
	check_true("another endpoint", !success_reported(&lab.t, &other, SUCCESS_CONNECT));
	check_row("a stranger is quiet, too");
	check_true("not at first", steady_look(key = steady_peer(&lab.t, 8, clock_ns / 1000000)) == STEADY_NOT);
	steady_note(key, false);
	check_true("then", steady_look(key = steady_peer(&lab.t, 8, clock_ns / 1000000)) == STEADY_STRANGER);
	lab_close(&lab);
}

/* ---- where it goes ---- */

static void cached_text(unsigned place_of, char out[static 64])
{
	const struct endpoint e = place(place_of);
	char to[ADDRESS_TEXT];
	struct cached_redirect v;
	redirect_cached(&lab.t, &e, &v);
	lab_text(&v.to.addr, to);
	snprintf(out, 64, "%s", !v.ref ? "stranger" : v.redirects_requests ? to : v.settled ? v.reported ? "told" : "stays" : "?");
}

static void decided(void)
{
	static const struct {
		const char *rule;
		unsigned asked;
		const char *first;
		enum change change;
		const char *then;
		unsigned decisions;		/* for both */
	} rows[] = {
		{"the pin stays", 1, "stays", NOTHING, "stays", 1},
		{"another goes to the pin", 2, "1", NOTHING, "1", 1},
		{"a stranger is none's", 9, "stranger", NOTHING, "stranger", 0},
		{"is remembered for a while", 2, "1", SHORTLY, "1", 1},
		{"and the pin, too", 1, "stays", SHORTLY, "stays", 1},
		{"is decided anew after a second", 2, "1", SECOND, "1", 2},
		{"the pin, too", 1, "stays", SECOND, "stays", 2},
		{"when the pin moved", 3, "1", PIN_MOVES, "2", 2},
		{"the old pin, too", 1, "stays", PIN_MOVES, "2", 2},
		{"when a setting changed", 2, "1", SETTING, "stays", 2},
		{"when a name was looked up", 2, "1", LOOKUP, "1", 2},
		{"when what was given changed", 2, "1", GIVEN, "stays", 2},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[64];
		check_row("redirection: %s", rows[i].rule);
		begin();
		decisions = 0;
		cached_text(rows[i].asked, text);
		check_text("at first", rows[i].first, text);
		change(rows[i].change);
		cached_text(rows[i].asked, text);
		check_text("then", rows[i].then, text);
		check_number("decisions", rows[i].decisions, decisions);
		lab_close(&lab);
	}
}

/* That a success was told shows in what is known of the pin, which is asked for anyway. */
static void told_of_the_pin(void)
{
	static const struct {
		const char *rule;
		enum change before, after;
		const char *then;
	} rows[] = {
		{"told", NOTHING, NOTHING, "told"},
		{"told, and an endpoint failed", NOTHING, OTHER_FAILS, "stays"},
		{"an endpoint failed before it was noted", OTHER_FAILS, NOTHING, "stays"},
		{"told in an earlier tick", NOTHING, SECOND, "stays"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[64];
		check_row("the pin: %s", rows[i].rule);
		begin();
		cached_text(1, text);
		check_true("not told at first", !told_known());
		change(rows[i].before);
		cached_text(1, text);
		check_text("before it is noted", "stays", text);
		told_note();
		change(rows[i].after);
		cached_text(1, text);
		check_text("then", rows[i].then, text);
		lab_close(&lab);
	}
}

static void holds(void)
{
	const struct endpoint e = place(1);
	struct cached_redirect v;
	begin();
	check_row("a redirection holds until something changes");
	redirect_cached(&lab.t, &e, &v);
	check_true("at first", redirect_holds(&lab.t, v.epoch));
	fail(2);
	check_true("no longer", !redirect_holds(&lab.t, v.epoch));
	lab_close(&lab);
}

int main(void)
{
	for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
		play(&memories[i]);
	two_addresses();
	kinds();
	decided();
	told_of_the_pin();
	holds();
	return check_done();
}
