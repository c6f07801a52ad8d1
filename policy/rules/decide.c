/* decide.c: the rules. See decide.h. */
#include "policy/rules/decide.h"

#include "policy/base/clock.h"

/* ---- health of one endpoint ---- */

enum circuit health_circuit(struct health h, uint32_t now_s)
{
	if (h.cool_end == 0)
		return CIRCUIT_CLOSED;
	return health_cooling_s(h, now_s) ? CIRCUIT_OPEN : CIRCUIT_HALF_OPEN;
}

/* 0 means "does not cool", so a cool-off that would end then ends a second later. */
static uint32_t cool_until(uint32_t second)
{
	return second & COOL_MASK ? second & COOL_MASK : 1;
}

/* {MIN, MAX}: MIN after one failure, and in equal steps up to MAX after COOL_N_MAX in a row. */
static uint32_t cool_off_s(uint64_t cool_off, uint32_t n)
{
	const uint32_t least = (uint32_t)cool_off, most = (uint32_t)(cool_off >> 32);
	return least + (most - least) * (n - 1) / (COOL_N_MAX - 1);
}

struct health health_failed(struct health h, enum cause cause, uint32_t now_s, uint32_t cool, uint64_t cool_off, uint32_t dice)
{
	h.failures = (h.failures + 1) & SUM_MASK;
	h.last_cause = (uint8_t)cause;
	if (cool == COOL_NOT || (health_circuit(h, now_s) == CIRCUIT_OPEN && !h.on_trial))
		return h;
	if (h.n < COOL_N_MAX)
		h.n++;
	h.cool_end = cool_until(now_s + (cool ? cool : (cool_off_s(cool_off, h.n) * (80 + dice % 41) + 50) / 100));
	h.on_trial = false;
	return h;
}

struct health health_succeeded(struct health h, uint32_t now_s, uint32_t last_s)
{
	h.cool_end = 0;
	h.on_trial = false;
	if (h.n && now_s / COOL_LOWER_S != last_s / COOL_LOWER_S)
		h.n--;
	return h;
}

struct health health_on_trial(struct health h, uint32_t now_s)
{
	h.cool_end = cool_until(now_s + TRIAL_S);
	h.on_trial = true;
	return h;
}

/* ---- requests that waited in vain ---- */

struct waits waits_after(struct waits w, uint32_t since, uint32_t waited, uint32_t now, bool closed)
{
	if (w.since == 0)
		w.since = since ? since : 1;
	const uint32_t most = WAIT_IN_VAIN * (1 + tick_since(now, w.since) / WAIT_LEAST_TICKS), score = w.score + WAIT_IN_VAIN;
	w.score = (uint8_t)(score < most ? score : most < UINT8_MAX ? most : UINT8_MAX);
	w.waited = (uint16_t)(w.waited + waited < UINT16_MAX ? w.waited + waited : UINT16_MAX);
	w.row = (uint8_t)(w.row + (w.row < 15));
	w.closed = (uint8_t)(closed ? w.closed + (w.closed < 15) : 0);
	return w;
}

struct waits waits_answered(struct waits w)
{
	if (w.score <= WAIT_ANSWERED)
		return (struct waits){0};
	return (struct waits){.since = w.since, .score = (uint8_t)(w.score - WAIT_ANSWERED)};
}

bool waits_prove(struct waits w, enum request_kind kind, uint32_t waited, uint32_t now)
{
	const uint32_t passed = tick_since(now, w.since), together = w.waited < passed ? w.waited : passed;
	return w.closed >= WAIT_CLOSED || (kind != REQUEST_OTHER && waited >= tick_of(WAIT_ALONE_S)) ||
	       (w.row >= 2 && together >= tick_of(WAIT_TWO_S)) ||
	       (w.score >= WAIT_SCORE && passed >= tick_of(WAIT_SCORE_S));
}

/* ---- whose trouble it is ---- */

/* 0 means "never". */
static uint16_t account_time(uint32_t now_s)
{
	const uint16_t when = (uint16_t)(now_s / ACCOUNT_UNIT_S);
	return when ? when : 1;
}

struct accounts accounts_used(struct accounts a, uint16_t account, uint32_t now_s)
{
	const uint16_t now = account_time(now_s);
	if (a.when[0] && a.hash[0] != account) {
		a.hash[1] = a.hash[0];
		a.when[1] = a.when[0];
	}
	a.hash[0] = account;
	a.when[0] = now;
	return a;
}

