/* probes.c: which endpoints pinkeeper probes, how often, and what several probes in a row mean. */
#include <stdlib.h>

#include "tests/unit/check.h"
#include "tests/unit/lab.h"
#include "tools/pinkeeper/probe-set.h"

/* ---- rise and fall ---- */

static const struct {
	const char *what;
	uint32_t rise, fall;
	const char *probes;		/* + passed, - failed */
	const char *news;		/* of each: . none, F failed, W works */
} verdicts[] = {
	{"each counts", 1, 1, "+-+-", "WFWF"},
	{"three in a row fail", 2, 3, "---", "..F"},
	{"and go on failing", 2, 3, "-----", "..FFF"},
	{"one answer begins anew", 2, 3, "--+--", "....."},
	{"two in a row pass", 2, 3, "++", ".W"},
	{"one lost probe begins anew", 3, 2, "++-+++", ".....W"},
	{"back after a failure", 2, 2, "--++", ".F.W"},
};

static void rise_and_fall(void)
{
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		struct probed p = {.rule = {.rise = verdicts[i].rise, .fall = verdicts[i].fall}};
		char news[16] = "";
		check_row("rise %u, fall %u: %s", verdicts[i].rise, verdicts[i].fall, verdicts[i].what);
		for (size_t k = 0; verdicts[i].probes[k]; k++)
			news[k] = ".FW"[probed_after(&p, verdicts[i].probes[k] == '+')];
		check_text("news", verdicts[i].news, news);
	}
}

/* ---- the set ---- */

static const struct probe_rule calm = {.interval_s = 30, .timeout_s = 3, .rise = 1, .fall = 3};
static const struct probe_rule eager = {.options = true, .interval_s = 5, .timeout_s = 9, .rise = 4, .fall = 2};

static struct endpoint endpoint(unsigned i, uint16_t port) { return (struct endpoint){lab_v4(i), port, TRANSPORT_UDP}; }

static void rounds(void)
{
	struct probe_set s;
	const struct endpoint one = endpoint(1, 5060), two = endpoint(2, 5060), other = endpoint(1, 5080);
	struct probed *p;
	if (!probe_set_open(&s))
		exit(2);

	check_row("what is wanted is probed from the next round on");
	probe_set_want(&s, &one, &calm, 700);
	check_true("not yet", !probe_set_find(&s, &one));
	probe_set_turn(&s);
	p = probe_set_find(&s, &one);
	check_true("now", p && p->due_ms == 700);
	check_true("another port is another endpoint", !probe_set_find(&s, &other));

	check_row("names that share an endpoint: once, by the strictest of their rules");
	probe_set_want(&s, &one, &calm, 0);
	probe_set_want(&s, &two, &calm, 0);
	probe_set_want(&s, &one, &eager, 0);
	p->failed = 2;
	p->busy = true;
	probe_set_turn(&s);
	check_number("endpoints", 2, s.n_now);
	p = probe_set_find(&s, &one);
	check_true("OPTIONS", p->rule.options);
	check_number("interval", 5, p->rule.interval_s);
	check_number("timeout", 3, p->rule.timeout_s);
	check_number("rise", 4, p->rule.rise);
	check_number("fall", 2, p->rule.fall);
	check_number("what was known is kept: failed", 2, p->failed);
	check_true("and that one is under way", p->busy);

	check_row("a probe that ends after the endpoint was wanted again, and before the round does");
	probe_set_want(&s, &one, &calm, 0);
	p->busy = false;
	p->failed = 0;
	probe_set_turn(&s);
	p = probe_set_find(&s, &one);
	check_true("has ended", !p->busy);
	check_number("failed", 0, p->failed);

	check_row("what nobody wants is forgotten");
	check_true("the second", !probe_set_find(&s, &two));
	probe_set_turn(&s);
	check_number("endpoints", 0, s.n_now);
	check_true("the first", !probe_set_find(&s, &one));

	check_row("all are forgotten, those of the next round, too");
	probe_set_want(&s, &one, &calm, 0);
	probe_set_turn(&s);
	probe_set_want(&s, &two, &calm, 0);
	probe_set_drop(&s);
	check_true("the first", !probe_set_find(&s, &one));
	probe_set_turn(&s);
	check_number("endpoints", 0, s.n_now);

	check_row("no more than there is room for");
	for (unsigned i = 0; i < PROBED_MAX + 10; i++)
		probe_set_want(&s, &(struct endpoint){lab_v4(1000 + i), 5060, TRANSPORT_TCP}, &calm, 0);
	probe_set_turn(&s);
	check_number("endpoints", PROBED_MAX, s.n_now);
	check_number("passed over", 10, s.passed_over);
	probe_set_close(&s);
}

static void jitter(void)
{
	uint64_t least = UINT64_MAX, most = 0;
	check_row("an interval of 30 s is 27 to 33 s");
	for (uint32_t dice = 0; dice < 100000; dice += 7) {
		const uint64_t ms = probe_interval_ms(30, dice);
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	check_number("least", 27000, least);
	check_range("most", 32990, 33000, most);
}

int main(void)
{
	rise_and_fall();
	rounds();
	jitter();
	return check_done();
}
