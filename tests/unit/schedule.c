/* schedule.c: which name pinkeeper asks for next, when, and how fast. The time is passed in. */
#include <stdlib.h>

#include "policy/base/clock.h"
#include "tests/unit/check.h"
#include "tools/pinkeeper/pace.h"
#include "tools/pinkeeper/schedule.h"

enum { MOST = UINT32_MAX };

/* ---- delays ---- */

static void delays(void)
{
	static const struct {
		const char *what;
		uint32_t ttl_s, least, most;	/* ticks */
	} answers[] = {
		{"a TTL of a minute", 60, 960, 960 + 60},
		{"of 5 minutes", 300, 4800, 4800 + 300},
		{"of 2 s: up to a second late", 2, 32, 32 + 16},
		{"of 1 s counts as 2", 1, 32, 32 + 16},
		{"of 0, too", 0, 32, 32 + 16},
		{"of a day: a minute late at most", 86400, 86400 * 16, 86400 * 16 + 960},
		{"the longest that is believed", 7 * 86400, 7 * 86400 * 16, 7 * 86400 * 16 + 960},
	};
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		check_row("%s", answers[i].what);
		check_number("earliest", answers[i].least, schedule_after_answer(answers[i].ttl_s, 0));
		check_number("latest", answers[i].most, schedule_after_answer(answers[i].ttl_s, MOST));
	}
	static const struct {
		unsigned n;
		uint32_t ticks;
	} failures[] = {{1, 16}, {2, 32}, {3, 64}, {5, 256}, {6, 480}, {7, 480}, {255, 480}};
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		const uint32_t ticks = failures[i].ticks;
		check_row("after %u questions in vain", failures[i].n);
		check_number("earliest", ticks - ticks / 5, schedule_after_failure(failures[i].n, 0));
		check_number("latest", ticks - ticks / 5 + 2 * ticks / 5, schedule_after_failure(failures[i].n, MOST));
	}
	check_row("a name that was just found");
	check_number("TTL unknown: at once", 0, schedule_first(0, 0));
	check_number("or within a second", 16, schedule_first(0, MOST));
	check_number("else when it is over", 640, schedule_first(40, 0));
}

/* ---- the heap ---- */

enum { SLOTS = 1000, STEPS = 200000 };

/* The first as a walk over all finds it. */
static uint32_t least_due(const uint32_t *due, const bool *in)
{
	uint32_t least = MOST;
	for (uint32_t i = 0; i < SLOTS; i++)
		if (in[i] && due[i] < least)
			least = due[i];
	return least;
}

static void heap(void)
{
	struct schedule s;
	static uint32_t due_of[SLOTS];
	static bool in[SLOTS];
	uint32_t slot, due, n = 0;
	check_row("an empty one");
	check_true("made", schedule_make(&s, SLOTS));
	check_true("nothing is next", !schedule_next(&s, &slot, &due));
	schedule_remove(&s, 7);
	check_true("nor after what was not in it is out", !schedule_next(&s, &slot, &due));

	check_row("whatever is put, moved and taken out, the first is next");
	srand(7);
	for (int i = 0; i < STEPS && !check_now.bad; i++) {
		const uint32_t at = (uint32_t)rand() % SLOTS, when = (uint32_t)rand() % 500;
		if (rand() % 3) {
			schedule_put(&s, at, when);
			n += !in[at];
			in[at] = true;
			due_of[at] = when;
		} else {
			schedule_remove(&s, at);
			n -= in[at];
			in[at] = false;
		}
		check_true("is in it", schedule_has(&s, at) == in[at]);
		check_number("how many", n, s.n);
		if (n > 0 && i % 16 == 0) {
			check_true("one is next", schedule_next(&s, &slot, &due) && in[slot]);
			check_number("it is due", due_of[slot], due);
			check_number("none is before it", least_due(due_of, in), due);
		}
	}

	check_row("all come out in turn");
	for (uint32_t last = 0; schedule_next(&s, &slot, &due) && !check_now.bad; last = due) {
		check_true("not before the last", due >= last);
		schedule_remove(&s, slot);
		n--;
	}
	check_number("none is left", 0, n);
	schedule_free(&s);
}

/* ---- many names of one TTL ---- */