bool accounts_alone(struct accounts a, uint16_t account, uint32_t now_s)
{
	const uint16_t now = account_time(now_s);
	for (int i = 0; i < 2; i++)
		if (a.when[i] && a.hash[i] != account && (uint16_t)(now - a.when[i]) <= ACCOUNT_ALONE_S / ACCOUNT_UNIT_S)
			return false;
	return true;
}

/* ---- choosing ---- */

static bool may_be_chosen(const struct facts *f, size_t i, int but)
{
	return (int)i != but && f->candidate[i].in_answer && !f->candidate[i].drained;
}

/* Is there a reason not to lead to it? What was set by hand is not left for a vain attempt. */
static bool is_told_aside(const struct facts *f, size_t i)
{
	const struct candidate *c = &f->candidate[i];
	const bool by_hand = f->is_explicit && ((int)i == f->pin || c->rank);
	return c->no_route || (c->vain && !by_hand);
}

static bool all_aside(const struct facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->candidate[i].in_answer && !is_told_aside(f, i))
			return false;
	return true;
}

/* If all of the answer are to stand aside, none does. */
static bool stands_aside(const struct facts *f, size_t i)
{
	return is_told_aside(f, i) && !all_aside(f);
}

/* The first in the resolver's order that is this fit, other than `but`. -1: none. */
static int first_with(const struct facts *f, enum circuit circuit, int but, bool aside)
{
	for (size_t i = 0; i < f->n; i++)
		if (may_be_chosen(f, i, but) && f->candidate[i].circuit == circuit && stands_aside(f, i) == aside)
			return (int)i;
	return -1;
}

/* One that may be tried now: fit rather than due. -1: none. */
static int first_usable(const struct facts *f, int but, bool aside)
{
	int at = first_with(f, CIRCUIT_CLOSED, but, aside);
	return at >= 0 ? at : first_with(f, CIRCUIT_HALF_OPEN, but, aside);
}

/* Where a pin may go: to one that stands aside only when there is no other. -1: nowhere. */
static int refuge(const struct facts *f, int but)
{
	int at = first_usable(f, but, false);
	return at >= 0 ? at : first_usable(f, but, true);
}

/*
 * Of those that are as good as `to`, the one that failed longest ago, or never: a pin does not go back to where it has
 * just been left, which need not cool off (SIP statuses), while another was not tried.
 */
static int failed_longest_ago(const struct facts *f, int to)
{
	int best = to;
	for (size_t i = 0; to >= 0 && i < f->n; i++)
		if (may_be_chosen(f, i, f->pin) && f->candidate[i].circuit == f->candidate[to].circuit &&
		    f->candidate[i].priority == f->candidate[to].priority && stands_aside(f, i) == stands_aside(f, (size_t)to) &&
		    f->candidate[i].failed < f->candidate[best].failed)
			best = (int)i;
	return best;
}

static bool none_closed(const struct facts *f) { return first_with(f, CIRCUIT_CLOSED, -1, false) < 0; }

/* Who leads: a pin that is fit or may be tried; if nothing is fit, what may be tried, else the pin. */
static void lead(const struct facts *f, int pin, struct transition *t)
{
	enum circuit circuit = pin < 0 ? CIRCUIT_OPEN : f->candidate[pin].circuit;
	int due;
	t->head = -1;
	t->take_trial = false;
	if (circuit != CIRCUIT_OPEN) {
		t->head = pin;
		t->take_trial = circuit == CIRCUIT_HALF_OPEN;
	} else if (none_closed(f)) {
		due = first_with(f, CIRCUIT_HALF_OPEN, pin, false);
		t->head = due >= 0 ? due : pin;
		t->take_trial = due >= 0;
	}
}

/* The head stands aside for the first that may be tried, or, where all others cool off, for their order. */
static void stand_aside(const struct facts *f, struct transition *t)
{
	if (t->head < 0 || !stands_aside(f, (size_t)t->head))
		return;
	t->head = first_usable(f, -1, false);
	t->take_trial = t->head >= 0 && f->candidate[t->head].circuit == CIRCUIT_HALF_OPEN;
}

static bool path_failed(const struct facts *f)
{
	bool any = false;
	for (size_t i = 0; i < f->n; i++) {
		if (f->candidate[i].in_answer && !f->candidate[i].failed_lately)
			return false;
		any |= f->candidate[i].in_answer;
	}
	return any;
}

