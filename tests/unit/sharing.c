/*
 * sharing.c: address records: shared by names, found from addresses, evicted,
 * their endpoints, and connects whose process went away.
 */
#include "policy/pins/admin.h"
#include "policy/pins/health.h"
#include "policy/pins/report.h"
#include "policy/table/index.h"
#include "policy/table/insert.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

#include <signal.h>
#include <sys/wait.h>

#include "policy/base/clock.h"

static struct name numbered(unsigned k)
{
	char text[64];
	snprintf(text, sizeof text, "host%u.example", k);
	return lab_name(text);
}

static struct endpoint endpoint_of(unsigned address, uint16_t port)
{
	return (struct endpoint){lab_v4(address), port, TRANSPORT_TCP};
}

static bool leads_to(struct table *t, unsigned name, const struct address *addrs, size_t n, unsigned expected)
{
	struct name_ref ref;
	struct name one = numbered(name);
	struct address first = lab_lookup(t, &one, addrs, n, &ref), want = lab_v4(expected);
	return address_equal(&first, &want);
}

/* ---- 2,000 names with one address ---- */

static void shared_by_many(void)
{
	enum { NAMES = 2000 };
	struct lab lab;
	const struct address addrs[] = {lab_v4(1), lab_v4(2), lab_v4(3)};
	unsigned first = 0, elsewhere = 0, listed = 0, wrong = 0;
	lab_open(&lab, NAMES);
	for (unsigned k = 0; k < NAMES; k++)
		first += leads_to(&lab.t, k, addrs, 3, 1);
	check_row("an address of 2,000 names");
	check_number("names that lead to it", NAMES, first);
	const addr_ref a = addr_find(&lab.t, &addrs[0]);
	check_true("it has a record", a != 0);
	struct name_ref ref;
	for (uint32_t cursor = 0; index_next(&lab.t, a, &cursor, &ref);) {
		listed++;
		wrong += !name_holds(&lab.t, ref, a);
	}
	check_row("its names are found without a scan, about a thousand of them");
	check_range("listed", 700, 1024, listed);	/* groups that fall together count once */
	check_number("listed that do not hold it", 0, wrong);

	check_row("one failure, and every name's next lookup leads elsewhere");
	const struct outcome o = {.endpoint = endpoint_of(1, 5060), .reach = REACH_SHIM};
	uint64_t moves = get64(&lab.t.header->counters[COUNT_MOVES]);
	check_true("reported", lab_failed(&lab.t, &o, CAUSE_REFUSED));
	check_number("names that the report itself moved", REACH_SHIM, get64(&lab.t.header->counters[COUNT_MOVES]) - moves);
	for (unsigned k = 0; k < NAMES; k++)
		elsewhere += leads_to(&lab.t, k, addrs, 3, 2);
	check_number("names that lead elsewhere", NAMES, elsewhere);
	check_number("moves", NAMES, get64(&lab.t.header->counters[COUNT_MOVES]) - moves);
	check_number("failures", 1, get64(&lab.t.header->counters[COUNT_FAILURES]));
	lab_close(&lab);
}

/* ---- the index ---- */

static unsigned holders(const struct table *t, unsigned address)
{
	const struct address a = lab_v4(address);
	struct name_ref ref;
	unsigned n = 0;
	for (uint32_t cursor = 0; index_next(t, addr_find(t, &a), &cursor, &ref);)
		n++;
	return n;
}

static void index_rules(void)
{
	struct lab lab;
	const struct address addrs[] = {lab_v4(1), lab_v4(2)};
	lab_open(&lab, 64);
	check_row("no names of an unknown address");
	check_number("holders", 0, holders(&lab.t, 1));
	for (unsigned k = 0; k < 5; k++)
		leads_to(&lab.t, k, addrs, 2, 1);
	check_row("the names of an address, candidates too");
	check_number("of the pins", 5, holders(&lab.t, 1));
	check_number("of the others", 5, holders(&lab.t, 2));
	for (int again = 0; again < 50; again++)
		for (unsigned k = 0; k < 5; k++)
			leads_to(&lab.t, k, addrs, 2, 1);
	check_row("each once, however often it is looked up");
	check_number("holders", 5, holders(&lab.t, 1));
	check_row("not those that were dropped");
	struct name n = numbered(2);
	pins_drop(&lab.t, &n);
	check_number("holders", 4, holders(&lab.t, 1));
	check_row("an explicit pin's address");
	struct address nine = lab_v4(9);
	n = numbered(3);
	pins_set(&lab.t, &n, &nine, 1, 0);
	check_number("holders", 1, holders(&lab.t, 9));
	lab_close(&lab);
}

