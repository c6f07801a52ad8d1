/* Requests that were given up unanswered, and accounts that were refused: when do they speak against the server? */
#include "policy/pins/report.h"
#include "policy/pins/sip-health.h"
#include "tests/unit/lab.h"

#include "policy/base/clock.h"
#include "policy/table/addresses.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"

enum { STEPS = 14, OTHER = REQUEST_OTHER, REG = REQUEST_REGISTRATION, CALL = REQUEST_CALL };
enum what { END, GIVEN_UP, CLOSED, ANSWER, CONNECT, FAILURE, ELSEWHERE };

/* After `before` seconds, something happens; a request that is given up was sent `waited` seconds ago. */
struct step {
	enum what what;
	unsigned kind;
	double before, waited;
	bool failed;			/* expected of it */
};

static const struct {
	const char *rule;
	struct step steps[STEPS];
} rows[] = {
	{"one REGISTER of 3 s says nothing", {{GIVEN_UP, REG, 3, 3, false}}},
	{"one of 8 s is enough", {{GIVEN_UP, REG, 8, 8, true}}},
	{"so is an INVITE", {{GIVEN_UP, CALL, 8, 8, true}}},
	{"of another method not even one of 32 s: a proxy may wait itself", {{GIVEN_UP, OTHER, 32, 32, false}}},
	{"but a second", {{GIVEN_UP, OTHER, 32, 32, false}, {GIVEN_UP, OTHER, 3, 3, true}}},
	{"two of 3 s, one after the other", {{GIVEN_UP, REG, 3, 3, false}, {GIVEN_UP, REG, 3, 3, true}}},
	{"three of 1 s", {{GIVEN_UP, REG, 1, 1, false}, {GIVEN_UP, REG, 1, 1, false}, {GIVEN_UP, REG, 1, 1, true}}},
	{"two of 1 s say nothing yet", {{GIVEN_UP, REG, 1, 1, false}, {GIVEN_UP, REG, 10, 1, false}}},
	{"many at once are no more than one", {{GIVEN_UP, REG, 1, 1, false}, {GIVEN_UP, REG, 0, 1, false}, {GIVEN_UP, REG, 0, 1, false},
					       {GIVEN_UP, REG, 0, 1, false}, {GIVEN_UP, REG, 0, 1, false}}},
	{"until time has passed", {{GIVEN_UP, REG, 1, 1, false}, {GIVEN_UP, REG, 0, 1, false}, {GIVEN_UP, REG, 0, 1, false},
				   {GIVEN_UP, REG, 2, 1, true}}},
	{"less than half a second is no wait", {{GIVEN_UP, REG, 1, 0.3, false}, {GIVEN_UP, REG, 1, 0.3, false}, {GIVEN_UP, REG, 1, 0.3, false},
						{GIVEN_UP, REG, 1, 0.3, false}}},
	{"an answer of that kind begins a new row", {{GIVEN_UP, REG, 3, 3, false}, {ANSWER, REG, 0.5, 0, false}, {GIVEN_UP, REG, 3.5, 3, false},
						     {GIVEN_UP, REG, 3, 3, true}}},
	{"one that comes while it waits, too", {{GIVEN_UP, REG, 3, 3, false}, {ANSWER, REG, 1, 0, false}, {GIVEN_UP, REG, 1, 3, false}}},
	{"every other is lost", {{GIVEN_UP, REG, 1, 1, false}, {ANSWER, REG, 0.5, 0, false}, {GIVEN_UP, REG, 1, 1, false},
				 {ANSWER, REG, 0.5, 0, false}, {GIVEN_UP, REG, 1, 1, true}}},
	{"every fifth is lost", {{GIVEN_UP, REG, 1, 1, false}, {ANSWER, REG, 1, 0, false}, {ANSWER, REG, 1, 0, false}, {ANSWER, REG, 1, 0, false},
				 {ANSWER, REG, 1, 0, false}, {GIVEN_UP, REG, 1, 1, false}, {ANSWER, REG, 1, 0, false}, {ANSWER, REG, 1, 0, false},
				 {ANSWER, REG, 1, 0, false}, {ANSWER, REG, 1, 0, false}, {GIVEN_UP, REG, 1, 1, false}}},
	{"OPTIONS that are answered excuse no REGISTER", {{GIVEN_UP, REG, 3, 3, false}, {ANSWER, OTHER, 1, 0, false}, {ANSWER, CALL, 1, 0, false},
							  {GIVEN_UP, REG, 1, 3, true}}},
	{"but any answer excuses OPTIONS", {{GIVEN_UP, OTHER, 3, 3, false}, {ANSWER, REG, 1, 0, false}, {GIVEN_UP, OTHER, 2, 3, false}}},
	{"kinds are not added up", {{GIVEN_UP, REG, 3, 3, false}, {GIVEN_UP, CALL, 3, 3, false}, {GIVEN_UP, OTHER, 3, 3, false}}},
	{"a connect excuses nothing", {{GIVEN_UP, REG, 3, 3, false}, {CONNECT, 0, 1, 0, false}, {GIVEN_UP, REG, 2, 3, true}}},
	{"a failure begins anew", {{GIVEN_UP, REG, 3, 3, false}, {FAILURE, 0, 1, 0, false}, {GIVEN_UP, REG, 2, 3, false}}},
	{"told once", {{GIVEN_UP, REG, 8, 8, true}, {FAILURE, 0, 0, 0, false}, {GIVEN_UP, REG, 0, 8, false}, {GIVEN_UP, REG, 1, 8, false}}},
	{"more than a minute apart", {{GIVEN_UP, REG, 3, 3, false}, {GIVEN_UP, REG, 64, 3, false}}},
	{"to another port", {{GIVEN_UP, REG, 3, 3, false}, {ELSEWHERE, REG, 3, 3, false}, {GIVEN_UP, REG, 0.5, 3, true}}},
	{"three connections closed without a byte, however short",
	 {{CLOSED, REG, 1, 0, false}, {CLOSED, REG, 0.1, 0, false}, {CLOSED, REG, 0.1, 0, true}}},
	{"only in a row", {{CLOSED, REG, 1, 0, false}, {CLOSED, REG, 0.1, 0, false}, {ANSWER, REG, 0.1, 0, false}, {CLOSED, REG, 0.1, 0, false},
			   {CLOSED, REG, 0.1, 0, false}}},
	{"those and one given up add up", {{CLOSED, REG, 1, 0, false}, {GIVEN_UP, REG, 3, 3, false}, {CLOSED, REG, 0.1, 0, true}}},
};