static struct transition keep(const struct facts *f)
{
	return (struct transition){.action = KEEP, .to = -1, .head = -1, .absent = f->absent};
}

/* A pin that is none, or has ended, gives way to the first that may be tried, other than `but`; never to one that cools off. */
static struct transition take_first_usable(const struct facts *f, enum action action, enum cause cause, int but)
{
	struct transition t = {.action = action, .cause = cause, .head = -1, .to = refuge(f, but)};
	if (t.to < 0)
		t.action = f->pin >= 0 ? FORGET : KEEP;
	lead(f, t.to, &t);
	return t;
}

/* ---- at a lookup ---- */

/* Is there a way to any of the preference list? */
static bool way_to_list(const struct facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->candidate[i].rank && !f->candidate[i].no_route)
			return true;
	return false;
}

/* The first of the preference list that neither cools off nor is drained, else the first of all. Those without a way count only if all are. */
static int preferred(const struct facts *f)
{
	const bool way = way_to_list(f);
	int best = -1, first = -1;
	for (size_t i = 0; i < f->n; i++) {
		const struct candidate *c = &f->candidate[i];
		if (c->rank == 0 || (way && c->no_route))
			continue;
		if (first < 0 || c->rank < f->candidate[first].rank)
			first = (int)i;
		if (c->circuit != CIRCUIT_OPEN && !c->drained && (best < 0 || c->rank < f->candidate[best].rank))
			best = (int)i;
	}
	return best >= 0 ? best : first >= 0 ? first : f->pin;
}

static struct transition lookup_explicit(const struct facts *f)
{
	struct transition t = keep(f);
	if (f->expires && f->now >= f->expires)
		return take_first_usable(f, CAPTURE, CAUSE_TTL, -1);
	t.head = preferred(f);
	t.take_trial = f->candidate[t.head].circuit == CIRCUIT_HALF_OPEN;
	return t;
}

static bool over(uint32_t now, uint32_t since, uint32_t seconds)
{
	return seconds != SETTING_OFF && since != 0 && tick_since(now, since) > tick_of(seconds);
}

/* Did nothing ever succeed on it? What a captive portal's DNS gave is such a pin. */
static bool is_unproven(const struct facts *f) { return !f->confirmed && f->last_confirmed != f->pin; }

static uint32_t grace_of(const struct facts *f, const struct settings *set)
{
	const uint32_t grace = setting_of(set, SET_GRACE);
	return is_unproven(f) && grace > UNPROVEN_S ? UNPROVEN_S : grace;
}

/* The pin is not in this answer: has that ended it? Else notes since when. */
static bool ended_by_absence(const struct facts *f, const struct settings *set, struct transition *t)
{
	if (set->value[SET_ABSENT] == ABSENT_FOLLOW)
		return true;
	if (set->value[SET_ABSENT] == ABSENT_KEEP)
		return false;
	if (f->absent == 0)
		t->absent = f->now;
	return f->absent != 0 && tick_since(f->now, f->absent) >= tick_of(grace_of(f, set));
}

/* Is the last confirmed one in an answer that lacks the pin, which is unproven? Then it is the pin again. */
static bool is_back(const struct facts *f, const struct settings *set)
{
	const int at = f->last_confirmed;
	return at >= 0 && is_unproven(f) && set->value[SET_ABSENT] != ABSENT_KEEP && may_be_chosen(f, (size_t)at, f->pin) &&
	       f->candidate[at].circuit == CIRCUIT_CLOSED && !stands_aside(f, (size_t)at);
}

/*
 * There is no fail-back, but to a target of a better priority, which clients must
 * use while it can be reached (RFC 2782). -1: none.
 */
static int better_priority(const struct facts *f, const struct settings *set)
{
	int best = -1;
	if (!over(f->now, f->set_at, setting_of(set, SET_FAILBACK)))
		return -1;
	for (size_t i = 0; i < f->n; i++)
		if (may_be_chosen(f, i, f->pin) && f->candidate[i].circuit != CIRCUIT_OPEN &&
		    f->candidate[i].priority < f->candidate[best < 0 ? f->pin : best].priority)
			best = (int)i;
	return best;
}

static struct transition move_to(const struct facts *f, enum cause cause, int to)
{
	struct transition t = {.action = MOVE, .cause = cause, .to = to};
	lead(f, to, &t);
	return t;
}