/* A small table under churn: the index is written over, never wrong, and finds what is pinned. */
static void index_churn(void)
{
	struct lab lab;
	unsigned wrong = 0, missing = 0;
	lab_open(&lab, 96);
	for (unsigned k = 0; k < 5000; k++) {
		const unsigned base = 10 + k % 40;
		const struct address addrs[] = {lab_v4(base), lab_v4(base + 1)};
		struct name n = numbered(k % 50);
		struct name_ref ref, held;
		clock_after(0.5);
		lab_lookup(&lab.t, &n, addrs, 2, &ref);
		bool listed = false;
		addr_ref a = addr_find(&lab.t, &addrs[0]);
		for (uint32_t cursor = 0; index_next(&lab.t, a, &cursor, &held);) {
			wrong += !name_holds(&lab.t, held, a);
			listed |= held.slot == ref.slot;
		}
		missing += !listed;
	}
	check_row("under churn the index is never wrong");
	check_number("names that do not hold the address", 0, wrong);
	check_number("lookups after which the name was not listed", 0, missing);
	lab_close(&lab);
}

/* Names that come once and give way: their words are taken before empty ones, which end the search of readers. */
static void index_stays_open(void)
{
	struct lab lab;
	unsigned empty = 0;
	check_row("after 2,000 names of one lookup each the index of 96 still has empty words");
	lab_open(&lab, 96);
	for (unsigned k = 0; k < 2000; k++) {
		const struct address addrs[] = {lab_v4(10 + k % 40), lab_v4(11 + k % 40)};
		const struct name n = numbered(k);
		struct name_ref ref;
		clock_after(2);
		lab_lookup(&lab.t, &n, addrs, 2, &ref);
	}
	for (uint32_t i = 0; i < lab.t.layout.index_words; i++)
		empty += get64(&lab.t.index[i]) == 0;
	check_range("empty words", lab.t.layout.index_words / 5, lab.t.layout.index_words, empty);
	lab_close(&lab);
}

/* More pairs of name and address than the index has words for. */
static void index_full(void)
{
	struct lab lab;
	struct address pool[CANDIDATES], mine = lab_v4(99), lead;
	struct name_ref ref;
	lab_open(&lab, 8);
	for (unsigned i = 0; i < CANDIDATES; i++)
		pool[i] = lab_v4(1 + i);
	for (unsigned k = 0; k < 15; k++) {
		struct name n = numbered(k);
		lab_lookup(&lab.t, &n, pool, CANDIDATES, &ref);
	}
	struct name n = numbered(77);
	check_row("a full index: an explicit pin's address never gives way all the same");
	check_number("set", ADMIN_OK, pins_set(&lab.t, &n, &mine, 1, 0));
	for (unsigned i = 0; i < 500; i++) {
		struct address a = lab_v4(1000 + i);
		clock_after(2);
		addr_insert(&lab.t, &a);
	}
	lead = lab_lookup(&lab.t, &n, pool, 2, &ref);
	check_true("leads", address_equal(&lead, &mine));
	lab_close(&lab);
}

/* ---- eviction of addresses ---- */

