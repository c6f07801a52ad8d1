/*
 * health.c: the cool-off of one endpoint, as decide.h computes it.
 *
 * A row is a script of one-letter steps, each with seconds to let pass before it:
 * `f` a failure, `s` a success, `t` the try after a cool-off. The dice is fixed at
 * 20, in the middle of the jitter, except where a row is about the jitter.
 */
#include "policy/rules/decide.h"
#include "tests/unit/check.h"

#include <stdlib.h>

enum { START_S = 100000, MIDDLE = 20 };

static const char *circuit_text(enum circuit f) { return f == CIRCUIT_CLOSED ? "fit" : f == CIRCUIT_HALF_OPEN ? "due" : "cooling"; }

#define USUAL PAIR(30, 300)

static const char *play(const char *steps, uint64_t cool_off)
{
	static char out[64];
	struct health h = {.transport = TRANSPORT_TCP, .port = 5060};
	uint32_t now = START_S, success = 0;
	for (char *p = (char *)(uintptr_t)steps; *p;) {
		now += (uint32_t)strtoul(p, &p, 10);
		switch (*p ? *p++ : ' ') {
		case 'f':
			h = health_failed(h, CAUSE_REFUSED, now, COOL_BY_HISTORY, cool_off, MIDDLE);
			break;
		case 's':
			h = health_succeeded(h, now, success);
			success = now;
			break;
		case 't':
			h = health_on_trial(h, now);
			break;
		}
		while (*p == ' ')
			p++;
	}
	snprintf(out, sizeof out, "%s %u n %u failures %u", circuit_text(health_circuit(h, now)), health_cooling_s(h, now),
		 h.n, h.failures);
	return out;
}

static void scripts(void)
{
	static const struct {
		const char *rule, *steps, *expected;
		uint64_t cool_off;
	} rows[] = {
		{"never failed", "0", "fit 0 n 0 failures 0", USUAL},
		{"the first failure cools 30 s", "0f", "cooling 30 n 1 failures 1", USUAL},
		{"a second before the end", "0f 29", "cooling 1 n 1 failures 1", USUAL},
		{"at the end it is due", "0f 30", "due 0 n 1 failures 1", USUAL},
		{"due for long", "0f 30000", "due 0 n 1 failures 1", USUAL},
		{"n does not rise while it cools, nor does the end move", "0f 10f 5f", "cooling 15 n 1 failures 3", USUAL},
		{"n rises when it was due", "0f 30f", "cooling 60 n 2 failures 2", USUAL},
		{"n rises after the longest silence too", "0f 30f 99999f", "cooling 90 n 3 failures 3", USUAL},
		{"a success ends it", "0f 5s", "fit 0 n 0 failures 1", USUAL},
		{"the first success lowers n", "0f 30f 60f 1s", "fit 0 n 2 failures 3", USUAL},
		{"two successes in the same 10 s lower it once", "0f 30f 60f 1s 8s", "fit 0 n 2 failures 3", USUAL},
		{"two successes 10 s apart lower it twice", "0f 30f 60f 1s 10s", "fit 0 n 1 failures 3", USUAL},
		{"so do a success each second", "0f 30f 60f 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s", "fit 0 n 1 failures 3", USUAL},
		{"n is never below 0", "0s 10s 10s 10f", "cooling 30 n 1 failures 1", USUAL},
		{"flapping: n falls slower than it rises", "0f 30f 60s 1f 90s", "fit 0 n 1 failures 3", USUAL},
		{"a success within 10 s of another ends the cool-off all the same", "0s 1f 1s", "fit 0 n 1 failures 1", USUAL},
		{"and the next failure cools for longer", "0s 1f 1s 1f", "cooling 60 n 2 failures 2", USUAL},
		{"the right to try keeps the others away for 30 s", "0f 30t", "cooling 30 n 1 failures 1", USUAL},
		{"unused, it lapses after 30 s", "0f 30t 30", "due 0 n 1 failures 1", USUAL},
		{"the try fails: n rises, though it counts as cooling", "0f 30t 1f", "cooling 60 n 2 failures 2", USUAL},
		{"the try fails once: the next failure adds nothing", "0f 30t 1f 1f", "cooling 59 n 2 failures 3", USUAL},
		{"the try succeeds", "0f 30t 1s", "fit 0 n 0 failures 1", USUAL},
		{"300 s at most", "0f 30f 60f 90f 120f 150f 180f 210f 240f 270f", "cooling 300 n 10 failures 10", USUAL},
		{"n stops at 10", "0f 30f 60f 90f 120f 150f 180f 210f 240f 270f 300f 300f", "cooling 300 n 10 failures 12", USUAL},
		{"{1s, 1h}: the first", "0f", "cooling 1 n 1 failures 1", PAIR(1, 3600)},
		{"{1s, 1h}: the second", "0f 1f", "cooling 400 n 2 failures 2", PAIR(1, 3600)},
		{"{1s, 1h}: the tenth", "0f 9999f 9999f 9999f 9999f 9999f 9999f 9999f 9999f 9999f", "cooling 3600 n 10 failures 10", PAIR(1, 3600)},
		{"{7s, 7s}: all the same", "0f 7f 7f 7f", "cooling 7 n 4 failures 4", PAIR(7, 7)},
		{"{10s, 19s}: a second more each time", "0f 99f 99f", "cooling 12 n 3 failures 3", PAIR(10, 19)},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("cool-off, %s", rows[i].rule);
		check_text(rows[i].steps, rows[i].expected, play(rows[i].steps, rows[i].cool_off));
	}
}

