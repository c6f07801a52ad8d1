/*
 * stopped.c: a process is stopped after each of its steps of an insertion, and comes back when others have gone on.
 *
 *	stopped [STRIDE]	default: every STRIDE-th instruction of it (ptrace(2), PTRACE_SINGLESTEP)
 *
 * The table has six records of names and eight of addresses. While the child stands still, somewhere in the claim of a
 * name or an address, people fill it by hand: six pins on one address with a --ttl, seven addresses drained. Then the
 * child goes on to its end.
 */
#include "policy/pins/admin.h"
#include "policy/pins/view.h"
#include "policy/table/addresses.h"
#include "policy/table/insert.h"
#include "tests/stress/herd.h"

#include <errno.h>
#include <sys/ptrace.h>

enum { NAMES = 6, DRAINED = 7, PIN = 1, FIRST = 10, STRIDE = HERD_SLOW ? 1499 : 199 };

static void look_up(struct table *t, const char *text, unsigned address)
{
	const struct name n = lab_name(text);
	const struct address a = lab_v4(address);
	struct name_ref ref;
	lab_lookup(t, &n, &a, 1, &ref);
}

static const char *const before[] = {"b.example", "c.example", "d.example", "e.example", "f.example"};

/* All records are used, and so are those of addresses. */
static void used_before(struct table *t)
{
	look_up(t, "a-name-that-goes-on-in-the-cold-part.of-the-record-which-others-lack.example", 100);
	for (unsigned i = 101; i < 120; i++)
		look_up(t, before[i % 5], i);
}

static const char *const set[NAMES] = {"one.example", "a-second-name-that-does-not-fit-into.the-head-of-its-record.example",
				       "three.example", "four.example", "five.example", "six.example"};

static unsigned set_by_hand(struct table *t)
{
	const struct address pin = lab_v4(PIN);
	unsigned done = 0;
	for (unsigned i = 0; i < NAMES; i++) {
		const struct name n = lab_name(set[i]);
		done += pins_set(t, &n, &pin, 1, 600) == ADMIN_OK;
	}
	for (unsigned i = 0; i < DRAINED; i++) {
		const struct address a = lab_v4(FIRST + i);
		done += pins_drain(t, &a, true) == ADMIN_OK;
	}
	return done;
}

/* What of it is still there. */
static unsigned still_set(const struct table *t)
{
	const struct address pin = lab_v4(PIN);
	unsigned there = 0;
	for (unsigned i = 0; i < NAMES; i++) {
		const struct name n = lab_name(set[i]);
		struct name_ref ref;
		struct name_view v;
		there += table_find(t, &n, &ref) && pins_view(t, ref, &v) && v.pin[FAMILY_V4].is_explicit &&
			 address_equal(&v.pin[FAMILY_V4].addr, &pin) && v.pin[FAMILY_V4].expires_s > 0;
	}
	struct address a;
	for (uint32_t cursor = 0; pins_drained(t, &cursor, &a);)
		there++;
	return there;
}

static void insert(void *arg, unsigned i)
{
	const struct name n = lab_name("x-name-of-which-the-tail-is-written.too-since-it-is-a-long-one.example");
	const struct address a = lab_v4(7);
	struct name_ref ref;
	(void)i;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
		_exit(2);
	raise(SIGSTOP);
	table_insert(arg, &n, &ref);
	addr_insert(arg, &a);
}

/* Stops the child after so many instructions. False: it had ended before; *fine: it could be traced. */
static bool step(pid_t pid, unsigned instructions, bool *fine)
{
	int status = 0;
	*fine = waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);
	for (unsigned i = 0; *fine && i < instructions; i++) {
		*fine = ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid;
		if (!WIFSTOPPED(status))
			return false;
	}
	return *fine;
}

int main(int argc, char **argv)
{
	const unsigned stride = argc > 1 && atoi(argv[1]) > 0 ? (unsigned)atoi(argv[1]) : STRIDE;
	unsigned stops = 0, lost = 0, torn = 0, refused = 0;
	bool fine = true, goes_on = true;
	for (unsigned n = 0; fine && goes_on; n += stride) {
		struct lab lab;
		lab_open(&lab, NAMES / 2);
		used_before(&lab.t);
		const pid_t pid = herd_fork(insert, &lab.t, 0);
		goes_on = step(pid, n, &fine);
		if (goes_on) {
			refused += set_by_hand(&lab.t) != NAMES + DRAINED;
			ptrace(PTRACE_CONT, pid, NULL, NULL);
			herd_wait(pid, false);
			lost += still_set(&lab.t) != NAMES + DRAINED;
			torn += get64(&lab.t.header->counters[COUNT_TORN]) != 0;
			stops++;
		}
		lab_close(&lab);
	}
	check_row("a process that was stopped within an insertion comes back: %u places", stops);
	if (!fine) {
		check_skip("it may not be traced");
		return check_done();
	}
	check_range("places", 2, UINT32_MAX, stops);
	check_number("where people had no room meanwhile", 0, refused);
	check_number("where something that they set was lost", 0, lost);
	check_number("where a record was torn", 0, torn);
	return check_done();
}
