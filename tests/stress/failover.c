/*
 * failover.c: once a failure was reported, no lookup that starts later leads to
 * that address, in no thread and no process, however many of them write at once.
 *
 * A round has a name and a pool of its own. While 8 workers look the name up
 * without pause, its pin is made to fail; the report's return is the moment from
 * which each lookup that starts is judged.
 */
#include "policy/pins/report.h"
#include "policy/pins/view.h"
#include "policy/table/addresses.h"
#include "policy/table/insert.h"
#include "tests/stress/herd.h"

enum { WORKERS = 8, ROUNDS = HERD_SLOW ? 15 : 100, POOL = 5, MICROSECONDS = HERD_SLOW ? 3000 : 1500 };

enum reporters { ONE, EVERY };		/* who reports the failure */

struct drill {
	struct herd *herd;
	struct lab *lab;
	enum reporters reporters;
	unsigned first_name;
	_Atomic uint32_t round;			/* ROUNDS: over */
	_Atomic uint32_t doomed;		/* address that everyone is to report, EVERY; 0: none yet */
	_Atomic uint32_t failed;		/* address that was reported in this round; 0: none yet */
	_Atomic uint32_t judged[ROUNDS], reports[ROUNDS];
};

static void pause_us(long us)
{
	const struct timespec ts = {.tv_nsec = us * 1000};
	nanosleep(&ts, NULL);
}

static unsigned number_of(const struct address *a) { return (unsigned)a->bytes[13] << 16 | (unsigned)a->bytes[14] << 8 | a->bytes[15]; }

static struct name name_of(const struct drill *d, uint32_t round)
{
	char text[64];
	snprintf(text, sizeof text, "round%u.example", d->first_name + round);
	return lab_name(text);
}

static void pool_of(const struct drill *d, uint32_t round, unsigned turn, struct address out[static POOL])
{
	for (unsigned j = 0; j < POOL; j++)
		out[j] = lab_v4(1000 + (d->first_name + round) * POOL + (j + turn) % POOL);
}

static void report(struct drill *d, const struct address *a, struct name_ref ref)
{
	const struct outcome o = {.endpoint = {*a, 5060, TRANSPORT_TCP}, .names = &ref, .n_names = 1, .reach = REACH_SHIM, .why = CAUSE_ANSWERED};
	lab_failed(&d->lab->t, &o, CAUSE_REFUSED);
}

/* Writes that have nothing to do with the round's name. */
static void busy(struct drill *d, uint64_t *random, unsigned i)
{
	struct address addr[POOL];
	struct name n = name_of(d, (uint32_t)(herd_random(random) % 4) + 100000 + i * 4);
	struct name_ref ref;
	for (unsigned j = 0; j < POOL; j++)
		addr[j] = lab_v4(500 + j);
	struct address a = lab_lookup(&d->lab->t, &n, addr, POOL, &ref);
	const struct outcome o = {.endpoint = {a, 80, TRANSPORT_TCP}, .names = &ref, .n_names = 1, .reach = REACH_SHIM};
	if (herd_random(random) % 4 == 0)
		lab_failed(&d->lab->t, &o, CAUSE_TIMED_OUT);
	else
		lab_succeeded(&d->lab->t, &o);
}

static void work_once(struct drill *d, uint32_t round, uint64_t *random, uint32_t *reported)
{
	struct address pool[POOL];
	struct name_ref ref;
	struct name n = name_of(d, round);
	pool_of(d, round, (unsigned)(herd_random(random) % POOL), pool);
	const uint32_t doomed = atomic_load(&d->doomed);
	uint32_t failed = atomic_load(&d->failed);
	if (d->reporters == EVERY && doomed && *reported != doomed && table_find(&d->lab->t, &n, &ref)) {
		const struct address a = lab_v4(doomed);
		report(d, &a, ref);
		atomic_fetch_add(&d->reports[round], 1);
		*reported = failed = doomed;
	}
	struct address first = lab_lookup(&d->lab->t, &n, pool, POOL, &ref);
	if (failed == 0 || atomic_load(&d->round) != round)
		return;
	atomic_fetch_add(&d->judged[round], 1);
	if (number_of(&first) == failed)
		herd_blame(d->herd, "round %u led to the failed address %u", round, failed);
}

static void work(void *arg, unsigned i)
{
	struct drill *d = arg;
	uint64_t random = (herd_ns() ^ i) | 1;
	uint32_t round, reported = 0;
	pthread_barrier_wait(&d->herd->barrier);
	while ((round = atomic_load(&d->round)) < ROUNDS) {
		for (int k = 0; k < 20; k++)
			work_once(d, round, &random, &reported);
		busy(d, &random, i);
		pause_us(20);
	}
}

/* One round: capture, confirm every other time, fail, let the workers look. */
static void play_round(struct drill *d, uint32_t round)
{
	struct address pool[POOL];
	struct name_ref ref;
	struct name n = name_of(d, round);
	atomic_store(&d->failed, 0);
	atomic_store(&d->doomed, 0);
	atomic_store(&d->round, round);
	pool_of(d, round, 0, pool);
	struct address pin = lab_lookup(&d->lab->t, &n, pool, POOL, &ref);
	const struct outcome o = {.endpoint = {pin, 5060, TRANSPORT_TCP}, .names = &ref, .n_names = 1, .reach = REACH_SHIM, .why = CAUSE_ANSWERED};
	if (round % 2)
		lab_succeeded(&d->lab->t, &o);
	pause_us(MICROSECONDS / 3);
	atomic_store(&d->doomed, number_of(&pin));
	if (d->reporters == ONE) {
		report(d, &pin, ref);
		atomic_store(&d->failed, number_of(&pin));
	}
	pause_us(MICROSECONDS);
	for (int wait = 0; atomic_load(&d->judged[round]) < (wait < 1000 ? WORKERS : 1); wait++)
		pause_us(1000);
}

