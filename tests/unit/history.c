/* history.c: the journal of a table that took the place of another. */
#include "policy/pins/admin.h"
#include "policy/pins/history.h"
#include "policy/pins/service.h"
#include "policy/pins/srv.h"
#include "policy/pins/takeover.h"
#include "tests/unit/check.h"
#include "tests/unit/lab.h"

static void set(struct table *t, const char *name, unsigned address)
{
	const struct name n = lab_name(name);
	const struct address a = lab_v4(address);
	if (pins_set(t, &n, &a, 1, 0) != ADMIN_OK)
		errx(2, "set %s", name);
}

static void take_place(struct lab *to, struct lab *from)
{
	for (int published = 0; published <= 1; published++) {
		history_take(&to->t, &from->t, published, CAUSE_BY_HAND);
		pins_take_place(&to->t, &from->t, published);
	}
}

/* "set a|set b|replaced -": all events; of a follower, those that one does not know who followed the table before. */
static void story(const struct lab *lab, int generation, char out[static 4096])
{
	struct event e;
	uint64_t seq = journal_oldest(&lab->t), lost = 0;
	size_t n = 0;
	out[0] = '\0';
	while (journal_read(&lab->t, &seq, &e, &lost) == JOURNAL_OK)
		if ((generation < 0 || !journal_is_known(&e, (uint8_t)generation)) && n < 4000)
			n += (size_t)snprintf(out + n, 4096 - n, "%s%s %s", n ? "|" : "", event_kind_text(e.kind), *e.name ? e.name : "-");
}

static void generations(void)
{
	struct lab first, second, third, other;
	char seen[4096];
	struct event before, after;
	uint64_t seq = 0, lost = 0;
	lab_open(&first, 8);
	lab_open(&second, 8);
	lab_open(&third, 8);
	lab_open(&other, 8);

	check_row("what happened before is kept, as it was, and then that the table was replaced");
	first.t.comm = "sipp";
	set(&first.t, "a", 1);
	take_place(&second, &first);
	set(&second.t, "b", 1);
	story(&second, -1, seen);
	check_text("events", "set a|replaced -|set b", seen);
	check_number("read", JOURNAL_OK, journal_read(&first.t, &seq, &before, &lost));
	seq = 0;
	check_number("read", JOURNAL_OK, journal_read(&second.t, &seq, &after, &lost));
	check_number("time", before.time_ns, after.time_ns);
	check_text("program", "sipp", after.comm);

	check_row("who followed the first sees what is new");
	story(&second, journal_generation(&first.t), seen);
	check_text("events", "replaced -|set b", seen);

	check_row("also when that one was replaced before he looked");
	take_place(&third, &second);
	story(&third, journal_generation(&first.t), seen);
	check_text("events", "replaced -|set b|replaced -", seen);
	story(&third, journal_generation(&second.t), seen);
	check_text("events of one who followed the second", "replaced -", seen);
	story(&third, -1, seen);
	check_text("events of one who followed none", "set a|replaced -|set b|replaced -", seen);

	check_row("a table that was made anew at the path is all new");
	set(&other.t, "c", 1);
	story(&other, journal_generation(&third.t), seen);
	check_text("events", "set c", seen);

	check_row("nothing taken over: only that it was replaced");
	history_leave(&other.t, &third.t, false, CAUSE_BY_HAND);
	history_leave(&other.t, &third.t, true, CAUSE_BY_HAND);
	story(&other, -1, seen);
	check_text("events", "set c|replaced -", seen);
	check_number("generation", 3, journal_generation(&other.t));

	lab_close(&first);
	lab_close(&second);
	lab_close(&third);
	lab_close(&other);
}

static void full(void)
{
	struct lab small, large;
	struct event e;
	uint64_t seq = 0, lost = 0;
	lab_open(&large, 4 * EVENTS_LEAST);
	lab_open(&small, 8);
	for (unsigned i = 0; i < 2 * EVENTS_LEAST; i++)
		journal_write(&large.t, &(struct event){.kind = EVENT_FAILED, .port = (uint16_t)i});
	history_take(&small.t, &large.t, true, CAUSE_FULL);
	check_row("a shorter journal takes the latest");
	check_number("read", JOURNAL_OK, journal_read(&small.t, &seq, &e, &lost));
	check_number("the oldest", EVENTS_LEAST + 1, e.port);
	check_number("all", EVENTS_LEAST, journal_next(&small.t));
	lab_close(&small);
	lab_close(&large);
}

/* Each table gives the target another hash. */
static void target(void)
{
	struct lab old, new;
	const struct name service = lab_name("_sip._udp.x"), host = lab_name("sbc.x");
	struct address a;
	struct event e;
	uint64_t seq = 0, lost = 0;
	char text[TARGET_TEXT];
	lab_open(&old, 8);
	lab_open(&new, 8);
	check_row("a target keeps its name");
	check_true("made", pins_target(&old.t, &service, &host, 5060, &a));
	check_number("set", ADMIN_OK, pins_set(&old.t, &service, &a, 1, 0));
	take_place(&new, &old);
	check_number("read", JOURNAL_OK, journal_read(&new.t, &seq, &e, &lost));
	target_format(&new.t, &e.addr, text);
	check_text("target", "sbc.x:5060", text);
	lab_close(&old);
	lab_close(&new);
}

static void left_out(void)
{
	struct lab large, small;
	char seen[4096], name[32];
	lab_open(&large, 16);
	lab_open(&small, 1);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "n%u", i);
		set(&large.t, name, 1);
	}
	take_place(&small, &large);
	check_row("names that have no room are events");
	story(&small, journal_generation(&large.t), seen);
	check_text("events", "replaced -|evicted n", (seen[20] = '\0', seen));
	lab_close(&large);
	lab_close(&small);
}

static void by_hand(void)
{
	struct lab lab;
	struct event e = {0};
	uint64_t seq = 0, lost = 0;
	const struct address first = lab_v4(1);
	lab_open(&lab, 8);
	check_row("a pin set by hand says in whose place it comes");
	set(&lab.t, "a", 1);
	set(&lab.t, "a", 2);
	set(&lab.t, "a", 2);
	journal_read(&lab.t, &seq, &e, &lost);
	check_number("of none", 0, e.has_old);
	journal_read(&lab.t, &seq, &e, &lost);
	check_true("of the first", e.has_old && address_equal(&e.old, &first));
	journal_read(&lab.t, &seq, &e, &lost);
	check_number("of itself", 0, e.has_old);
	lab_close(&lab);
}

int main(void)
{
	generations();
	full();
	target();
	left_out();
	by_hand();
	return check_done();
}
