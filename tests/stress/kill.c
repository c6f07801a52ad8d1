/*
 * kill.c: writers are killed at random moments while readers look on.
 *
 *   kill [SECONDS]		default $STRESS_SECONDS, else 20
 *
 * 16 processes look up, fail, confirm, pin and drop names out of a set that the
 * table cannot hold, so that records are claimed, evicted and retired all the
 * time; one of them is killed every millisecond or so and replaced. 4 readers
 * walk the table, look names up and follow the journal. Every name and every
 * address can be told from a torn one: all of their bytes follow from a number.
 */
#include "policy/pins/admin.h"
#include "policy/pins/report.h"
#include "policy/pins/view.h"
#include "policy/table/insert.h"
#include "policy/table/journal.h"
#include "tests/stress/herd.h"

#include <errno.h>

#include "policy/base/clock.h"
#include "policy/base/hash.h"

enum {
	WRITERS = 16,
	READERS = 4,
	CAPACITY = 256,
	NAMES = 1500,
	ADDRESSES = 600,		/* more than the table holds */
	POOL = 6,
	SLOW_MS = 2000,			/* an operation that takes longer was blocked */
};

struct kill_test {
	struct herd *herd;
	struct lab lab;
	_Atomic uint64_t *operations;	/* of the readers */
};

/* ---- names and addresses that show when they are torn ---- */

/* 1 to 253 bytes that follow from k. */
static struct name name_of(unsigned k)
{
	uint64_t state = k * UINT64_C(0x9e3779b97f4a7c15) + 1;
	char text[NAME_BYTES];
	size_t len = (size_t)snprintf(text, sizeof text, "k%u", k);
	for (size_t want = len + herd_random(&state) % (NAME_MAX_LEN - len + 1); len < want; len++)
		text[len] = len % 50 == 49 && len + 1 < want ? '.' : (char)('a' + herd_random(&state) % 26);
	text[len] = '\0';
	return lab_name(text);
}

static bool name_is_whole(const struct name *n)
{
	unsigned k;
	if (sscanf(n->text, "k%u", &k) != 1 || k >= NAMES)
		return false;
	struct name want = name_of(k);
	return want.len == n->len && memcmp(want.words, n->words, NAME_BYTES) == 0;
}

/* All 16 bytes follow from k. */
static struct address address_of(unsigned k)
{
	const uint64_t a = hash_fold(k + 1, UINT64_C(0xa0761d6478bd642f));
	uint8_t bytes[16] = {0x20, 0x01, (uint8_t)(k >> 8), (uint8_t)k};
	struct address out;
	memcpy(bytes + 4, &a, sizeof a);
	memcpy(bytes + 12, bytes, 4);
	address_from_bytes(AF_INET6, bytes, &out);
	return out;
}

static bool address_is_whole(const struct address *a)
{
	const unsigned k = (unsigned)a->bytes[2] << 8 | a->bytes[3];
	struct address want = address_of(k);
	return k < ADDRESSES && address_equal(a, &want);
}

/* Addresses of a name: neighbours share some. */
static unsigned address_number(unsigned name, unsigned j) { return (name * 2 + j * 7) % ADDRESSES; }

/* ---- writers ---- */

static void look_up(struct kill_test *test, uint64_t *random, unsigned k)
{
	struct name n = name_of(k);
	const struct lookup l = {.name = &n};
	struct pool pool[FAMILIES] = {[FAMILY_V6] = {.asked = true, .n = POOL}};
	struct name_ref ref;
	const unsigned turn = (unsigned)(herd_random(random) % POOL);
	for (unsigned j = 0; j < POOL; j++)
		pool[FAMILY_V6].addr[j] = address_of(address_number(k, (j + turn) % POOL));
	if (!pins_order(&test->lab.t, &l, ORDER_DNS, pool, &ref))
		return;
	const struct outcome o = {.endpoint = {pool[FAMILY_V6].addr[0], 5060, TRANSPORT_TCP}, .names = &ref, .n_names = 1,
				  .reach = REACH_SHIM, .why = CAUSE_ANSWERED};
	for (size_t j = 0; j < pool[FAMILY_V6].n; j++)
		if (!address_is_whole(&pool[FAMILY_V6].addr[j]))
			herd_blame(test->herd, "a torn address in an answer");
	switch (herd_random(random) % 4) {
	case 0:
		lab_failed(&test->lab.t, &o, CAUSE_REFUSED);
		break;
	case 1:
		lab_succeeded(&test->lab.t, &o);
		break;
	}
}