/* Afterwards the pin is one, healthy, and not the one that failed. */
static unsigned settled(struct drill *d)
{
	unsigned fine = 0;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct name n = name_of(d, round);
		struct name_ref ref;
		struct name_view v = {0};
		if (!table_find(&d->lab->t, &n, &ref) || !pins_view(&d->lab->t, ref, &v) || !v.pin[FAMILY_V4].present)
			continue;
		bool fit = false;
		for (size_t i = 0; i < v.n_candidates; i++)
			if (address_equal(&v.candidates[i].addr, &v.pin[FAMILY_V4].addr))
				fit = v.candidates[i].worst.circuit == CIRCUIT_CLOSED;
		fine += fit;
	}
	return fine;
}

static void drill(struct lab *lab, bool threads, enum reporters reporters, unsigned first_name)
{
	struct drill *d = herd_share(sizeof *d);
	struct herd_thread thread[WORKERS];
	pid_t pids[WORKERS];
	bool fine = true;
	unsigned judged = 0;
	*d = (struct drill){.herd = herd_new(WORKERS + 1), .lab = lab, .reporters = reporters, .first_name = first_name};
	for (unsigned i = 0; !threads && i < WORKERS; i++)
		pids[i] = herd_fork(work, d, i);
	if (threads)
		herd_start(work, d, WORKERS, thread);
	pthread_barrier_wait(&d->herd->barrier);
	for (uint32_t round = 0; round < ROUNDS; round++)
		play_round(d, round);
	atomic_store(&d->round, ROUNDS);
	for (unsigned i = 0; !threads && i < WORKERS; i++)
		fine &= herd_wait(pids[i], false);
	if (threads)
		herd_join(WORKERS, thread);

	for (uint32_t round = 0; round < ROUNDS; round++)
		judged += atomic_load(&d->judged[round]) > 0;
	check_row("%d %s, %s the failure", WORKERS, threads ? "threads" : "processes",
		  reporters == ONE ? "another reports" : "each reports");
	check_true("all ended well", fine);
	check_number("rounds with a lookup after the report", ROUNDS, judged);
	herd_judge(d->herd);
	check_number("pins that settled on a healthy address", ROUNDS, settled(d));
	herd_free(d->herd);
	munmap(d, sizeof *d);
}

/* ---- a failure and the lookup that would pin that address, at the same moment ---- */

enum { RACES = HERD_SLOW ? 500 : 25000 };

struct race {
	struct herd *herd;
	struct lab *lab;
};

static void race_pool(unsigned k, struct address out[static 2])
{
	out[0] = lab_v4(100000 + 2 * k);
	out[1] = lab_v4(100001 + 2 * k);
}

/* Process 0 looks up, process 1 reports; how far apart goes through small times. */
static void race_once(void *arg, unsigned i)
{
	struct race *r = arg;
	for (unsigned k = 0; k < RACES; k++) {
		struct name n = name_of(&(struct drill){0}, 200000 + k);
		struct name_ref ref;
		struct address pool[2];
		race_pool(k, pool);
		const struct outcome o = {.endpoint = {pool[0], 5060, TRANSPORT_TCP}, .reach = REACH_SHIM};
		pthread_barrier_wait(&r->herd->barrier);
		for (volatile unsigned spin = 0; spin < k % 400 * (2 - i); spin++)
			;
		if (i == 0)
			lab_lookup(&r->lab->t, &n, pool, 2, &ref);
		else
			lab_failed(&r->lab->t, &o, CAUSE_REFUSED);
	}
}

/* A pin on the address that failed must know that it did. */
static void race(void)
{
	struct lab lab;
	struct race r = {herd_new(2), &lab};
	struct address pool[2];
	unsigned lost = 0;
	lab_open(&lab, 32768);
	for (unsigned k = 0; k < RACES; k++) {
		race_pool(k, pool);
		addr_insert(&lab.t, &pool[0]);
	}
	check_row("a failure that comes while the pin is being set is not lost, %d times", RACES);
	check_true("both ended well", herd_run(race_once, &r, 2));
	for (unsigned k = 0; k < RACES; k++) {
		struct name n = name_of(&(struct drill){0}, 200000 + k);
		struct name_ref ref;
		struct name_view v;
		race_pool(k, pool);
		lost += table_find(&lab.t, &n, &ref) && pins_view(&lab.t, ref, &v) && v.pin[FAMILY_V4].present &&
			!v.pin[FAMILY_V4].failed && address_equal(&v.pin[FAMILY_V4].addr, &pool[0]);
	}
	check_number("pins that stand on it as if nothing had been", 0, lost);
	herd_free(r.herd);
	lab_close(&lab);
}

int main(void)
{
	struct lab lab;
	lab_open(&lab, 4096);
	drill(&lab, false, ONE, 0);
	drill(&lab, false, EVERY, 1000);
	drill(&lab, true, ONE, 2000);
	drill(&lab, true, EVERY, 3000);
	lab_close(&lab);
	race();
	return check_done();
}