/* 20 % jitter: every n, every dice; both ends are reached. */
static void jitter(void)
{
	check_row("jitter of a second");
	for (uint32_t dice = 0; dice < 41; dice++)
		check_number("still a second", 1, health_cooling_s(health_failed((struct health){0}, CAUSE_REFUSED, START_S, COOL_BY_HISTORY, PAIR(1, 1), dice), START_S));
	for (uint8_t n = 0; n <= COOL_N_MAX; n++) {
		const unsigned level = n < COOL_N_MAX ? n + 1u : COOL_N_MAX, middle = level * 30 < 300 ? level * 30 : 300;
		uint32_t least = UINT32_MAX, most = 0;
		for (uint32_t dice = 0; dice < 1000; dice++) {
			struct health h = health_failed((struct health){.n = n}, CAUSE_REFUSED, START_S, COOL_BY_HISTORY, USUAL, dice * 2654435761u);
			uint32_t s = health_cooling_s(h, START_S);
			least = s < least ? s : least;
			most = s > most ? s : most;
		}
		check_row("jitter of n %u", level);
		check_number("least", middle * 8 / 10, least);
		check_number("most", middle * 12 / 10, most);
	}
}

/* The 22-bit second count goes round in 48 days. */
static void laps(void)
{
	const uint32_t lap = COOL_MASK + 1;
	static const struct {
		const char *rule;
		uint32_t before_lap, later;
		const char *expected;
	} rows[] = {
		{"a cool-off over the end of a lap", 10, 10, "cooling"},
		{"and its end", 10, 30, "due"},
		{"that would end at second 0", 30, 29, "cooling"},
		{"that would end at second 0, one later", 30, 31, "due"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t now = lap - rows[i].before_lap;
		struct health h = health_failed((struct health){0}, CAUSE_REFUSED, now, COOL_BY_HISTORY, USUAL, MIDDLE);
		check_row("lap, %s", rows[i].rule);
		check_text("fitness", rows[i].expected, circuit_text(health_circuit(h, now + rows[i].later)));
	}
	const struct health longest = health_failed((struct health){.n = 9}, CAUSE_REFUSED, START_S, COOL_BY_HISTORY, PAIR(COOL_BOUND_S, COOL_BOUND_S), 40);
	check_row("lap, the longest cool-off is no earlier lap's");
	check_number("cooling", COOL_BOUND_S * 12 / 10, health_cooling_s(longest, START_S));
	check_row("lap, an end further ahead than any can be is past");
	check_text("fitness", "due", circuit_text(health_circuit((struct health){.cool_end = 200000}, 100000)));
}

static void words_survive(void)
{
	check_row("the failure count goes round");
	struct health h = health_failed((struct health){.failures = SUM_MASK}, CAUSE_TIMED_OUT, START_S, COOL_BY_HISTORY, USUAL, MIDDLE);
	check_number("failures", 0, h.failures);
	check_number("cause", CAUSE_TIMED_OUT, h.last_cause);
	check_row("what a failure computes fits its word");
	h = (struct health){.transport = TRANSPORT_UDP, .port = 65535, .n = COOL_N_MAX, .failures = SUM_MASK};
	h = health_failed(h, CAUSES - 1, UINT32_MAX, COOL_BY_HISTORY, PAIR(COOL_BOUND_S, COOL_BOUND_S), 40);
	struct health back = health_unpack(health_pack(h));
	check_number("cool-off end", h.cool_end, back.cool_end);
	check_number("failures", h.failures, back.failures);
	check_number("n", h.n, back.n);
	check_number("cause", h.last_cause, back.last_cause);
	check_number("port", h.port, back.port);
}

int main(void)
{
	scripts();
	jitter();
	laps();
	words_survive();
	return check_done();
}
