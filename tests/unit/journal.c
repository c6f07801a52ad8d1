/* journal.c: the ring of events: order, laps, losses, torn records, followers. */
#include "policy/table/effective.h"
#include "policy/table/journal.h"
#include "tests/unit/check.h"
#include "tests/unit/lab.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "policy/base/hash.h"

/* A wait that ends by itself is longer than any that a busy machine could make of one that ends by an event. */
enum { LONG_MS = 600000 };

static void write_number(struct table *t, unsigned i)
{
	struct event e = {.kind = (uint8_t)(i % EVENT_KINDS), .port = (uint16_t)i, .has_addr = 1, .addr = lab_v4(i)};
	snprintf(e.name, sizeof e.name, "n%u", i);
	journal_write(t, &e);
}

static bool is_number(const struct event *e, unsigned i)
{
	struct address a = lab_v4(i);
	char name[32];
	snprintf(name, sizeof name, "n%u", i);
	return e->port == (uint16_t)i && strcmp(e->name, name) == 0 && address_equal(&e->addr, &a);
}

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void order(void)
{
	struct lab lab;
	struct event e;
	uint64_t seq = 0, lost = 0;
	lab_open(&lab, 8);
	lab.t.origin = ORIGIN_PINCTL;
	check_row("an empty journal");
	check_number("next", 0, journal_next(&lab.t));
	check_number("oldest", 0, journal_oldest(&lab.t));
	check_number("read", JOURNAL_NONE, journal_read(&lab.t, &seq, &e, &lost));

	check_row("events come in order");
	for (unsigned i = 0; i < 10; i++)
		write_number(&lab.t, i);
	for (unsigned i = 0; i < 10; i++) {
		check_number("read", JOURNAL_OK, journal_read(&lab.t, &seq, &e, &lost));
		check_true("it", is_number(&e, i));
	}
	check_number("then none", JOURNAL_NONE, journal_read(&lab.t, &seq, &e, &lost));
	check_number("lost", 0, lost);

	check_row("an event says who and when");
	char comm[16] = "";
	prctl(PR_GET_NAME, comm);
	check_number("pid", (uint64_t)getpid(), e.pid);
	check_text("comm", comm, e.comm);
	check_number("origin", ORIGIN_PINCTL, e.origin);
	check_range("seconds since", 0, LONG_MS / 1000, (uint64_t)time(NULL) - e.time_ns / 1000000000);
	lab_close(&lab);
}

static void laps(void)
{
	struct lab lab;
	struct event e;
	uint64_t seq = 0, lost = 0;
	lab_open(&lab, 8);
	for (unsigned i = 0; i < lab.t.layout.events; i++)
		write_number(&lab.t, i);
	check_row("a full ring has lost nothing");
	check_number("oldest", 0, journal_oldest(&lab.t));
	check_number("read", JOURNAL_OK, journal_read(&lab.t, &seq, &e, &lost));
	check_true("the first", is_number(&e, 0));

	for (unsigned i = lab.t.layout.events; i < lab.t.layout.events * 3 + 5; i++)
		write_number(&lab.t, i);
	check_row("a slow follower is told what it lost");
	check_number("read", JOURNAL_LOST, journal_read(&lab.t, &seq, &e, &lost));
	check_number("lost", lab.t.layout.events * 2 + 5 - 1, lost);
	check_number("oldest", lab.t.layout.events * 2 + 5, journal_oldest(&lab.t));
	check_number("at the oldest", journal_oldest(&lab.t), seq);
	unsigned wrong = 0, read = 0;
	while (journal_read(&lab.t, &seq, &e, &lost) == JOURNAL_OK)
		wrong += !is_number(&e, lab.t.layout.events * 2 + 5 + read++);
	check_row("and then gets the rest");
	check_number("read", lab.t.layout.events, read);
	check_number("wrong", 0, wrong);
	check_row("a follower that is ahead of the journal waits");
	seq += 100;
	check_number("read", JOURNAL_NONE, journal_read(&lab.t, &seq, &e, &lost));
	lab_close(&lab);
}

/* What a writer leaves that was killed at this point of its work. */
static void torn(void)
{
	static const char *const points[] = {"took a number only", "marked the record", "wrote half of it", "was stopped for a lap"};
	for (unsigned point = 0; point < 4; point++) {
		struct lab lab;
		struct event e;
		uint64_t seq = 0, lost = 0;
		lab_open(&lab, 8);
		for (unsigned i = 0; i < 3; i++)
			write_number(&lab.t, i);
		struct event_record *r = &lab.t.journal[1];
		if (point == 0)
			put64(&r->seq, 0);
		if (point == 1)
			put64(&r->seq, 2 * 1 + 1);
		if (point == 2)
			put64(&r->body[20], get64(&r->body[20]) ^ 1);
		if (point == 3)
			put64(&r->seq, 2 * (1 + lab.t.layout.events) + 2);
		check_row("an event whose writer %s", points[point]);
		check_number("before it", JOURNAL_OK, journal_read(&lab.t, &seq, &e, &lost));
		check_number("it", JOURNAL_NONE, journal_read(&lab.t, &seq, &e, &lost));
		check_number("stays", 1, seq);
		seq++;
		check_number("after it", JOURNAL_OK, journal_read(&lab.t, &seq, &e, &lost));
		check_true("whole", is_number(&e, 2));
		lab_close(&lab);
	}
}

