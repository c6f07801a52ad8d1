/*
 * threads.c: every function of the table from many threads at once.
 *
 *   threads [SECONDS]		default $STRESS_SECONDS, else 4
 *
 * Each answer must be a permutation of what went in, with at most one address in
 * front that was not, and that one must be of the name. Under ThreadSanitizer
 * this is the proof that all that is shared is atomic.
 */
#include "policy/base/clock.h"
#include "policy/pins/admin.h"
#include "policy/pins/health.h"
#include "policy/pins/report.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "tests/stress/herd.h"

enum { THREADS = 8, NAMES = 24, POOL = 6, EXPLICIT = 4, CAPACITY = 64 };

struct crowd {
	struct herd *herd;
	struct lab lab;
	_Atomic uint64_t operations;
};

static struct name name_of(unsigned k)
{
	char text[NAME_BYTES];
	snprintf(text, sizeof text, k % 2 ? "t%u.example" : "a-long-name-for-which-the-head-of-the-record-is-too-short.t%u.example", k);
	return lab_name(text);
}

/* Neighbours share addresses. From POOL on: those that are set by hand and never in DNS. */
static struct address address_of(enum family f, unsigned k, unsigned j)
{
	const unsigned i = j < POOL ? 1 + k * 3 + j : 1000 + k * EXPLICIT + (j - POOL);
	return f == FAMILY_V4 ? lab_v4(i) : lab_v6(i);
}

static bool is_of_name(const struct address *a, unsigned k)
{
	for (unsigned j = 0; j < POOL + EXPLICIT; j++) {
		struct address mine = address_of(address_family(a), k, j);
		if (address_equal(a, &mine))
			return true;
	}
	return false;
}

static unsigned count_of(const struct pool *p, const struct address *a, size_t from)
{
	unsigned n = 0;
	for (size_t i = from; i < p->n; i++)
		n += address_equal(&p->addr[i], a);
	return n;
}

/* `before` as it went in, `after` as it came out. */
static void judge(struct crowd *c, unsigned k, const struct pool *before, const struct pool *after)
{
	const size_t extra = after->extra ? 1 : 0;
	if (after->n != before->n + extra)
		herd_blame(c->herd, "%zu addresses in, %zu out, extra %zu", before->n, after->n, extra);
	for (size_t i = 0; i < before->n; i++)
		if (count_of(after, &before->addr[i], extra) != 1)
			herd_blame(c->herd, "an address was lost or doubled");
	if (extra && (!is_of_name(&after->addr[0], k) || count_of(before, &after->addr[0], 0)))
		herd_blame(c->herd, "an address in front that is none of the name's");
}

static void shuffle(uint64_t *random, struct pool *p)
{
	for (size_t i = p->n; i > 1; i--) {
		size_t j = herd_random(random) % i;
		struct address a = p->addr[j];
		p->addr[j] = p->addr[i - 1];
		p->addr[i - 1] = a;
	}
}

/* A pool of some of the name's addresses, in any order. */
static void some_pool(uint64_t *random, enum family f, unsigned k, struct pool *p)
{
	const unsigned n = 1 + (unsigned)(herd_random(random) % POOL);
	*p = (struct pool){.asked = true, .n = POOL};
	for (unsigned j = 0; j < POOL; j++)
		p->addr[j] = address_of(f, k, j);
	shuffle(random, p);
	p->n = n;
}

static void outcome(struct crowd *c, uint64_t *random, const struct address *a, struct name_ref ref)
{
	const struct outcome o = {.endpoint = {*a, herd_random(random) % 2 ? 5060 : 443, herd_random(random) % 3 ? TRANSPORT_TCP : TRANSPORT_UDP},
				  .names = &ref, .n_names = herd_random(random) % 2, .reach = REACH_ALL,
				  .why = herd_random(random) % 2 ? CAUSE_ANSWERED : CAUSE_CONNECTED};
	const struct vain_wait w = {.kind = herd_random(random) % REQUEST_KINDS, .since = tick_now() - 40, .until = tick_now(),
			       .closed = herd_random(random) % 2};
	if (herd_random(random) % 3 == 0)
		lab_failed(&c->lab.t, &o, CAUSE_REFUSED);
	else
		lab_succeeded(&c->lab.t, &o);
	endpoint_heard(&c->lab.t, addr_find(&c->lab.t, a), &o.endpoint, w.kind, herd_random(random) % 2);
	if (endpoint_waited(&c->lab.t, &o.endpoint, &w))
		lab_failed(&c->lab.t, &o, CAUSE_UNANSWERED);
	account_used(&c->lab.t, &o.endpoint, (uint16_t)herd_random(random) % 3);
	account_refused(&c->lab.t, &o.endpoint, (uint16_t)herd_random(random) % 3);
}

static void look_up(struct crowd *c, uint64_t *random, unsigned k)
{
	struct name n = name_of(k);
	struct lookup l = {.name = &n, .port = herd_random(random) % 2 ? 5060 : 0, .transport = TRANSPORT_TCP};
	struct pool before[FAMILIES], after[FAMILIES];
	struct name_ref ref;
	for (unsigned f = 0; f < FAMILIES; f++)
		some_pool(random, (enum family)f, k, &before[f]);
	memcpy(after, before, sizeof after);
	if (!pins_order(&c->lab.t, &l, ORDER_DNS, after, &ref))
		return;
	for (unsigned f = 0; f < FAMILIES; f++)
		judge(c, k, &before[f], &after[f]);
	outcome(c, random, &after[herd_random(random) % 2].addr[0], ref);
}

