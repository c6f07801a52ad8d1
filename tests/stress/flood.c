/*
 * flood.c: names that are asked for once, by the hundred thousand, whose servers even answer, take nothing from others.
 *
 *   flood [NAMES]		default $FLOOD_NAMES, else 200,000
 *
 * 100 names have a proven pin beside a dead server that cools off, in a table of the usual size. 8 processes look up the
 * names of the flood, each with an address of its own: a third succeeds, a third fails, every 16th is a service with a
 * host. Time is the test's: it passes by one tick in 500 names.
 */
#include "policy/pins/report.h"
#include "policy/pins/service.h"
#include "policy/pins/view.h"
#include "tests/stress/herd.h"

#include "policy/base/hash.h"
#include "tests/unit/clock.h"

enum { PROCESSES = 8, KEPT = 100, FAILURES = 4, NAMES = HERD_SLOW ? 60000 : 200000, ADDRESSES = 1000 };

struct flood {
	struct herd *herd;
	struct lab lab;
	unsigned names;			/* of each process */
	_Atomic uint64_t served;
};

static struct name numbered(const char *format, unsigned k)
{
	char text[64];
	snprintf(text, sizeof text, format, k);
	return lab_name(text);
}

static struct outcome outcome_of(unsigned address, const struct name_ref *ref)
{
	return (struct outcome){.endpoint = {lab_v4(address), 5060, TRANSPORT_UDP}, .names = ref, .n_names = 1,
				.reach = REACH_SHIM, .why = CAUSE_ANSWERED};
}

/* ---- what is to be kept ---- */

static unsigned alive(unsigned k) { return 300 + 2 * k; }
static unsigned dead(unsigned k) { return 301 + 2 * k; }

static void look_up_kept(struct table *t, unsigned k, struct name_ref *ref)
{
	const struct name n = numbered("kept%u.example", k);
	const struct address pool[] = {lab_v4(dead(k)), lab_v4(alive(k))};
	lab_lookup(t, &n, pool, 2, ref);
}

/* Its first server fails again and again; the other answers, and once more some minutes later. */
static void make_kept(struct table *t)
{
	for (unsigned round = 0; round < FAILURES; round++) {
		for (unsigned k = 0; k < KEPT; k++) {
			struct name_ref ref;
			look_up_kept(t, k, &ref);
			const struct outcome bad = outcome_of(dead(k), &ref), good = outcome_of(alive(k), &ref);
			lab_failed(t, &bad, CAUSE_REFUSED);
			lab_succeeded(t, &good);
		}
		clock_after(round + 1 < FAILURES ? 200 : 1);
	}
}

static unsigned count_pins(const struct table *t)
{
	unsigned n = 0;
	for (unsigned k = 0; k < KEPT; k++) {
		const struct name name = numbered("kept%u.example", k);
		const struct address want = lab_v4(alive(k));
		struct name_ref ref;
		struct name_view v;
		n += table_find(t, &name, &ref) && pins_view(t, ref, &v) && v.pin[FAMILY_V4].present &&
		     v.pin[FAMILY_V4].confirmed && address_equal(&v.pin[FAMILY_V4].addr, &want);
	}
	return n;
}

/* Those that still cool off, and know of all failures. */
static unsigned count_cooling(const struct table *t)
{
	unsigned n = 0;
	for (unsigned k = 0; k < KEPT; k++) {
		const struct name name = numbered("kept%u.example", k);
		const struct address a = lab_v4(dead(k));
		struct name_ref ref;
		struct name_view v = {0};
		if (!table_find(t, &name, &ref) || !pins_view(t, ref, &v))
			continue;
		for (size_t i = 0; i < v.n_candidates; i++)
			n += address_equal(&v.candidates[i].addr, &a) && v.candidates[i].worst.cooling_s > 0 &&
			     v.candidates[i].worst.failures == FAILURES;
	}
	return n;
}

/* ---- the flood ---- */

static void flood_service(struct table *t, unsigned k)
{
	const struct name service = numbered("_sip._udp.s%u.example", k), host = numbered("host%u.example", k);
	struct srv_record record = {.weight = 1};
	struct name_ref ref;
	if (pins_target(t, &service, &host, 5060, &record.target))
		pins_service(t, &service, NULL, &record, 1, false, &ref);
}

static void flood(void *arg, unsigned i)
{
	struct flood *f = arg;
	for (unsigned k = i * f->names; k < (i + 1) * f->names; k++) {
		const struct name n = numbered("once%u.example", k);
		const struct address a = lab_v4(ADDRESSES + k);
		struct name_ref ref;
		const struct address first = lab_lookup(&f->lab.t, &n, &a, 1, &ref);
		const struct outcome o = outcome_of(ADDRESSES + k, &ref);
		if (address_equal(&first, &a))
			atomic_fetch_add(&f->served, 1);
		if (k % 3 == 0)
			lab_succeeded(&f->lab.t, &o);
		if (k % 3 == 1)
			lab_failed(&f->lab.t, &o, CAUSE_REFUSED);
		if (k % 16 == 0)
			flood_service(&f->lab.t, k);
		clock_after(1.0 / 16 / 500);
	}
}

int main(int argc, char **argv)
{
	const char *given = argc > 1 ? argv[1] : getenv("FLOOD_NAMES");
	struct flood *f = herd_share(sizeof *f);
	f->herd = herd_new(0);
	f->names = (unsigned)(given && atoi(given) > 0 ? atoi(given) : NAMES) / PROCESSES;
	lab_open(&f->lab, TABLE_NAMES_DEFAULT);
	make_kept(&f->lab.t);
	check_row("before the flood");
	check_number("confirmed pins", KEPT, count_pins(&f->lab.t));
	check_number("cool-offs", KEPT, count_cooling(&f->lab.t));

	check_true("every process ended well", herd_run(flood, f, PROCESSES));
	check_row("%u names that are asked for once, by %d processes", PROCESSES * f->names, PROCESSES);
	check_number("confirmed pins", KEPT, count_pins(&f->lab.t));
	check_number("cool-offs", KEPT, count_cooling(&f->lab.t));
	check_number("names of the flood that were served", PROCESSES * f->names, atomic_load(&f->served));
	check_range("records that gave way", 1, UINT64_MAX, get64(&f->lab.t.header->counters[COUNT_EVICTED]));
	lab_close(&f->lab);
	return check_done();
}