static struct endpoint endpoint_of(uint16_t port) { return (struct endpoint){lab_v4(1), port, TRANSPORT_TCP}; }

static bool happen(struct table *t, const struct step *s)
{
	const uint32_t now = tick_now(), since = now - (uint32_t)(s->waited * TICKS_PER_S);
	struct outcome o = {.endpoint = endpoint_of(s->what == ELSEWHERE ? 5061 : 5060), .reach = 1};
	const struct vain_wait w = {.kind = s->kind, .since = since, .until = now, .closed = s->what == CLOSED};
	switch (s->what) {
	case GIVEN_UP:
	case ELSEWHERE:
	case CLOSED: return endpoint_waited(t, &o.endpoint, &w);
	case ANSWER: return endpoint_heard(t, addr_find(t, &o.endpoint.addr), &o.endpoint, s->kind, false), false;
	case CONNECT: return lab_succeeded(t, &o), false;
	case FAILURE: return lab_failed(t, &o, CAUSE_UNANSWERED), false;
	case END: break;
	}
	return false;
}

static void begin(struct lab *lab)
{
	struct name_ref ref;
	struct address a[] = {lab_v4(1), lab_v4(2)};
	const struct name n = lab_name("sip");
	lab_open(lab, 8);
	lab_lookup(&lab->t, &n, a, 2, &ref);
}

static void waits(void)
{
	struct lab lab;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(&lab);
		for (const struct step *s = rows[i].steps; s->what != END; s++) {
			clock_after(s->before);
			check_row("%s, step %d", rows[i].rule, (int)(s - rows[i].steps) + 1);
			check_number("failed", s->failed, happen(&lab.t, s));
		}
		lab_close(&lab);
	}
	begin(&lab);
	check_row("to an address that nobody knows");
	const struct outcome stranger = {.endpoint = {lab_v4(9), 5060, TRANSPORT_TCP}};
	check_true("not failed", !endpoint_waited(&lab.t, &stranger.endpoint, &(struct vain_wait){REQUEST_CALL, 1, tick_now(), false}));
	lab_close(&lab);
}

/* Letters are accounts: `a` uses the endpoint, `-a` is refused, `+a` served; `.` a minute goes by, `:` an hour. */
static void accounts(void)
{
	static const struct {
		const char *what, *story;
		const char *counts;		/* which of the refusals do */
	} stories[] = {
		{"a phone's only account", "a-a", "a"},
		{"and again", "a-a..-a", "aa"},
		{"one of two", "ab-a-a-a", ""},
		{"two of two", "ab-a-b", "b"},
		{"two of many", "abcd-c.-a", "a"},
		{"one that was served since", "ab-a+a-b", ""},
		{"one is served, the other is not", "ab-b+a-a", "a"},
		{"the other was used an hour ago", "b:.-a", "a"},
		{"the other was used a minute ago", "b.-a", ""},
		{"the one that always fails does not count for ever", "ab-a:.ab-b", ""},
		{"after it counted, all begin anew", "ab-a-b-a", "b"},
	};
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
		struct lab lab;
		char counts[16] = "";
		const struct endpoint e = endpoint_of(5060);
		begin(&lab);
		for (const char *p = stories[i].story; *p; p++)
			if (*p == '.')
				clock_after(60);
			else if (*p == ':')
				clock_after(3600);
			else if (*p == '+')
				account_served(&lab.t, &e, (uint16_t)*++p);
			else if (*p != '-')
				account_used(&lab.t, &e, (uint16_t)*p);
			else if (account_refused(&lab.t, &e, (uint16_t)*++p))
				strncat(counts, p, 1);
		check_row("refused: %s: %s", stories[i].what, stories[i].story);
		check_text("count", stories[i].counts, counts);
		lab_close(&lab);
	}
}

/* More endpoints than there is room for: the latest are known, and nobody is taken for another. */
static void crowd(void)
{
	struct lab lab;
	struct address a[1];
	const struct name n = lab_name("crowd");
	struct name_ref ref;
	unsigned wrong = 0;
	lab_open(&lab, 8);
	a[0] = lab_v4(1);
	lab_lookup(&lab.t, &n, a, 1, &ref);
	const addr_ref at = addr_find(&lab.t, a);
	for (uint16_t port = 1; port <= 4000; port++) {
		const struct endpoint e = endpoint_of(port);
		account_used(&lab.t, &e, port);
		wrong += account_refused(&lab.t, &e, port) ? 0 : 1;
		clock_after(0.0625);
	}
	check_row("a crowd of endpoints");
	check_number("accounts that were not alone with theirs", 0, wrong);
	check_true("of an endpoint that has no slot nothing was heard",
		   endpoint_heard_age(&lab.t, at, &(struct endpoint){a[0], 1, TRANSPORT_TCP}, REQUEST_CALL) == UINT32_MAX);
	lab_close(&lab);
}

int main(void)
{
	waits();
	accounts();
	crowd();
	return check_done();
}
