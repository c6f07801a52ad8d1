/*
 * decide.c: each rule is a row.
 *
 * Choices are written as words: F fit, D due, C cooling (C20: for 20 s more), then
 * `-` not in the answer, `!` failed in the last 60 s, `x` drained, `v` aside for a vain
 * attempt, `n` without a way to it, `1` to `8` after `r` the rank, a number after `a` the seconds since it failed, after `p`
 * the priority. Transitions read back as text in the same spirit.
 */
#include "policy/rules/decide.h"
#include "policy/table/effective.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "policy/base/clock.h"

enum { NOW = 16000000 };	/* tick */

/* ---- text to snapshot, transition to text ---- */

static struct candidate candidate_of(const char **p)
{
	struct candidate c = {.in_answer = true, .circuit = **p == 'F' ? CIRCUIT_CLOSED : **p == 'D' ? CIRCUIT_HALF_OPEN : CIRCUIT_OPEN};
	char *end;
	for (++*p; **p && **p != ' '; ++*p) {
		if (**p >= '0' && **p <= '9') {
			c.cooling_s = (uint16_t)strtoul(*p, &end, 10);
			*p = end - 1;
		} else if (**p == 'r') {
			c.rank = (uint8_t)(*++*p - '0');
		} else if (**p == 'a') {
			c.failed = NOW - tick_of((uint32_t)strtoul(*p + 1, &end, 10));
			*p = end - 1;
		} else if (**p == 'p') {
			c.priority = (uint16_t)strtoul(*p + 1, &end, 10);
			*p = end - 1;
		} else {
			c.in_answer &= **p != '-';
			c.failed_lately |= **p == '!';
			c.drained |= **p == 'x';
			c.vain |= **p == 'v';
			c.no_route |= **p == 'n';
		}
	}
	return c;
}

static void candidates(struct facts *s, const char *text)
{
	for (s->n = 0; *text; text += *text == ' ')
		s->candidate[s->n++] = candidate_of(&text);
}

static const char *transition_text(const struct transition *t)
{
	static const char *const actions[] = {[KEEP] = "keep", [CAPTURE] = "capture", [MOVE] = "move",
					      [RETURN_LAST] = "return", [FORGET] = "forget", [CONFIRM] = "confirm"};
	static char out[128];
	int n = snprintf(out, sizeof out, "%s", actions[t->action]);
	if (t->action != KEEP && t->to >= 0)
		n += snprintf(out + n, sizeof out - (size_t)n, " %d", t->to);
	if (t->action != KEEP)
		n += snprintf(out + n, sizeof out - (size_t)n, " (%s)", cause_text(t->cause));
	if (t->head >= 0)
		n += snprintf(out + n, sizeof out - (size_t)n, " head %d", t->head);
	if (t->take_trial)
		snprintf(out + n, sizeof out - (size_t)n, " try");
	return out;
}

/* ---- at a lookup ---- */

enum { NONE = -1 };
enum { AUTO, EXPLICIT = 1, FAILED = 2, NO_ANSWER = 4, UNPROVEN = 16, LAST = 32 };	/* of the pin and the answer */

struct lookup_row {
	const char *rule, *choices;
	int pin, flags;
	const char *expected;
	int last;			/* last confirmed: index + 1; 0: none */
};