static void judge_one(struct crowd *c, unsigned k, const struct pool *p, size_t i)
{
	char text[ADDRESS_TEXT];
	lab_text(&p->addr[i], text);
	if (!is_of_name(&p->addr[i], k))
		herd_blame(c->herd, "name %u, stale: %s (%zu of %zu, extra %d) is not its address", k, text, i, p->n, p->extra);
	if (count_of(p, &p->addr[i], 0) != 1)
		herd_blame(c->herd, "name %u, stale: %s twice", k, text);
}

static void stale(struct crowd *c, unsigned k)
{
	struct name n = name_of(k);
	struct known known;
	const struct lookup l = {.name = &n, .known = &known};
	struct pool pool[FAMILIES] = {{.asked = true}, {.asked = true}};
	struct name_ref ref;
	pins_source(&c->lab.t, &n, &known);
	if (!pins_order(&c->lab.t, &l, ORDER_FAILED, pool, &ref))
		return;
	for (unsigned f = 0; f < FAMILIES; f++)
		for (size_t i = 0; i < pool[f].n; i++)
			judge_one(c, k, &pool[f], i);
}

static void by_hand(struct crowd *c, uint64_t *random, unsigned k)
{
	struct name n = name_of(k);
	const enum family f = herd_random(random) % 2 ? FAMILY_V4 : FAMILY_V6;
	struct address list[EXPLICIT];
	for (unsigned j = 0; j < EXPLICIT; j++)
		list[j] = address_of(f, k, POOL + j);
	switch (herd_random(random) % 5) {
	case 0:
		pins_set(&c->lab.t, &n, list, 1 + herd_random(random) % EXPLICIT, (uint32_t)(herd_random(random) % 2));
		break;
	case 1:
		pins_drop(&c->lab.t, &n);
		break;
	case 2:
		for (unsigned j = 0; j < EXPLICIT; j++)
			list[j] = address_of(f, k, (unsigned)(herd_random(random) % POOL));
		pins_refresh(&c->lab.t, &n, f, list, EXPLICIT, 60, NULL);
		break;
	default:
		pins_report_by_hand(&c->lab.t, &n, &list[0], herd_random(random) % 2);
	}
}

static void look_on(struct crowd *c)
{
	struct name_ref ref;
	struct name n;
	struct name_view v;
	struct event e;
	uint32_t cursor = 0;
	uint64_t seq = journal_oldest(&c->lab.t), lost = 0;
	while (table_next(&c->lab.t, &cursor, &ref, &n)) {
		unsigned k;
		const char *number = strrchr(n.text, 't');
		if (!number || sscanf(number, "t%u.example", &k) != 1)
			number = strstr(n.text, "t"), k = NAMES;
		struct name want = name_of(k);
		if (k < NAMES && strcmp(want.text, n.text) != 0)
			herd_blame(c->herd, "a torn name: %s", n.text);
		pins_view(&c->lab.t, ref, &v);
	}
	while (journal_read(&c->lab.t, &seq, &e, &lost) == JOURNAL_OK)
		if (e.kind >= EVENT_KINDS)
			herd_blame(c->herd, "an event of no kind");
}

static void settings(struct crowd *c, uint64_t *random)
{
	struct settings_block defaults = {.given = 1u << SET_ABSENT}, host = {.pattern = "*.example", .given = 1u << SET_GRACE};
	defaults.set.value[SET_ABSENT] = (uint32_t)(herd_random(random) % 3);
	host.set.value[SET_GRACE] = 1;
	settings_store(&c->lab.t, &defaults, &host, 1, NULL);
}

static void pending(struct crowd *c, uint64_t *random, unsigned k)
{
	const struct endpoint e = {address_of(FAMILY_V4, k, 0), 5060, TRANSPORT_TCP};
	addr_ref ref = addr_find(&c->lab.t, &e.addr);
	endpoint_pending(&c->lab.t, ref, &e, (struct pending){.since = tick_now(), .pid = 1});
	if (herd_random(random) % 2)
		endpoint_pending_over(&c->lab.t, ref, &e, 1, true);
}

static void work(void *arg, unsigned i)
{
	struct crowd *c = arg;
	uint64_t random = (herd_ns() ^ (i * 77)) | 1;
	while (!atomic_load(&c->herd->stop)) {
		const unsigned k = (unsigned)(herd_random(&random) % NAMES), what = (unsigned)(herd_random(&random) % 32);
		uint64_t from = herd_cpu_ns();
		if (what < 20)
			look_up(c, &random, k);
		else if (what < 24)
			by_hand(c, &random, k);
		else if (what < 28)
			stale(c, k);
		else if (what < 29)
			look_on(c);
		else if (what < 31)
			pending(c, &random, k);
		else if (i == 0)	/* stores exclude each other by their caller's lock */
			settings(c, &random);
		herd_timed(c->herd, from);
		atomic_fetch_add(&c->operations, 1);
	}
}

int main(int argc, char **argv)
{
	static struct crowd c;
	struct herd_thread threads[THREADS];
	c.herd = herd_new(0);
	lab_open(&c.lab, CAPACITY);
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : herd_seconds(4);
	check_row("%d threads for %u s: every answer is a permutation of what went in", THREADS, seconds);
	herd_start(work, &c, THREADS, threads);
	const struct timespec ts = {.tv_sec = seconds};
	nanosleep(&ts, NULL);
	atomic_store(&c.herd->stop, true);
	herd_join(THREADS, threads);
	herd_judge(c.herd);
	check_row("%" PRIu64 " operations, none of them long", atomic_load(&c.operations));
	check_range("slowest, ms", 0, 2000, atomic_load(&c.herd->slowest_ns) / 1000000);
	lab_close(&c.lab);
	return check_done();
}