static struct transition lookup_auto(const struct facts *f, const struct settings *set)
{
	struct transition t = keep(f);
	if (over(f->now, f->used, setting_of(set, SET_IDLE)))
		return take_first_usable(f, CAPTURE, CAUSE_IDLE, -1);
	if (over(f->now, f->set_at, setting_of(set, SET_MAX_AGE)))
		return take_first_usable(f, CAPTURE, CAUSE_MAX_AGE, -1);
	if (f->candidate[f->pin].drained && refuge(f, f->pin) >= 0)
		return take_first_usable(f, MOVE, CAUSE_DRAINED, f->pin);
	if (f->has_answer && f->candidate[f->pin].in_answer)
		t.absent = 0;
	else if (f->has_answer && !f->partial && is_back(f, set))
		return move_to(f, CAUSE_ABSENT, f->last_confirmed);
	else if (f->has_answer && !f->partial && ended_by_absence(f, set, &t))
		return take_first_usable(f, MOVE, CAUSE_ABSENT, f->pin);
	if (f->sum_changed) {
		uint32_t absent = t.absent;
		t = decide_failure(f);
		t.absent = absent;
	}
	int better = t.action == KEEP ? better_priority(f, set) : -1;
	if (better >= 0)
		return move_to(f, CAUSE_FAILBACK, better);
	lead(f, t.action == KEEP ? f->pin : t.to, &t);
	return t;
}

struct transition decide_lookup(const struct facts *f, const struct settings *set)
{
	struct transition t = f->pin < 0	? take_first_usable(f, CAPTURE, CAUSE_FIRST, -1)
			      : f->is_explicit ? lookup_explicit(f)
					       : lookup_auto(f, set);
	stand_aside(f, &t);
	return t;
}

/* ---- after an outcome ---- */

struct transition decide_failure(const struct facts *f)
{
	struct transition t = keep(f);
	if (f->pin < 0 || f->is_explicit || !f->sum_changed)
		return t;
	t.action = MOVE;
	t.cause = CAUSE_FAILED;
	t.to = path_failed(f) ? -1 : failed_longest_ago(f, refuge(f, f->pin));
	if (t.to < 0) {
		t.action = RETURN_LAST;
		t.cause = CAUSE_PATH;
		t.to = f->last_confirmed >= 0 ? f->last_confirmed : f->pin;
	}
	return t;
}

struct transition decide_success(const struct facts *f, int at)
{
	struct transition t = keep(f);
	if (f->pin < 0)
		return t;
	bool here = at == f->pin;
	if (!here && f->candidate[at].drained)
		return t;
	if (here ? f->sum_changed && !f->is_explicit : f->is_explicit || (f->confirmed && !f->sum_changed))
		return t;
	t.action = CONFIRM;
	t.cause = here ? CAUSE_CONNECTED : CAUSE_ELSEWHERE;
	t.to = at;
	return t;
}

/* ---- the order of an answer ---- */

/*
 * Does candidate i go before k? What stands aside goes last; fit goes before drained or failed; of those, the soonest
 * to recover first. With `as_is` none is fit, and the resolver's order holds.
 */
static bool goes_before(const struct facts *f, size_t i, size_t k, bool as_is)
{
	const struct candidate *a = &f->candidate[i], *b = &f->candidate[k];
	const bool a_aside = stands_aside(f, i), b_aside = stands_aside(f, k);
	if (a_aside != b_aside || as_is)
		return b_aside && !a_aside;
	bool a_good = a->circuit == CIRCUIT_CLOSED && !a->drained, b_good = b->circuit == CIRCUIT_CLOSED && !b->drained;
	if (a_good != b_good)
		return a_good;
	return !a_good && a->cooling_s < b->cooling_s;
}

size_t decide_order(const struct facts *f, int head, uint8_t order[static FACTS_MAX])
{
	const bool as_is = none_closed(f);
	size_t n = 0, first = 0;
	if (head >= 0)
		order[n++] = (uint8_t)head;
	first = n;
	for (size_t i = 0; i < f->n; i++) {
		if ((int)i == head || !f->candidate[i].in_answer)
			continue;
		size_t at = n++;	/* insertion sort: stable, and answers are short */
		for (; at > first && goes_before(f, i, order[at - 1], as_is); at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
	}
	return n;
}