/* 100,000 names that were all asked for in one second are spread over more of each TTL in turn. */
static void spreads(void)
{
	enum { NAMES = 100000, TTL_S = 60, TURNS = 20 };
	static uint32_t when[NAMES], in_second[4096];
	uint32_t most = 0;
	srand(1);
	for (int turn = 0; turn < TURNS; turn++)
		for (uint32_t i = 0; i < NAMES; i++)
			when[i] += schedule_after_answer(TTL_S, (uint32_t)rand() << 1);
	for (uint32_t i = 0; i < NAMES; i++)
		in_second[when[i] / TICKS_PER_S]++;
	for (size_t s = 0; s < sizeof in_second / sizeof *in_second; s++)
		most = in_second[s] > most ? in_second[s] : most;
	check_row("names whose TTLs end together drift apart");
	check_range("the most in one second, after 20 turns", 0, NAMES / 10, most);
}

/* ---- the pace ---- */

/* How many may be asked for from `from` on for so many ticks, when there is always one. */
static uint32_t asked(struct pace *p, uint32_t from, uint32_t ticks)
{
	uint32_t n = 0;
	for (uint32_t t = from; t < from + ticks; t++)
		while (pace_allows(p, t, 1))
			n++;
	return n;
}

static void pace(void)
{
	struct pace p;
	check_row("while DNS answers");
	pace_begin(&p, 100);
	check_range("in a second", FOLLOW_PACE - FOLLOW_PACE / 16, FOLLOW_PACE + FOLLOW_PACE / 16, asked(&p, 100, 16));
	check_range("in the next", FOLLOW_PACE - 1, FOLLOW_PACE + 1, asked(&p, 116, 16));
	check_range("behind an hour without any: no more than a quarter of a second makes up for", FOLLOW_PACE / 4, FOLLOW_PACE / 4 + FOLLOW_PACE / 16,
		    asked(&p, 60000, 1));
	check_number("then it is to wait", 1, pace_wait(&p, 60000));

	check_row("one that fails among others is no more than that");
	for (int i = 0; i < 100; i++)
		check_true("not down", !pace_unanswered(&p, 60001, 0) && (i % 7 || !pace_answered(&p, 60001)));
	pace_begin(&p, 1000);
	for (int i = 1; i < FOLLOW_DOWN_AFTER; i++)
		check_true("not yet down", !pace_unanswered(&p, 1000, 0));

	check_row("so many in a row: down, and one is tried after a pause");
	check_true("down", pace_unanswered(&p, 1000, 0));
	check_true("none is asked for", !pace_allows(&p, 1000, 0));
	check_number("for a second", 16, pace_wait(&p, 1000));
	check_true("none while others are in flight", !pace_allows(&p, 1016, 1));
	check_true("those that were in flight tell nothing new", !pace_unanswered(&p, 1016, 0));
	check_number("the pause is the same", 16, p.pause);
	check_true("one", pace_allows(&p, 1016, 0));
	check_true("no second one", !pace_allows(&p, 1016, 1));

	check_row("the pause doubles, up to half a minute");
	static const uint32_t pauses[] = {32, 64, 128, 256, 480, 480};
	uint32_t now = 1016;
	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
		check_true("it was known", !pace_unanswered(&p, now, 0));
		check_number("pause", pauses[i], p.pause);
		check_number("to wait", pauses[i], pace_wait(&p, now));
		check_true("not before", !pace_allows(&p, now + pauses[i] - 1, 0));
		now += pauses[i];
		check_true("then one", pace_allows(&p, now, 0));
	}
	check_row("hosts that lost it together do not ask together");
	pace_unanswered(&p, now, MOST);
	check_range("latest", 480 + 120, 480 + 121, pace_wait(&p, now));

	check_row("an hour of it is few questions");
	uint32_t tries = 0;
	for (uint32_t t = now; t < now + tick_of(3600); t++)
		if (pace_allows(&p, t, 0)) {
			tries++;
			pace_unanswered(&p, t, (uint32_t)rand() << 1);
		}
	check_range("how many", 90, 120, tries);

	check_row("it answers again: the pace grows");
	now += tick_of(4000);
	check_true("one", pace_allows(&p, now, 0));
	check_true("it was down", pace_answered(&p, now));
	check_true("no longer", !pace_answered(&p, now));
	uint32_t rate = FOLLOW_PACE_LEAST;
	for (int second = 0; second < 8; second++, now += 16) {
		const uint32_t n = asked(&p, now, 16);
		check_range("in a second", rate - rate / 8, rate + rate / 4, n);
		rate = 2 * rate < FOLLOW_PACE ? 2 * rate : FOLLOW_PACE;
	}

	check_row("other servers are tried at once");
	for (int i = 0; i < FOLLOW_DOWN_AFTER; i++)
		pace_unanswered(&p, now, 0);
	check_true("down", !pace_allows(&p, now, 0));
	pace_renew(&p, now);
	check_true("one", pace_allows(&p, now, 0));
}

int main(void)
{
	delays();
	heap();
	spreads();
	pace();
	return check_done();
}