static void evicted(void)
{
	struct lab lab;
	unsigned inserted = 0;
	lab_open(&lab, 8);		/* 16 addresses, 21 records */
	struct address held[] = {lab_v4(1), lab_v4(2)}, list = lab_v4(3);
	struct name n = numbered(1);
	struct name_ref ref;
	for (unsigned round = 0; round < 2; round++, clock_after(180)) {	/* proven (worth.h) */
		leads_to(&lab.t, 0, held, 2, 1);
		lab_succeeded(&lab.t, &(struct outcome){.endpoint = endpoint_of(1, 80), .reach = 16});
	}
	pins_set(&lab.t, &n, &list, 1, 0);
	const addr_ref refs[] = {addr_find(&lab.t, &held[0]), addr_find(&lab.t, &held[1]), addr_find(&lab.t, &list)};
	for (unsigned i = 0; i < 1000; i++) {
		struct address a = lab_v4(1000 + i);
		clock_after(2);
		inserted += addr_insert(&lab.t, &a) != 0;
	}
	check_row("addresses that nobody holds give way to new ones");
	check_number("inserted", 1000, inserted);
	check_row("addresses that a proven name holds do not");
	for (unsigned i = 0; i < 3; i++)
		check_true("current", addr_at(&lab.t, refs[i]) != NULL);
	check_true("the candidate leads after a failure",
		   lab_failed(&lab.t, &(struct outcome){.endpoint = endpoint_of(1, 80), .reach = 16}, CAUSE_REFUSED) &&
			   leads_to(&lab.t, 0, held, 2, 2));
	check_true("the explicit pin leads", leads_to(&lab.t, 1, held, 2, 3));

	check_row("a ref to an evicted address names nothing");
	struct address a = lab_v4(5000), back;
	addr_ref old = addr_insert(&lab.t, &a);
	for (unsigned i = 0; i < 100; i++) {
		struct address other = lab_v4(6000 + i);
		clock_after(2);
		addr_insert(&lab.t, &other);
	}
	check_true("no record", addr_at(&lab.t, old) == NULL);
	check_true("no address", !addr_read(&lab.t, old, &back));

	check_row("refs that cannot be");
	check_true("none", addr_at(&lab.t, 0) == NULL && addr_at(&lab.t, 1) == NULL && addr_at(&lab.t, UINT32_MAX) == NULL);
	check_true("past the last record", addr_at(&lab.t, (lab.t.layout.addr_slots + 1) << 10) == NULL);

	check_row("full of addresses of names that proved nothing: they give way too");
	for (unsigned k = 0; k < 8; k++) {
		const struct address three[] = {lab_v4(100 + 3 * k), lab_v4(101 + 3 * k), lab_v4(102 + 3 * k)};
		clock_after(2);
		lab_lookup(&lab.t, (n = numbered(100 + k), &n), three, 3, &ref);
	}
	const struct address fresh[] = {lab_v4(7777), lab_v4(7778)};
	clock_after(2);
	check_true("served", leads_to(&lab.t, 300, fresh, 2, 7777));
	check_true("taught", addr_find(&lab.t, &fresh[0]) != 0 && addr_find(&lab.t, &fresh[1]) != 0);
	check_true("the explicit pin leads", leads_to(&lab.t, 1, held, 2, 3));
	lab_close(&lab);
}

/* What the killed leave behind: claims, torn records, twins. */
static void healed(void)
{
	struct lab lab;
	struct address a = lab_v4(1), back;
	lab_open(&lab, 8);
	const addr_ref first = addr_insert(&lab.t, &a);
	struct addr_record *r = addr_at(&lab.t, first);
	const uint64_t key = get64(&r->key);

	check_row("an address whose claimer left: finished by who wants it");
	put64(&r->key, key_in_state(key, KEY_CLAIMED));
	put64(&r->addr[1], 0);
	check_true("not found", addr_find(&lab.t, &a) == 0 && !addr_read(&lab.t, first, &back));
	check_number("the same record", ref_slot(first), ref_slot(addr_insert(&lab.t, &a)));
	check_true("whole", addr_read(&lab.t, addr_find(&lab.t, &a), &back) && address_equal(&a, &back));

	check_row("a torn address is found by nobody, and retired by who inserts");
	put64(&r->addr[1], get64(&r->addr[1]) ^ 256);
	check_number("found", 0, addr_find(&lab.t, &a));
	const addr_ref again = addr_insert(&lab.t, &a);
	check_true("whole", again != first && addr_read(&lab.t, again, &back) && address_equal(&a, &back));
	check_true("the old ref names nothing", addr_at(&lab.t, first) == NULL);
	check_number("counted", 1, get64(&lab.t.header->counters[COUNT_TORN]));

	check_row("claims of addresses that nobody finishes give way");
	for (uint32_t slot = 0; slot < lab.t.layout.addr_slots; slot++)
		put64(&lab.t.addrs[slot].key, key_make((uint64_t)slot << 40, 1, KEY_CLAIMED));
	unsigned inserted = 0;
	for (unsigned i = 0; i < 16; i++) {
		a = lab_v4(50 + i);
		clock_after(1);
		inserted += addr_insert(&lab.t, &a) != 0;
	}
	check_number("inserted", 16, inserted);
	lab_close(&lab);
}