static void write_once(struct kill_test *test, uint64_t *random)
{
	const unsigned k = (unsigned)(herd_random(random) % NAMES);
	struct name n = name_of(k);
	struct address some[] = {address_of(address_number(k, 0)), address_of(address_number(k, 9))};
	switch (herd_random(random) % 16) {
	case 0:
		pins_set(&test->lab.t, &n, some, 2, 60);
		pins_drop(&test->lab.t, &n);
		break;
	case 1:
		pins_drop(&test->lab.t, &n);
		break;
	case 2:
		pins_refresh(&test->lab.t, &n, FAMILY_V6, some, 2, 60, NULL);
		break;
	case 3:
		pins_report_by_hand(&test->lab.t, &n, some, herd_random(random) % 2);
		break;
	default:
		look_up(test, random, k);
	}
}

static void writer(void *arg, unsigned i)
{
	uint64_t random = (herd_ns() ^ i) | 1;
	while (true)
		write_once(arg, &random);
}

/* ---- readers ---- */

static void judge_view(struct kill_test *test, const struct name_view *v)
{
	if (!name_is_whole(&v->name))
		herd_blame(test->herd, "a torn name: %s", v->name.text);
	for (unsigned f = 0; f < FAMILIES; f++)
		if (v->pin[f].present && !address_is_whole(&v->pin[f].addr))
			herd_blame(test->herd, "a torn pin of %s", v->name.text);
	for (size_t i = 0; i < v->n_candidates; i++)
		if (!address_is_whole(&v->candidates[i].addr))
			herd_blame(test->herd, "a torn candidate of %s", v->name.text);
}

static void walk(struct kill_test *test)
{
	struct name_ref ref;
	struct name n;
	struct name_view v;
	uint32_t cursor = 0;
	for (uint64_t from = herd_cpu_ns(); table_next(&test->lab.t, &cursor, &ref, &n); from = herd_cpu_ns()) {
		if (!name_is_whole(&n))
			herd_blame(test->herd, "a torn name in a walk: %s", n.text);
		if (pins_view(&test->lab.t, ref, &v))
			judge_view(test, &v);
		herd_timed(test->herd, from);
	}
}

static void follow(struct kill_test *test, uint64_t *seq)
{
	struct event e;
	uint64_t lost = 0;
	const uint64_t next = journal_next(&test->lab.t);
	while (*seq < next) {
		enum journal_status s = journal_read(&test->lab.t, seq, &e, &lost);
		if (s == JOURNAL_NONE)
			++*seq;			/* its writer died, or is at it */
		if (s != JOURNAL_OK)
			continue;
		struct name n;
		if (e.kind >= EVENT_KINDS || (*e.name && (name_canonical(e.name, &n) != NAME_OK || !name_is_whole(&n))) ||
		    (e.has_addr && !address_is_whole(&e.addr)) || (e.has_old && !address_is_whole(&e.old)))
			herd_blame(test->herd, "a torn event: %s %s", event_kind_text(e.kind), e.name);
	}
}

static void reader(void *arg, unsigned i)
{
	struct kill_test *test = arg;
	uint64_t random = (herd_ns() ^ i) | 1, seq = 0;
	while (!atomic_load(&test->herd->stop)) {
		walk(test);
		uint64_t from = herd_cpu_ns();
		look_up(test, &random, (unsigned)(herd_random(&random) % NAMES));
		herd_timed(test->herd, from);
		from = herd_cpu_ns();
		follow(test, &seq);
		herd_timed(test->herd, from);
		atomic_fetch_add(test->operations, 1);
	}
}

/* ---- the test ---- */

