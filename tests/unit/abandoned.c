/*
 * abandoned.c: notes of connects and requests in flight: what a lookup makes of them, and what who reaps does.
 *
 * A child that has ended stands for the program that was killed.
 */
#include <sys/wait.h>

#include "policy/base/clock.h"
#include "policy/pins/abandoned.h"
#include "policy/pins/health.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

enum { POOL = 3, SERVER = 7070, WALK_RECORDS = 2 };

static pid_t dead_process(void)
{
	const pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

enum who { OWN, DEAD, LIVING };

static const struct row {
	const char *what;
	enum who who;
	uint8_t what_waits;
	double age_s;
	bool other_space, succeeded_since;
	bool reaped;			/* the note is gone after a walk */
	bool moved;			/* the pin was moved by it */
} rows[] = {
	{"a connect of a killed program, 3 s old", DEAD, PENDING_CONNECT, 3.5, false, false, true, true},
	{"too young to tell: it is left for later", DEAD, PENDING_CONNECT, 1, false, false, false, false},
	{"the program lives", LIVING, PENDING_CONNECT, 60, false, false, false, false},
	{"it is our own", OWN, PENDING_CONNECT, 60, false, false, false, false},
	{"another pid namespace: nobody here can know", DEAD, PENDING_CONNECT, 60, true, false, false, false},
	{"somebody else got through since", DEAD, PENDING_CONNECT, 3.5, false, true, true, false},
	{"one request proves nothing", DEAD, PENDING_REQUEST, 3.5, false, false, true, false},
};

static struct address led(struct lab *lab, struct name_ref *ref)
{
	const struct name n = lab_name("pool.test");
	const struct address all[POOL] = {lab_v4(1), lab_v4(2), lab_v4(3)};
	return lab_lookup(&lab->t, &n, all, POOL, ref);
}

static struct address pin_of(struct lab *lab, struct name_ref ref)
{
	struct address a = {0};
	addr_read(&lab->t, pin_unpack(get64(&name_hot(&lab->t, ref)->pin[FAMILY_V4])).ref, &a);
	return a;
}

static void row(const struct row *r)
{
	struct lab lab;
	struct name_ref ref;
	uint32_t cursor = 0;
	check_row("%s", r->what);
	lab_open(&lab, 64);
	const struct endpoint e = {led(&lab, &ref), SERVER, TRANSPORT_TCP};
	const uint32_t pid = r->who == OWN ? store_pid(&lab.t) : (uint32_t)(r->who == DEAD ? dead_process() : getppid());
	const addr_ref addr = addr_find(&lab.t, &e.addr);
	lab.t.space = (uint8_t)(lab.t.space + r->other_space);
	endpoint_pending(&lab.t, addr, &e, (struct pending){.since = tick_now(), .pid = pid, .what = r->what_waits});
	lab.t.space = (uint8_t)(lab.t.space - r->other_space);
	clock_after(r->age_s);
	if (r->succeeded_since)
		lab_succeeded(&lab.t, &(struct outcome){.endpoint = e, .reach = REACH_ALL});
	while (abandoned_reap(&lab.t, &cursor, WALK_RECORDS))
		;
	const struct addr_record *a = addr_at(&lab.t, addr);
	check_number("notes left", r->reaped ? 0 : 1, get64(&a->endpoints[endpoint_find(a, e.transport, e.port)].pending) != 0);
	const struct address now = pin_of(&lab, ref);
	check_true(r->moved ? "the pin moved" : "the pin stayed", address_equal(&now, &e.addr) != r->moved);
	lab_close(&lab);
}

static void read_only(void)
{
	struct lab lab;
	uint32_t cursor = 0;
	check_row("a table that may only be read: nothing is walked");
	lab_open(&lab, 64);
	lab.t.writable = false;
	check_true("over at once", !abandoned_reap(&lab.t, &cursor, WALK_RECORDS));
	lab_close(&lab);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		row(&rows[i]);
	read_only();
	return check_done();
}