/* ---- endpoints ---- */

static void check_slot(const char *what, int expected, int seen)
{
	check_number(what, (uint64_t)(expected + 1), (uint64_t)(seen + 1));	/* -1: none */
}

static void endpoints(void)
{
	struct lab lab;
	lab_open(&lab, 8);
	struct address a = lab_v4(1);
	struct addr_record *r = addr_at(&lab.t, addr_insert(&lab.t, &a));
	check_row("an endpoint takes a slot and keeps it");
	check_slot("none", -1, endpoint_find(r, TRANSPORT_TCP, 1));
	check_slot("first", 0, endpoint_take(r, TRANSPORT_TCP, 1, false));
	check_slot("the same", 0, endpoint_take(r, TRANSPORT_TCP, 1, true));
	check_slot("found", 0, endpoint_find(r, TRANSPORT_TCP, 1));
	check_slot("another transport", 1, endpoint_take(r, TRANSPORT_UDP, 1, false));
	check_slot("port 0", 2, endpoint_take(r, TRANSPORT_UDP, 0, false));
	check_slot("port 65535", 3, endpoint_take(r, TRANSPORT_UDP, 65535, false));
	check_row("a fifth has none");
	check_slot("failed", -1, endpoint_take(r, TRANSPORT_TCP, 5, false));
	check_row("no endpoint of any transport");
	check_slot("taken", -1, endpoint_take(r, TRANSPORT_ANY, 5, true));
	check_slot("found", -1, endpoint_find(r, TRANSPORT_ANY, 0));
	check_row("a fifth that succeeds takes the place of one that never did");
	put32(&r->endpoints[0].succeeded, 1);
	check_slot("slot", 1, endpoint_take(r, TRANSPORT_TCP, 5, true));
	check_slot("the other is gone", -1, endpoint_find(r, TRANSPORT_UDP, 1));
	check_row("what yields leaves its failures in the sum, and its cool-off behind");
	put64(&r->endpoints[2].health, health_pack((struct health){.transport = TRANSPORT_UDP, .failures = 7, .n = 3, .cool_end = 9}));
	const uint16_t sum = endpoint_sum(r, 15, true);
	put32(&r->endpoints[1].succeeded, 1);
	check_slot("slot", 2, endpoint_take(r, TRANSPORT_TCP, 6, true));
	check_number("sum", sum, endpoint_sum(r, 15, true));
	check_number("cool-off", 0, health_unpack(get64(&r->endpoints[2].health)).cool_end);
	check_row("a sum counts the endpoints of its mask");
	for (unsigned i = 0; i < ENDPOINTS; i++)
		put64(&r->endpoints[i].health, health_pack((struct health){.transport = TRANSPORT_TCP, .failures = (uint16_t)(1u << i)}));
	put64(&r->other, health_pack((struct health){.failures = 16}));
	for (uint8_t mask = 0; mask < 16; mask++) {
		check_number("without `other`", mask, endpoint_sum(r, mask, false));
		check_number("with it", mask + 16u, endpoint_sum(r, mask, true));
	}
	check_row("sums go round");
	put64(&r->other, health_pack((struct health){.failures = SUM_MASK}));
	check_number("sum", 14, endpoint_sum(r, 15, true));
	lab_close(&lab);
}

/* ---- connects in flight ---- */