static void bounds(void)
{
	struct lab lab;
	struct event e;
	uint64_t seq = 0, lost = 0, words[EVENT_WORDS];
	lab_open(&lab, 8);
	write_number(&lab.t, 1);
	memset(words, 'x', sizeof words);
	for (unsigned i = 0; i < EVENT_WORDS; i++)
		put64(&lab.t.journal[0].body[i], words[i]);
	put64(&lab.t.journal[0].check, hash_words(words, EVENT_WORDS, 0));
	check_row("a forged event has ends to its strings");
	check_number("read", JOURNAL_OK, journal_read(&lab.t, &seq, &e, &lost));
	check_number("name", sizeof e.name - 1, strnlen(e.name, sizeof e.name));
	check_number("comm", sizeof e.comm - 1, strnlen(e.comm, sizeof e.comm));
	check_row("and words for people");
	check_text("kind", "unknown", event_kind_text(e.kind));
	check_text("origin", "unknown", origin_text(e.origin));
	check_text("cause", "unknown", cause_text(e.cause));
	check_text("errno", "", cause_errno(e.cause));
	for (unsigned k = 0; k < EVENT_KINDS; k++)
		check_true("kind", strcmp(event_kind_text(k), "unknown") != 0);
	for (unsigned k = 0; k < ORIGINS; k++)
		check_true("origin", strcmp(origin_text(k), "unknown") != 0);
	for (unsigned k = 0; k < CAUSES; k++)
		check_true("cause", strcmp(cause_text(k), "unknown") != 0);

	check_row("a number near the end of its range");
	put64(&lab.t.header->journal_next, UINT64_MAX - 2);
	for (unsigned i = 0; i < 5; i++)
		write_number(&lab.t, i);
	seq = 0;
	journal_read(&lab.t, &seq, &e, &lost);
	lab_close(&lab);
}

/* ---- followers ---- */

static void follow(struct table *t, int fd)
{
	struct event e;
	uint64_t seq = journal_next(t), lost = 0;
	if (write(fd, "r", 1) != 1)
		_exit(1);
	while (journal_read(t, &seq, &e, &lost) != JOURNAL_OK)
		journal_wait(t, seq, LONG_MS);
	_exit(0);
}

/* The child's exit, long before LONG_MS are over; a child that goes on is killed. */
static int ended(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const uint64_t from = now_ms();
	int status;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() - from > LONG_MS / 6)
			kill(pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	return status;
}

/* A follower in another process wakes when an event comes, not when its time is up. */
static void woken(bool writable)
{
	struct lab lab;
	int fds[2];
	char ready;
	lab_open(&lab, 8);
	if (pipe(fds) == -1)
		err(2, "pipe");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		lab.t.writable = writable;
		follow(&lab.t, fds[1]);
	}
	check_row("a follower that may %s is woken", writable ? "write" : "only read");
	check_true("ready", read(fds[0], &ready, 1) == 1);
	const struct timespec ts = {.tv_nsec = 150000000};
	nanosleep(&ts, NULL);
	write_number(&lab.t, 1);
	check_number("status", 0, (uint64_t)ended(pid));
	close(fds[0]);
	close(fds[1]);
	lab_close(&lab);
}

/* A wait ends, with nothing in the journal, when settings change: pinwatch steers by them. */
static void woken_by_settings(void)
{
	const struct settings_block b = {.set = settings_builtin()};
	const struct timespec pause = {.tv_nsec = 10000000};
	const uint64_t from = now_ms();
	struct lab lab;
	int status;
	lab_open(&lab, 8);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		journal_wait(&lab.t, 0, LONG_MS);
		_exit(0);
	}
	check_row("a follower is woken when settings change");
	while (waitpid(pid, &status, WNOHANG) == 0 && now_ms() - from < LONG_MS / 6) {
		settings_store(&lab.t, &b, NULL, 0, NULL);	/* the first may come before the wait */
		nanosleep(&pause, NULL);
	}
	check_true("before its time was up", now_ms() - from < LONG_MS / 6);
	kill(pid, SIGKILL);
	lab_close(&lab);
}

static void waits(void)
{
	struct lab lab;
	uint64_t from = now_ms();
	lab_open(&lab, 8);
	check_row("waiting ends when its time is up");
	journal_wait(&lab.t, 0, 50);
	check_range("ms", 40, LONG_MS, now_ms() - from);
	check_row("there is no waiting for what is there");
	write_number(&lab.t, 1);
	from = now_ms();
	journal_wait(&lab.t, 0, LONG_MS);
	check_range("ms", 0, LONG_MS / 6, now_ms() - from);
	check_row("two writers put the futex word in the wrong order: no spinning");
	put32(&lab.t.header->journal_futex, 77);
	from = now_ms();
	journal_wait(&lab.t, 1, 100);
	check_range("ms", 90, LONG_MS, now_ms() - from);
	check_row("waiting in a table that may only be read ends too");
	lab.t.writable = false;
	from = now_ms();
	journal_wait(&lab.t, 1, LONG_MS);
	check_range("ms", 0, LONG_MS / 6, now_ms() - from);
	lab_close(&lab);
}

/* ---- the observer ---- */

static unsigned observed;

static void observe(const struct table *t, const struct event *e)
{
	observed += t->writable && is_number(e, 7) && e->pid == (uint32_t)getpid();
}

static void observers(void)
{
	struct lab lab;
	lab_open(&lab, 8);
	lab.t.observer = observe;
	check_row("the observer sees each event");
	write_number(&lab.t, 7);
	check_number("seen", 1, observed);
	lab_close(&lab);
}

int main(void)
{
	order();
	laps();
	torn();
	bounds();
	woken(true);
	woken(false);
	woken_by_settings();
	waits();
	observers();
	return check_done();
}