static void lookups(void)
{
	static const struct lookup_row rows[] = {
		{"the first address becomes the pin", "F F F", NONE, 0, "capture 0 (first handed out) head 0", 0},
		{"one address", "F", NONE, 0, "capture 0 (first handed out) head 0", 0},
		{"never captured: one that cools", "C F F", NONE, 0, "capture 1 (first handed out) head 1", 0},
		{"never captured: a drained one", "Fx F", NONE, 0, "capture 1 (first handed out) head 1", 0},
		{"never captured: not in the answer", "F- F", NONE, 0, "capture 1 (first handed out) head 1", 0},
		{"fit goes before due", "D F", NONE, 0, "capture 1 (first handed out) head 1", 0},
		{"due goes before cooling", "C D C", NONE, 0, "capture 1 (first handed out) head 1 try", 0},
		{"all cooling: none captured, the resolver's order", "C C", NONE, 0, "keep", 0},
		{"all drained: none captured", "Fx Fx", NONE, 0, "keep", 0},
		{"an empty answer", "", NONE, 0, "keep", 0},

		{"the pin leads", "F F F", 0, 0, "keep head 0", 0},
		{"the pin leads wherever it stands", "F F F", 2, 0, "keep head 2", 0},
		{"the pin cools, nothing counts against it: others lead", "F C F", 1, 0, "keep", 0},
		{"all cool: the pin leads", "C C C", 1, 0, "keep head 1", 0},
		{"all cool but one due: that is tried", "C C D", 1, 0, "keep head 2 try", 0},
		{"the pin is due: one caller tries it", "F D F", 1, 0, "keep head 1 try", 0},
		{"no fail-back: a healthy earlier one does not pull", "F F F", 1, 0, "keep head 1", 1},

		{"failed: the next fit one", "F C! F", 1, FAILED, "move 0 (it failed) head 0", 2},
		{"failed: past one that cools", "C! C F", 0, FAILED, "move 2 (it failed) head 2", 1},
		{"failed: past a drained one", "C! Fx F", 0, FAILED, "move 2 (it failed) head 2", 1},
		{"failed: past one not in the answer", "C! F- F", 0, FAILED, "move 2 (it failed) head 2", 1},
		{"failed: to a due one when none is fit", "C! C D", 0, FAILED, "move 2 (it failed) head 2 try", 1},
		{"failed, fit again: still moved", "F F F", 0, FAILED, "move 1 (it failed) head 1", 1},
		{"failed: not back to one that was left, while another was not tried", "Fa100 Fa0 F", 1, FAILED, "move 2 (it failed) head 2", 2},
		{"failed: all were tried: to the one that was left first", "Fa100 Fa50 Fa0", 2, FAILED, "move 0 (it failed) head 0", 3},
		{"failed: the order of failures, not of the answer", "Fa50 Fa100 Fa0", 2, FAILED, "move 1 (it failed) head 1", 3},
		{"failed: past one that stands aside, though it was not tried", "Fa100 Fa0 Fv", 1, FAILED, "move 0 (it failed) head 0", 2},
		{"failed: one that is fit goes before one due that failed earlier", "Fa50 Fa0 Da100", 1, FAILED, "move 0 (it failed) head 0", 2},
		{"failed: the better priority, though it was left (RFC 2782)", "Fp1a50 Fp1a0 Fp2", 1, FAILED, "move 0 (it failed) head 0", 2},
		{"a first pin: in the resolver's order", "Fa100 F F", NONE, 0, "capture 0 (first handed out) head 0", 0},
		{"every one failed: the last confirmed returns", "C! C! C!", 2, FAILED, "return 0 (all candidates failed) head 0", 1},
		{"every one failed, none confirmed ever: stays", "C! C! C!", 2, FAILED, "return 2 (all candidates failed) head 2", 0},
		{"path failed: not to a due one", "C! D! C!", 0, FAILED, "return 0 (all candidates failed) head 1 try", 1},
		{"one of them failed longer ago: a due one is no path", "C! D", 0, FAILED, "move 1 (it failed) head 1 try", 1},
		{"the only address failed: it stays", "C!", 0, FAILED, "return 0 (all candidates failed) head 0", 1},

		{"drained: moves off", "Fx F F", 0, 0, "move 1 (drained) head 1", 1},
		{"drained: to a due one if need be", "Fx D C", 0, 0, "move 1 (drained) head 1 try", 1},
		{"drained, alone: stays", "Fx", 0, 0, "keep head 0", 1},
		{"drained, the others cool: stays", "Fx C C", 0, 0, "keep head 0", 1},
		{"drained, the others drained too: stays", "Fx Fx", 0, 0, "keep head 0", 1},

		{"explicit: leads", "F F", 1, EXPLICIT, "keep head 1", 0},
		{"explicit: not in the answer", "F F F-", 2, EXPLICIT, "keep head 2", 0},
		{"explicit: survives a failure", "F C!r1", 1, EXPLICIT | FAILED, "keep head 1", 0},
		{"explicit: survives a failure, no list", "F C!", 1, EXPLICIT | FAILED, "keep head 1", 0},
		{"explicit: survives a drain", "F Fx", 1, EXPLICIT, "keep head 1", 0},
		{"explicit: due is tried by one", "F Dr1", 1, EXPLICIT, "keep head 1 try", 0},
		{"list: the first", "F Fr2 Fr1", 2, EXPLICIT, "keep head 2", 0},
		{"list: the second while the first cools", "F Fr2- Cr1-", 2, EXPLICIT | FAILED, "keep head 1", 0},
		{"list: the third", "Cr1 Cr2 Fr3", 0, EXPLICIT | FAILED, "keep head 2", 0},
		{"list: the first again when it is due", "Dr1 Fr2", 0, EXPLICIT, "keep head 0 try", 0},
		{"list: all cool: the first", "F C9r2 C90r1", 2, EXPLICIT | FAILED, "keep head 2", 0},
		{"list: never one that is not in it", "F F Cr1", 2, EXPLICIT | FAILED, "keep head 2", 0},
		{"list: a pin without rank follows the list", "F Fr1", 0, EXPLICIT, "keep head 1", 0},

		{"aside: the pin stays, the next leads", "F Fv F", 1, 0, "keep head 0", 2},
		{"aside, no way: the pin stays, the next leads", "Fn F F", 0, 0, "keep head 1", 1},
		{"aside: not for another that stands aside", "Fv Fn F", 0, 0, "keep head 2", 1},
		{"aside: all of them: as if none were", "Fv Fn Fv", 1, 0, "keep head 1", 2},
		{"aside: the only one leads", "Fn", 0, 0, "keep head 0", 1},
		{"aside: another does not concern the pin", "F Fn", 0, 0, "keep head 0", 1},
		{"aside: past one that cools", "Fv C F", 0, 0, "keep head 2", 1},
		{"aside: past a drained one", "Fv Fx F", 0, 0, "keep head 2", 1},
		{"aside: past one not in the answer", "Fv F- F", 0, 0, "keep head 2", 1},
		{"aside: the pin is not in the answer", "F F Fn-", 2, 0, "keep head 0", 3},
		{"aside: for a due one, tried by one", "Fv C D", 0, 0, "keep head 2 try", 1},
		{"aside and due: no try is wasted on it", "Dv F", 0, 0, "keep head 1", 1},
		{"aside, the others cool: in their order", "Fv C C", 0, 0, "keep", 1},
		{"aside, the others are drained: in their order", "Fv Fx", 0, 0, "keep", 1},
		{"the pin cools, the fit one stands aside: the due one is tried", "C Fn D", 0, 0, "keep head 2 try", 1},
		{"the pin cools, the fit one stands aside: the pin", "C Fn", 0, 0, "keep head 0", 1},
		{"aside is never captured", "Fv F", NONE, 0, "capture 1 (first handed out) head 1", 0},
		{"aside is never captured: rather a due one", "Fn D", NONE, 0, "capture 1 (first handed out) head 1 try", 0},
		{"aside is captured where all others cool, and does not lead", "Fn C", NONE, 0, "capture 0 (first handed out)", 0},
		{"all aside: the first is captured", "Fn Fn", NONE, 0, "capture 0 (first handed out) head 0", 0},
		{"failed: past one that stands aside", "C! Fv F", 0, FAILED, "move 2 (it failed) head 2", 1},
		{"failed: only one that stands aside is fit", "C! Fv", 0, FAILED, "move 1 (it failed)", 1},
		{"drained: past one that stands aside", "Fx Fn F", 0, 0, "move 2 (drained) head 2", 1},
		{"explicit: a vain attempt is no reason", "Fv F", 0, EXPLICIT, "keep head 0", 0},
		{"explicit: no way is one", "Fn F", 0, EXPLICIT, "keep head 1", 0},
		{"explicit, not in the answer: no way is one", "F F Fn-", 2, EXPLICIT, "keep head 0", 0},
		{"list: the second while there is no way to the first", "Fr2- Fnr1 F", 1, EXPLICIT, "keep head 0", 0},
		{"list: a vain attempt is no reason", "Fr2- Fvr1 F", 1, EXPLICIT, "keep head 1", 0},
		{"list: no way to the first, the second cools", "F Cr2 Fnr1", 2, EXPLICIT, "keep head 1", 0},
		{"list: no way to any", "F Fnr2 Fnr1", 2, EXPLICIT, "keep head 0", 0},
	};
	const struct settings set = settings_builtin();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct lookup_row *r = &rows[i];
		struct candidate room[FACTS_MAX];
		struct facts s = {.candidate = room, .now = NOW, .used = NOW - 16, .set_at = NOW - 160, .pin = r->pin,
				     .is_explicit = (r->flags & EXPLICIT) != 0, .sum_changed = (r->flags & FAILED) != 0,
				     .has_answer = !(r->flags & NO_ANSWER), .last_confirmed = r->last - 1};
		candidates(&s, r->choices);
		check_row("lookup, %s", r->rule);
		struct transition t = decide_lookup(&s, &set);
		check_text(r->choices, r->expected, transition_text(&t));
	}
}