static pid_t dead_process(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static bool lives_for_all_i_know(uint32_t pid) { return pid != 0; }

static void pending(void)
{
	static const struct {
		const char *rule;
		bool alive;
		double after_s;
		bool over, succeeded;
		unsigned expected;	/* who leads */
		bool elsewhere;		/* its pid is of another namespace than the reader's */
		bool sealed;		/* the reader may not ask */
	} rows[] = {
		{"a process that waits is not disturbed", true, 100, false, false, 1, false, false},
		{"one that was killed after 3 s: failed", false, 3.1, false, false, 2, false, false},
		{"one that was killed sooner, asked at once", false, 2.8, false, false, 1, false, false},
		{"one that was killed, but knew its outcome", false, 60, true, false, 1, false, false},
		{"one that was killed, and another had a success since", false, 60, false, true, 1, false, false},
		{"one of another pid namespace, of which nobody here knows", false, 60, false, false, 1, true, false},
		{"one that was killed, seen by a program that may not ask", false, 60, false, false, 1, false, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lab lab;
		const struct address addrs[] = {lab_v4(1), lab_v4(2)};
		const struct endpoint e = endpoint_of(1, 5060);
		const uint32_t pid = (uint32_t)(rows[i].alive ? getpid() : dead_process());
		lab_open(&lab, 8);
		check_row("a connect in flight, %s", rows[i].rule);
		check_true("captured", leads_to(&lab.t, 1, addrs, 2, 1));
		lab_succeeded(&lab.t, &(struct outcome){.endpoint = e, .reach = 16});
		clock_after(0.2);
		endpoint_pending(&lab.t, addr_find(&lab.t, &e.addr), &e, (struct pending){.since = tick_now(), .pid = pid});
		clock_after(0.5);
		if (rows[i].over)
			endpoint_pending_over(&lab.t, addr_find(&lab.t, &e.addr), &e, pid, false);
		if (rows[i].succeeded)
			lab_succeeded(&lab.t, &(struct outcome){.endpoint = e, .reach = 16});
		clock_after(rows[i].after_s - 0.5);
		lab.t.space = (uint8_t)(lab.t.space + rows[i].elsewhere);
		lab.t.lives = rows[i].sealed ? lives_for_all_i_know : NULL;
		check_true("leads", leads_to(&lab.t, 1, addrs, 2, rows[i].expected));
		check_number("failures", rows[i].expected - 1, get64(&lab.t.header->counters[COUNT_FAILURES]));
		check_true("taken once", leads_to(&lab.t, 1, addrs, 2, rows[i].expected));
		lab_close(&lab);
	}
	struct lab lab;
	lab_open(&lab, 8);
	const struct endpoint e = endpoint_of(1, 5060);
	const addr_ref a = addr_insert(&lab.t, &e.addr);
	const word64 *word = &addr_at(&lab.t, a)->endpoints[0].pending;
	check_row("a connect in flight: the first one's note stays");
	endpoint_pending(&lab.t, a, &e, (struct pending){.since = tick_now(), .pid = 11});
	endpoint_pending(&lab.t, a, &e, (struct pending){.since = tick_now(), .pid = 22});
	check_number("pid", 11, pending_unpack(get64(word)).pid);
	check_true("another's end sees it", endpoint_pending_over(&lab.t, a, &e, 22, false));
	check_number("another's end leaves it", 11, pending_unpack(get64(word)).pid);
	check_row("a connect in flight: longer than any can be, the note gives way");
	clock_after(140);
	endpoint_pending(&lab.t, a, &e, (struct pending){.since = tick_now(), .pid = 22});
	check_number("pid", 22, pending_unpack(get64(word)).pid);
	check_true("its own end is no other's", !endpoint_pending_over(&lab.t, a, &e, 22, false));
	check_number("and takes it away", 0, get64(word));
	check_true("nor is what is not there", !endpoint_pending_over(&lab.t, a, &e, 22, false));
	check_true("it did not come through", !endpoint_connected_lately(&lab.t, a, &e));
	check_row("a connect in flight to an address that nobody knows");
	endpoint_pending(&lab.t, 0, &e, (struct pending){.since = tick_now(), .pid = 1});
	endpoint_pending_over(&lab.t, 0, &e, 1, true);
	endpoint_pending(&lab.t, UINT32_MAX, &e, (struct pending){.since = tick_now(), .pid = 1});
	lab_close(&lab);
	check_row("processes that live");
	check_true("this one", store_process_lives((uint32_t)getpid()));
	check_true("init, which is not ours", store_process_lives(1));
	check_true("not one that ended", !store_process_lives((uint32_t)dead_process()));
	check_true("not number 0", !store_process_lives(0));
}

int main(void)
{
	shared_by_many();
	index_rules();
	index_churn();
	index_stays_open();
	index_full();
	evicted();
	healed();
	endpoints();
	pending();
	return check_done();
}