static unsigned kill_for(struct kill_test *test, unsigned seconds)
{
	pid_t pids[WRITERS];
	uint64_t random = herd_ns() | 1, end = herd_ns() + seconds * UINT64_C(1000000000);
	unsigned kills = 0;
	for (unsigned i = 0; i < WRITERS; i++)
		pids[i] = herd_fork(writer, test, i);
	for (; herd_ns() < end || atomic_load(test->operations) < READERS; kills++) {
		const struct timespec pause = {.tv_nsec = (long)(herd_random(&random) % 2000000)};
		const unsigned i = (unsigned)(herd_random(&random) % WRITERS);
		nanosleep(&pause, NULL);
		kill(pids[i], SIGKILL);
		if (!herd_wait(pids[i], true))
			herd_blame(test->herd, "a writer ended by itself");
		pids[i] = herd_fork(writer, test, i);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		kill(pids[i], SIGKILL);
		herd_wait(pids[i], true);
	}
	return kills;
}

static void storm(struct kill_test *test, unsigned seconds)
{
	pid_t readers[READERS];
	bool fine = true;
	for (unsigned i = 0; i < READERS; i++)
		readers[i] = herd_fork(reader, test, i);
	unsigned kills = kill_for(test, seconds);
	atomic_store(&test->herd->stop, true);
	for (unsigned i = 0; i < READERS; i++)
		fine &= herd_wait(readers[i], false);

	check_row("%u writers killed in %u s: nothing torn is seen", kills, seconds);
	herd_judge(test->herd);
	check_row("readers are never blocked");
	check_true("every reader ended well", fine);
	check_range("slowest operation, ms", 0, SLOW_MS, atomic_load(&test->herd->slowest_ns) / 1000000);
	check_range("rounds of the readers", READERS, UINT64_MAX, atomic_load(test->operations));
}

/* A name on which a success was seen does not give way to one on which none was, for an hour. */
static void forget_all(struct table *t)
{
	struct name_ref ref;
	struct name n;
	uint32_t cursor = 0;
	while (table_next(t, &cursor, &ref, &n))
		pins_drop(t, &n);
}

/* No record was lost for ever: as many names as the table is for fit, and are found. */
static void still_usable(struct kill_test *test)
{
	struct table *t = &test->lab.t;
	uint64_t random = 1;
	unsigned found = 0;
	const struct timespec longer = {.tv_sec = 1, .tv_nsec = 200000000};
	nanosleep(&longer, NULL);		/* stamps are a second coarse; the new ones are to be the latest */
	forget_all(t);
	for (unsigned k = 0; k < CAPACITY; k++)
		look_up(test, &random, k);
	for (unsigned k = 0; k < CAPACITY; k++) {
		struct name n = name_of(k);
		struct name_ref ref;
		found += table_find(t, &n, &ref);
	}
	check_row("afterwards: the table holds what it is for");
	check_number("names found", CAPACITY, found);
	herd_judge(test->herd);
}

/* What the killed left behind is in no state that a live process cannot get out of. */
static void no_leaks(struct kill_test *test)
{
	struct table *t = &test->lab.t;
	struct name_ref ref;
	struct name n;
	uint32_t cursor = 0, live = 0;
	while (table_next(t, &cursor, &ref, &n)) {
		live++;
		pins_drop(t, &n);
	}
	check_row("afterwards: every name can be dropped, and every record used again");
	check_range("names there were", CAPACITY, t->layout.name_slots, live);
	cursor = 0;
	check_true("none is left", !table_next(t, &cursor, &ref, &n));
	unsigned whole = 0;
	for (unsigned k = 0; k < CAPACITY; k++) {
		struct name again = name_of(NAMES - 1 - k);
		whole += table_insert(t, &again, &ref) && table_at(t, ref.slot, &ref, &n) && name_is_whole(&n);
	}
	check_number("names inserted", CAPACITY, whole);
	check_number("complaints of a full table", 0, get64(&t->header->counters[COUNT_NAMES_FULL]));
}

int main(int argc, char **argv)
{
	struct kill_test test = {.herd = herd_new(0), .operations = herd_share(sizeof(uint64_t))};
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : herd_seconds(20);
	lab_open(&test.lab, CAPACITY);
	storm(&test, seconds);
	still_usable(&test);
	no_leaks(&test);
	lab_close(&test.lab);
	return check_done();
}