/* ---- what ends a pin with time ---- */

struct time_row {
	const char *rule;
	enum setting key;
	uint32_t value;
	uint32_t used_s, set_s, expires_s, absent_s;	/* seconds ago; of expires: 1000 is now. 0: never */
	int flags;
	const char *choices, *expected;
	uint32_t absent_after_s;			/* expected, seconds ago + 1; 0: none */
};

static uint32_t ago(uint32_t s) { return s ? NOW - tick_of(s) : 0; }

static void times(void)
{
	static const char idle[] = "capture 0 (idle) head 0", aged[] = "capture 0 (max-age) head 0";
	static const char back[] = "move 2 (absent from DNS) head 2";
	static const char gone[] = "move 1 (absent from DNS) head 1", over[] = "capture 0 (ttl over) head 0";
	const uint32_t h3 = 3 * 3600;
	const struct time_row rows[] = {
		{"idle 3h: at 3h it holds", SET_IDLE, h3, h3, h3, 0, 0, 0, "F F", "keep head 1", 0},
		{"idle 3h: past it the first address", SET_IDLE, h3, h3 + 1, h3, 0, 0, 0, "F F", idle, 0},
		{"idle: also for the same address", SET_IDLE, 60, 61, 61, 0, 0, 0, "C F", "capture 1 (idle) head 1", 0},
		{"idle off", SET_IDLE, SETTING_OFF, 90000, 90000, 0, 0, 0, "F F", "keep head 1", 0},
		{"idle: never looked up yet", SET_IDLE, 60, 0, 90000, 0, 0, 0, "F F", "keep head 1", 0},
		{"idle: the rest cools: forgotten", SET_IDLE, 60, 61, 61, 0, 0, 0, "C C", "forget (idle)", 0},
		{"idle does not end an explicit pin", SET_IDLE, 60, 90000, 90000, 0, 0, EXPLICIT, "F F", "keep head 1", 0},
		{"max-age off", SET_MAX_AGE, SETTING_OFF, 1, 900000, 0, 0, 0, "F F", "keep head 1", 0},
		{"max-age: at it", SET_MAX_AGE, 60, 1, 60, 0, 0, 0, "F F", "keep head 1", 0},
		{"max-age: past it", SET_MAX_AGE, 60, 1, 61, 0, 0, 0, "F F", aged, 0},
		{"max-age does not end an explicit pin", SET_MAX_AGE, 60, 1, 61, 0, 0, EXPLICIT, "F F", "keep head 1", 0},

		{"follow: the first address at once", SET_ABSENT, ABSENT_FOLLOW, 1, 9, 0, 0, 0, "F- F", gone, 0},
		{"follow: present", SET_ABSENT, ABSENT_FOLLOW, 1, 9, 0, 0, 0, "F F", "keep head 1", 0},
		{"keep: whatever DNS says", SET_ABSENT, ABSENT_KEEP, 1, 9, 0, 9000, 0, "F- F", "keep head 0", 9001},
		{"grace: the first answer without it", SET_GRACE, 300, 1, 9, 0, 0, 0, "F- F", "keep head 0", 1},
		{"grace: a second one, soon", SET_GRACE, 300, 1, 9, 0, 299, 0, "F- F", "keep head 0", 300},
		{"grace: a second one, past it", SET_GRACE, 300, 1, 9, 0, 300, 0, "F- F", gone, 0},
		{"grace: long past it, still two answers are needed", SET_GRACE, 0, 1, 9, 0, 0, 0, "F- F", "keep head 0", 1},
		{"grace: one that has it starts again", SET_GRACE, 300, 1, 9, 0, 299, 0, "F F", "keep head 1", 0},
		{"grace: no answer at hand is no absence", SET_GRACE, 300, 1, 9, 0, 0, NO_ANSWER, "F- F", "keep head 0", 0},
		{"grace: failed meanwhile: moved", SET_GRACE, 300, 1, 9, 0, 100, FAILED, "C!- F", "move 1 (it failed) head 1", 101},
		{"unproven: within 10 s", SET_GRACE, 300, 1, 9, 0, 9, UNPROVEN, "F- F", "keep head 0", 10},
		{"unproven: past 10 s, whatever grace says", SET_GRACE, 300, 1, 99, 0, 10, UNPROVEN, "F- F", gone, 0},
		{"unproven: a shorter grace holds", SET_GRACE, 5, 1, 9, 0, 5, UNPROVEN, "F- F", gone, 0},
		{"unproven: long past it, still two answers are needed", SET_GRACE, 300, 1, 900, 0, 0, UNPROVEN, "F- F", "keep head 0", 1},
		{"unproven: keep is kept", SET_ABSENT, ABSENT_KEEP, 1, 900, 0, 900, UNPROVEN, "F- F", "keep head 0", 901},
		{"unproven: the last confirmed is back", SET_GRACE, 300, 1, 9, 0, 0, UNPROVEN | LAST, "F- F F", back, 0},
		{"unproven: the last confirmed is back, with follow", SET_ABSENT, ABSENT_FOLLOW, 1, 9, 0, 0, UNPROVEN | LAST, "F- F F", back, 0},
		{"unproven: the last confirmed is back, but cools", SET_GRACE, 300, 1, 9, 0, 0, UNPROVEN | LAST, "F- F C", "keep head 0", 1},
		{"unproven: the last confirmed is back, but drained", SET_GRACE, 300, 1, 9, 0, 0, UNPROVEN | LAST, "F- F Fx", "keep head 0", 1},
		{"unproven: the last confirmed is back, without a way", SET_GRACE, 300, 1, 9, 0, 0, UNPROVEN | LAST, "F- F Fn", "keep head 0", 1},
		{"unproven: the last confirmed is not back", SET_GRACE, 300, 1, 9, 0, 0, UNPROVEN | LAST, "F- F F-", "keep head 0", 1},
		{"unproven: keep does not go back", SET_ABSENT, ABSENT_KEEP, 1, 9, 0, 0, UNPROVEN | LAST, "F- F F", "keep head 0", 0},
		{"unproven, in the answer: the last confirmed does not pull", SET_GRACE, 300, 1, 9, 0, 0, UNPROVEN | LAST, "F F F", "keep head 1", 0},
		{"confirmed: the last confirmed does not pull", SET_GRACE, 300, 1, 9, 0, 0, LAST, "F- F F", "keep head 0", 1},
		{"explicit pins keep", SET_ABSENT, ABSENT_FOLLOW, 1, 9, 0, 900, EXPLICIT, "F- F", "keep head 0", 901},

		{"ttl: a second before its end", SET_GRACE, 300, 1, 9, 999, 0, EXPLICIT, "F F", "keep head 1", 0},
		{"ttl: over", SET_GRACE, 300, 1, 9, 1000, 0, EXPLICIT, "F F", over, 0},
		{"ttl: over, it was not in DNS", SET_GRACE, 300, 1, 9, 1000, 0, EXPLICIT, "F- F", "capture 1 (ttl over) head 1", 0},
		{"ttl: over, the others cool: forgotten", SET_GRACE, 300, 1, 9, 1001, 0, EXPLICIT, "C C", "forget (ttl over)", 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct time_row *r = &rows[i];
		struct settings set = settings_builtin();
		struct candidate room[FACTS_MAX];
		struct facts s = {.candidate = room, .now = NOW, .used = ago(r->used_s), .set_at = ago(r->set_s), .absent = ago(r->absent_s),
				     .is_explicit = (r->flags & EXPLICIT) != 0, .sum_changed = (r->flags & FAILED) != 0,
				     .has_answer = !(r->flags & NO_ANSWER), .confirmed = !(r->flags & UNPROVEN),
				     .last_confirmed = r->flags & LAST ? 2 : NONE};
		set.value[r->key] = r->value;
		candidates(&s, r->choices);
		s.pin = s.candidate[0].in_answer ? 1 : 0;
		s.expires = r->expires_s ? NOW + tick_of(1000) - tick_of(r->expires_s) : 0;
		check_row("time, %s", r->rule);
		struct transition t = decide_lookup(&s, &set);
		check_text(r->choices, r->expected, transition_text(&t));
		if (t.action == KEEP)
			check_number("absent since", r->absent_after_s ? NOW - tick_of(r->absent_after_s - 1) : 0, t.absent);
	}
}

/* ---- outcomes ---- */

enum { CONFIRMED = 8 };

static void failures(void)
{
	static const struct lookup_row rows[] = {
		{"of no pin", "C! F", NONE, FAILED, "keep", 0},
		{"that does not count", "F F", 0, 0, "keep", 0},
		{"of an explicit pin", "C! F", 0, FAILED | EXPLICIT, "keep", 0},
		{"moves a tentative pin", "C! F", 0, FAILED, "move 1 (it failed)", 0},
		{"moves a confirmed pin", "C! F", 0, FAILED | CONFIRMED, "move 1 (it failed)", 1},
		{"past what cools", "C! C F", 0, FAILED, "move 2 (it failed)", 0},
		{"no longer published ones are no refuge", "C! F-", 0, FAILED, "return 0 (all candidates failed)", 1},
		{"of every candidate", "C! C!", 1, FAILED, "return 0 (all candidates failed)", 1},
		{"of every candidate; the last confirmed is not published", "C!- C! C!", 1, FAILED, "return 0 (all candidates failed)", 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct lookup_row *r = &rows[i];
		struct candidate room[FACTS_MAX];
		struct facts s = {.candidate = room, .now = NOW, .pin = r->pin, .is_explicit = (r->flags & EXPLICIT) != 0,
				     .confirmed = (r->flags & CONFIRMED) != 0, .sum_changed = (r->flags & FAILED) != 0,
				     .last_confirmed = r->last - 1};
		candidates(&s, r->choices);
		check_row("a failure %s", r->rule);
		struct transition t = decide_failure(&s);
		check_text(r->choices, r->expected, transition_text(&t));
	}
}

static void successes(void)
{
	static const struct {
		const char *rule;
		int pin, at, flags;
		const char *expected;
	} rows[] = {
		{"without a pin", NONE, 0, 0, "keep"},
		{"confirms the tentative pin", 0, 0, 0, "confirm 0 (connected)"},
		{"confirms the pin on one more endpoint", 0, 0, CONFIRMED, "confirm 0 (connected)"},
		{"of an explicit pin", 0, 0, EXPLICIT, "confirm 0 (connected)"},
		{"of an explicit pin that failed before", 0, 0, EXPLICIT | FAILED, "confirm 0 (connected)"},
		{"that is older than the failure", 0, 0, FAILED, "keep"},
		{"elsewhere moves a tentative pin", 0, 1, 0, "confirm 1 (success elsewhere)"},
		{"elsewhere never moves a confirmed one", 0, 1, CONFIRMED, "keep"},
		{"elsewhere moves a confirmed one that failed", 0, 1, CONFIRMED | FAILED, "confirm 1 (success elsewhere)"},
		{"elsewhere never moves an explicit one", 0, 1, EXPLICIT, "keep"},
		{"elsewhere never moves an explicit one that failed", 0, 1, EXPLICIT | FAILED, "keep"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct candidate room[FACTS_MAX];
		struct facts s = {.candidate = room, .now = NOW, .pin = rows[i].pin, .is_explicit = (rows[i].flags & EXPLICIT) != 0,
				     .confirmed = (rows[i].flags & CONFIRMED) != 0,
				     .sum_changed = (rows[i].flags & FAILED) != 0, .last_confirmed = NONE};
		candidates(&s, "F F");
		check_row("a success %s", rows[i].rule);
		struct transition t = decide_success(&s, rows[i].at);
		check_text("transition", rows[i].expected, transition_text(&t));
	}
}

/* ---- the order ---- */

static void orders(void)
{
	static const struct {
		const char *rule, *choices;
		int head;
		const char *expected;
	} rows[] = {
		{"nothing", "", NONE, ""},
		{"as the resolver gave it", "F F F", NONE, "0 1 2"},
		{"the head, then the resolver's order", "F F F F", 2, "2 0 1 3"},
		{"those that cool go last", "C F C F", NONE, "1 3 0 2"},
		{"soonest to recover first", "C30 F C10 C20", NONE, "1 2 3 0"},
		{"equally soon: the resolver's order", "C20 F C10 C20 C10", NONE, "1 2 4 0 3"},
		{"due goes before cooling", "C5 D F", NONE, "2 1 0"},
		{"the head leads even when it cools", "C30 F C10", 0, "0 1 2"},
		{"all cooling: the resolver's order, the head first", "C30 C10 C20", 2, "2 0 1"},
		{"all cooling, no head", "C30 C10 C20", NONE, "0 1 2"},
		{"none fit, one due: the resolver's order", "C30 D C10", 1, "1 0 2"},
		{"a head that is not in the answer", "F F F-", 2, "2 0 1"},
		{"what is not in the answer is left out", "F- F F-", NONE, "1"},
		{"a drained one goes last", "Fx F F", NONE, "1 2 0"},
		{"no address is left out", "C9 Fx D F C1 F", 3, "3 5 1 2 4 0"},
		{"what stands aside goes last", "Fv F Fn F", 3, "3 1 0 2"},
		{"what stands aside goes after what cools", "Fn C20 F C10", 2, "2 3 1 0"},
		{"what stands aside goes after a drained one", "Fv Fx F", 2, "2 1 0"},
		{"of those aside the soonest to recover first", "C9v F Fn C5v", 1, "1 2 3 0"},
		{"all aside: as if none were", "Fv C9n Fn", NONE, "0 2 1"},
		{"none of the others fit: their order, aside last", "Fn C20 C10", NONE, "1 2 0"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct candidate room[FACTS_MAX];
		struct facts s = {.candidate = room, .pin = NONE, .last_confirmed = NONE};
		uint8_t order[FACTS_MAX];
		char seen[FACTS_MAX * 3 + 1] = "";
		candidates(&s, rows[i].choices);
		check_row("order, %s", rows[i].rule);
		size_t n = decide_order(&s, rows[i].head, order);
		for (size_t k = 0; k < n; k++)
			snprintf(seen + strlen(seen), sizeof seen - strlen(seen), k ? " %d" : "%d", order[k]);
		check_text(rows[i].choices, rows[i].expected, seen);
	}
}

/* As many as a scene can hold: each in the answer once. */
static void order_of_many(void)
{
	struct candidate room[FACTS_MAX];
	struct facts s = {.candidate = room, .n = FACTS_MAX, .pin = NONE, .last_confirmed = NONE};
	uint8_t order[FACTS_MAX];
	bool seen[FACTS_MAX] = {false};
	for (size_t i = 0; i < FACTS_MAX; i++)
		s.candidate[i] = (struct candidate){.circuit = i % 3 ? CIRCUIT_OPEN : CIRCUIT_CLOSED, .cooling_s = (uint16_t)(i * 37 % 101), .in_answer = true};
	check_row("order of %d choices", FACTS_MAX);
	check_number("how many", FACTS_MAX, decide_order(&s, 81, order));
	for (size_t i = 0; i < FACTS_MAX; i++) {
		check_true("each once", !seen[order[i]]);
		seen[order[i]] = true;
	}
	check_number("the head", 81, order[0]);
}

int main(void)
{
	lookups();
	times();
	failures();
	successes();
	orders();
	order_of_many();
	return check_done();
}
