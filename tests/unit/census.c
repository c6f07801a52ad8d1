/* census.c: a walk over the table in steps: what it counts, and which names it chooses. */
#include "policy/pins/admin.h"
#include "policy/table/addresses.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"
#include "tools/pinkeeper/census.h"

static void walk(struct census *c, const struct table *t, size_t want, uint32_t slots)
{
	unsigned steps = 1;
	census_begin(c, want);
	while (census_step(c, t, slots))
		steps++;
	check_true("as many steps as it takes", steps >= (t->layout.name_slots + t->layout.addr_slots) / slots);
}

static void look_up(struct table *t, const char *text, unsigned address)
{
	const struct name n = lab_name(text);
	const struct address a[] = {lab_v4(address), lab_v4(address + 1)};
	struct name_ref ref;
	lab_lookup(t, &n, a, 2, &ref);
}

static void outcome(struct table *t, unsigned address, bool ok)
{
	const struct outcome o = {.endpoint = {lab_v4(address), 5060, TRANSPORT_TCP}, .reach = REACH_ALL, .why = CAUSE_ANSWERED};
	if (ok)
		lab_succeeded(t, &o);
	else
		lab_failed(t, &o, CAUSE_REFUSED);
}

/* The names that were chosen, in alphabetical order, a blank behind each. */
static void check_chosen(const struct census *c, const struct table *t, const char *expected)
{
	char names[16][NAME_BYTES], text[16 * NAME_BYTES + 1] = "";
	struct name_ref ref;
	struct name n;
	size_t count = 0;
	for (size_t i = 0; i < c->chosen.n && count < 16; i++) {
		check_true("in order", i == 0 || c->chosen.name[i - 1].ref.slot < c->chosen.name[i].ref.slot);
		if (table_at(t, c->chosen.name[i].ref.slot, &ref, &n))
			strcpy(names[count++], n.text);
	}
	qsort(names, count, sizeof *names, (int (*)(const void *, const void *))strcmp);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", names[i]);
	check_text("chosen", expected, text);
}

static void counts(void)
{
	struct census c = {0};
	struct lab lab;
	const struct name by_hand = lab_name("hand.test"), service = lab_name("_sip._udp.test"), host = lab_name("a.test");
	lab_open(&lab, 64);
	look_up(&lab.t, "one.test", 1);
	look_up(&lab.t, "two.test", 11);
	outcome(&lab.t, 1, true);			/* one.test is confirmed */
	outcome(&lab.t, 12, false);
	const struct address v6 = lab_v6(7), target = addr_of_target(&lab.t, &host, 5060);
	pins_set(&lab.t, &by_hand, &v6, 1, 0);
	pins_set(&lab.t, &service, &target, 1, 0);
	pins_drain(&lab.t, &v6, true);

	check_row("counts");
	walk(&c, &lab.t, 0, 7);
	check_number("names", 4, c.counts.names);
	check_number("addresses", 6, c.counts.addrs);
	check_number("drained", 1, c.counts.drained);
	check_number("auto, confirmed", 1, c.counts.pins[FAMILY_V4][false][true]);
	check_number("auto, tentative", 1, c.counts.pins[FAMILY_V4][false][false]);
	check_number("by hand", 1, c.counts.pins[FAMILY_V6][true][false]);
	check_number("srv", 1, c.counts.pins[CENSUS_SRV][true][false]);
	check_number("closed", 1, c.counts.endpoints[CIRCUIT_CLOSED]);
	check_number("open", 1, c.counts.endpoints[CIRCUIT_OPEN]);
	check_number("none is chosen", 0, c.chosen.n);

	check_row("a dropped name is counted no more; a walk begins anew");
	pins_drop(&lab.t, &by_hand);
	walk(&c, &lab.t, 0, 1000);
	check_number("names", 3, c.counts.names);
	check_number("by hand", 0, c.counts.pins[FAMILY_V6][true][false]);
	census_forget(&c);
	lab_close(&lab);
}

static void choice(void)
{
	struct census c = {0};
	struct lab lab;
	lab_open(&lab, 64);
	for (unsigned i = 1; i <= 6; i++) {
		char text[NAME_BYTES];
		snprintf(text, sizeof text, "n%u.test", i);
		look_up(&lab.t, text, 10 * i);
		clock_after(10);
	}

	check_row("those that were looked up last");
	walk(&c, &lab.t, 2, 7);
	check_chosen(&c, &lab.t, "n5.test n6.test ");

	check_row("those that were chosen before stay");
	look_up(&lab.t, "n2.test", 20);
	walk(&c, &lab.t, 2, 7);
	check_chosen(&c, &lab.t, "n5.test n6.test ");

	check_row("more room: the next");
	walk(&c, &lab.t, 3, 7);
	check_chosen(&c, &lab.t, "n2.test n5.test n6.test ");

	check_row("a name whose pin moved goes before them");
	outcome(&lab.t, 10, false);
	walk(&c, &lab.t, 2, 7);
	check_chosen(&c, &lab.t, "n1.test n2.test ");

	check_row("one whose pin was set by hand goes before that");
	const struct name by_hand = lab_name("n3.test");
	const struct address a = lab_v4(99);
	pins_set(&lab.t, &by_hand, &a, 1, 0);
	walk(&c, &lab.t, 1, 7);
	check_chosen(&c, &lab.t, "n3.test ");

	check_row("room for all");
	walk(&c, &lab.t, 1000, 7);
	check_chosen(&c, &lab.t, "n1.test n2.test n3.test n4.test n5.test n6.test ");

	check_row("the choice before is forgotten with the table");
	census_forget(&c);
	walk(&c, &lab.t, 4, 7);
	check_chosen(&c, &lab.t, "n1.test n2.test n3.test n6.test ");
	census_forget(&c);
	lab_close(&lab);
}

int main(void)
{
	counts();
	choice();
	return check_done();
}
