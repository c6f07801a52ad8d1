/* Connects that were given up unanswered, and that timed out: when do they make a failure? */
#include "policy/base/clock.h"
#include "policy/pins/health.h"
#include "policy/pins/report.h"
#include "policy/table/addresses.h"
#include "policy/table/effective.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

enum { STEPS = 14 };
enum what { END, GIVEN_UP, SUCCESS, ANSWER, THROUGH, FAILURE, TIMED_OUT, OTHER_PORT };

/* After `before` seconds, something happens; a connect that is given up began `waited` seconds ago. */
struct step {
	enum what what;
	double before, waited;
	bool failed;			/* expected of it */
};

static const struct {
	const char *rule;
	struct step steps[STEPS];
} rows[] = {
	{"one says nothing", {{GIVEN_UP, 2, 2, false}}},
	{"but after 3 s", {{GIVEN_UP, 3, 3, true}}},
	{"two of 2 s in 4 s", {{GIVEN_UP, 2, 2, false}, {GIVEN_UP, 2, 2, true}}},
	{"with a pause between", {{GIVEN_UP, 2, 2, false}, {GIVEN_UP, 30, 2, true}}},
	{"at the same time: the 3 s have not passed", {{GIVEN_UP, 2, 2, false}, {GIVEN_UP, 0, 2, false}, {GIVEN_UP, 0, 2, false}}},
	{"short ones take more", {{GIVEN_UP, 1, 0.5, false}, {GIVEN_UP, 1, 0.5, false}, {GIVEN_UP, 1, 0.5, false},
				  {GIVEN_UP, 1, 0.5, false}, {GIVEN_UP, 1, 0.5, false}, {GIVEN_UP, 1, 0.5, true}}},
	{"an answer between begins anew", {{GIVEN_UP, 2, 2, false}, {SUCCESS, 0.5, 0, false}, {GIVEN_UP, 2.5, 2, false},
					   {GIVEN_UP, 2, 2, true}}},
	{"also one that follows another at once", {{SUCCESS, 1, 0, false}, {GIVEN_UP, 0.6, 0.5, false}, {SUCCESS, 0.2, 0, false},
						   {GIVEN_UP, 2.8, 2.6, false}, {GIVEN_UP, 1, 1, true}}},
	{"so does a failure", {{GIVEN_UP, 2, 2, false}, {FAILURE, 0.5, 0, false}, {GIVEN_UP, 2.5, 2, false}}},
	{"told once", {{GIVEN_UP, 2, 2, false}, {GIVEN_UP, 2, 2, true}, {GIVEN_UP, 0, 2, false}}},
	{"more than a minute apart", {{GIVEN_UP, 2, 2, false}, {GIVEN_UP, 62, 2, false}}},
	{"to another port", {{GIVEN_UP, 2, 2, false}, {OTHER_PORT, 2, 2, false}, {GIVEN_UP, 2, 2, false}}},
	{"longer than any connect waits", {{GIVEN_UP, 200, 200, false}}},
	{"a time-out", {{TIMED_OUT, 3, 3, true}}},
	{"a time-out since the last answer", {{SUCCESS, 1, 0, false}, {TIMED_OUT, 3, 3, true}}},
	{"a time-out while others got through", {{SUCCESS, 1, 0, false}, {SUCCESS, 0.5, 0, false}, {TIMED_OUT, 2.7, 3, false},
						 {TIMED_OUT, 1, 3, true}}},
	{"the same, when of the last nothing was told", {{SUCCESS, 1, 0, false}, {THROUGH, 2, 0, false}, {TIMED_OUT, 2.7, 3, false},
							 {TIMED_OUT, 1, 3, true}}},
	{"a minute later, in the same place of its clock", {{THROUGH, 1, 0, false}, {TIMED_OUT, 63.75, 3, true}}},
	{"a time-out while an old connection is answered", {{SUCCESS, 1, 0, false}, {ANSWER, 2.9, 0, false}, {TIMED_OUT, 0.2, 3, true}}},
};

static struct outcome outcome_of(uint16_t port, double waited)
{
	return (struct outcome){.endpoint = {lab_v4(1), port, TRANSPORT_TCP}, .reach = 1,
				.since = tick_now() - (uint32_t)(waited * TICKS_PER_S)};
}

static bool happen(struct table *t, const struct step *s)
{
	struct outcome o = outcome_of(s->what == OTHER_PORT ? 5061 : 5060, s->waited);
	switch (s->what) {
	case GIVEN_UP:
	case OTHER_PORT: return endpoint_unanswered(t, &o.endpoint, o.since);
	case ANSWER: o.why = CAUSE_ANSWERED; return lab_succeeded(t, &o), false;
	case SUCCESS: return lab_succeeded(t, &o), false;
	case THROUGH: return endpoint_pending_over(t, addr_find(t, &o.endpoint.addr), &o.endpoint, 1, true), false;
	case FAILURE: return lab_failed(t, &o, CAUSE_REFUSED), false;
	case TIMED_OUT: return !endpoint_connected_lately(t, addr_find(t, &o.endpoint.addr), &o.endpoint);
	case END: break;
	}
	return false;
}

/* `timeout_s`: the default block's; 0: it has none. */
static void play(const char *rule, uint32_t timeout_s, const struct step steps[static STEPS])
{
	const struct settings_block defaults = {.given = timeout_s ? 1u << SET_CONNECT_TIMEOUT : 0,
						.set.value[SET_CONNECT_TIMEOUT] = timeout_s};
	struct lab lab;
	struct name_ref ref;
	struct address a[] = {lab_v4(1), lab_v4(2)};
	const struct name n = lab_name("sip");
	lab_open(&lab, 8);
	settings_store(&lab.t, &defaults, NULL, 0, NULL);
	lab_lookup(&lab.t, &n, a, 2, &ref);
	for (const struct step *s = steps; s->what != END; s++) {
		clock_after(s->before);
		check_row("%s, step %d", rule, (int)(s - steps) + 1);
		check_number("failed", s->failed, happen(&lab.t, s));
	}
	lab_close(&lab);
}

static const struct {
	const char *rule;
	uint32_t timeout_s;
	struct step steps[STEPS];
} timeouts[] = {
	{"connect-timeout = 1s", 1, {{GIVEN_UP, 0.9, 0.9, false}, {GIVEN_UP, 0.2, 0.2, true}, {GIVEN_UP, 1, 1, true}}},
	{"connect-timeout = 20s", 20, {{GIVEN_UP, 19, 19, false}, {GIVEN_UP, 0.5, 0.5, false}, {GIVEN_UP, 1, 1, true}}},
	{"connect-timeout = 1s, others got through", 1, {{SUCCESS, 1, 0, false}, {TIMED_OUT, 0.7, 3, false}, {TIMED_OUT, 0.6, 3, true}}},
	{"connect-timeout = 30s, others got through", 30, {{SUCCESS, 1, 0, false}, {TIMED_OUT, 29.5, 30, false}, {TIMED_OUT, 1, 30, true}}},
};

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		play(rows[i].rule, 0, rows[i].steps);
	for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
		play(timeouts[i].rule, timeouts[i].timeout_s, timeouts[i].steps);
	struct lab lab;
	lab_open(&lab, 8);
	check_row("to an address that nobody knows");
	check_true("not failed", !endpoint_unanswered(&lab.t, &(struct endpoint){lab_v4(9), 5060, TRANSPORT_TCP}, 0));
	lab_close(&lab);
	return check_done();
}
