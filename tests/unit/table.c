/*
 * table.c: name records: found, inserted, walked, retired, evicted, healed.
 */
#include "policy/pins/admin.h"
#include "policy/pins/health.h"
#include "policy/pins/report.h"
#include "policy/pins/view.h"
#include "policy/table/insert.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

#include <sys/mman.h>

#include "policy/base/clock.h"
#include "policy/base/hash.h"

static struct name numbered(unsigned k)
{
	char text[64];
	snprintf(text, sizeof text, "host%u.example", k);
	return lab_name(text);
}

static bool insert(struct table *t, unsigned k)
{
	struct name n = numbered(k);
	struct name_ref ref;
	return table_insert(t, &n, &ref);
}

static bool found(const struct table *t, unsigned k)
{
	struct name n = numbered(k);
	struct name_ref ref;
	return table_find(t, &n, &ref);
}

/* As a lookup does: with an address and the stamp of its use. */
static bool look_up(struct table *t, unsigned k, unsigned address)
{
	struct name n = numbered(k);
	const struct address a = lab_v4(address);
	struct name_ref ref;
	struct address first = lab_lookup(t, &n, &a, 1, &ref);
	return address_equal(&first, &a);
}

static unsigned walk(const struct table *t)
{
	struct name_ref ref;
	struct name n;
	uint32_t cursor = 0, count = 0;
	while (table_next(t, &cursor, &ref, &n))
		count++;
	return count;
}

/* ---- sizes ---- */

static void layouts(void)
{
	static const uint32_t names[] = {1, 2, 63, 64, 1000, 16384, TABLE_NAMES_MAX};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct layout l = layout_for(names[i], 2 * names[i]);
		const size_t per_names = (l.index - l.hot) + (l.addrs - l.index) + (l.size - l.cold), per_addrs = l.cold - l.addrs;
		check_row("layout for %u names", names[i]);
		check_range("bytes of the names", 1, UINT64_C(1024) * names[i] + 3 * (PAGE - 1), per_names);
		check_range("bytes of the addresses", 1, UINT64_C(256) * 2 * names[i] + PAGE - 1, per_addrs);
		check_number("load of names at most 0.5", 2 * names[i], l.name_slots);
		check_range("load of addresses below 1", 2 * names[i], UINT32_MAX, l.addr_slots);
		check_true("parts in order", sizeof(struct header) <= l.settings && l.settings < l.journal && l.journal < l.hot &&
						     l.hot < l.index && l.index < l.addrs && l.addrs < l.cold && l.cold < l.size);
		check_range("events", EVENTS_LEAST, EVENTS, l.events);
		check_number("whole pages", 0, (l.hot | l.index | l.addrs | l.cold | l.size) % PAGE);
		check_range("slots fit their refs", 0, 0x3fffff - 1, l.addr_slots);
	}
}

/* What a program makes for itself is mapped by each: mlockall(2) counts all of it. */
static void own(void)
{
	const struct layout l = layout_for(TABLE_NAMES_OWN, 2 * TABLE_NAMES_OWN);
	check_row("a program's own table");
	check_range("bytes", 1 << 20, 9 << 18, l.size);
}

/* ---- capacity ---- */

static void thousand(void)
{
	struct lab lab;
	unsigned inserted = 0, there = 0;
	lab_open(&lab, 1000);
	for (unsigned k = 0; k < 1000; k++)
		inserted += look_up(&lab.t, k, 1000 + k);
	for (unsigned k = 0; k < 1000; k++)
		there += found(&lab.t, k);
	check_row("1,000 names at a capacity of 1,000");
	check_number("inserted", 1000, inserted);
	check_number("found", 1000, there);
	check_number("walked", 1000, walk(&lab.t));
	check_number("evicted", 0, get64(&lab.t.header->counters[COUNT_EVICTED]));
	lab_close(&lab);
}

static void smallest(void)
{
	struct lab lab;
	lab_open(&lab, 1);
	check_row("a table of one name");
	for (unsigned k = 0; k < 50; k++) {
		clock_after(2);
		check_true("each lookup is served", look_up(&lab.t, k, k + 1));
		check_true("and found", found(&lab.t, k));
	}
	check_range("names", 1, 2, walk(&lab.t));
	lab_close(&lab);
}

/* ---- eviction ---- */

static void idlest_goes(void)
{
	struct lab lab;
	lab_open(&lab, 8);		/* 16 records, all of them searched */
	for (unsigned k = 0; k < 16; k++) {
		clock_after(2);
		look_up(&lab.t, k, 100 + k);
	}
	check_row("full: the idlest gives way");
	look_up(&lab.t, 0, 100);	/* not the idlest any more */
	clock_after(2);
	check_true("served", look_up(&lab.t, 50, 200));
	check_true("the idlest is gone", !found(&lab.t, 1));
	check_true("the latest used is not", found(&lab.t, 0));
	check_number("evicted", 1, get64(&lab.t.header->counters[COUNT_EVICTED]));
	check_number("names", 16, walk(&lab.t));

	check_row("full: the newest is not the idlest");
	clock_after(2);
	check_true("inserted", insert(&lab.t, 60));
	clock_after(2);
	check_true("inserted", insert(&lab.t, 61));
	check_true("inserted", insert(&lab.t, 62));
	check_true("the first of them is there", found(&lab.t, 60));
	check_true("the second too", found(&lab.t, 61));
	check_true("the third too", found(&lab.t, 62));
	lab_close(&lab);
}

/* A program's own table is small: what a crawler looks up must not cost a daemon its pin. */
static void flood(void)
{
	enum { SEEN = 100, FLOOD = 35000 };
	struct lab lab;
	unsigned kept = 0;
	lab_open(&lab, TABLE_NAMES_OWN);
	for (unsigned k = 0; k < SEEN; k++) {
		const struct name n = numbered(k);
		const struct address a = lab_v4(1000 + k);
		struct name_ref ref;
		lab_lookup(&lab.t, &n, &a, 1, &ref);
		const struct outcome o = {.endpoint = {a, 5060, TRANSPORT_TCP}, .names = &ref, .n_names = 1, .reach = REACH_SHIM,
					  .why = CAUSE_ANSWERED};
		lab_succeeded(&lab.t, &o);
	}
	clock_after(3000);		/* nobody asks for them for 50 minutes */
	for (unsigned k = 0; k < FLOOD; k++)
		look_up(&lab.t, SEEN + k, 2000 + k);
	for (unsigned k = 0; k < SEEN; k++)
		kept += found(&lab.t, k);
	check_row("a flood of names on which no success was seen takes nothing from those on which one was");
	check_number("names kept", SEEN, kept);
	check_true("the latest of the flood is there", found(&lab.t, SEEN + FLOOD - 1));

	check_row("names that were idle for longer give way");
	clock_after(3700);
	for (unsigned k = 0; k < 200; k++)
		look_up(&lab.t, SEEN + k, 2000 + k);
	clock_after(10 * 3600);
	for (unsigned k = 0; k < FLOOD; k++) {
		clock_after(1);
		look_up(&lab.t, 2 * FLOOD + k, 2000 + k);
	}
	kept = 0;
	for (unsigned k = 0; k < SEEN; k++)
		kept += found(&lab.t, k);
	check_number("names kept", 0, kept);
	lab_close(&lab);
}

static void spare_only(void)
{
	struct lab lab;
	struct name_ref ref, same;
	struct name last = numbered(15), one_more = numbered(16);
	lab_open(&lab, 8);
	for (unsigned k = 0; k < 15; k++)
		insert(&lab.t, k);
	check_row("a spare record is taken, and found again");
	check_true("inserted", table_insert_spare(&lab.t, &last, &ref));
	check_true("found", table_insert_spare(&lab.t, &last, &same) && same.slot == ref.slot && same.key == ref.key);
	check_row("where none is spare, none gives way");
	clock_after(60);
	check_true("not inserted", !table_insert_spare(&lab.t, &one_more, &same));
	check_number("names", 16, walk(&lab.t));
	check_number("evicted", 0, get64(&lab.t.header->counters[COUNT_EVICTED]));
	table_retire(&lab.t, ref);
	check_true("inserted where one was dropped", table_insert_spare(&lab.t, &one_more, &same) && same.slot == ref.slot);
	lab_close(&lab);
}

static void explicit_stay(void)
{
	struct lab lab;
	lab_open(&lab, 8);
	unsigned set = 0, there = 0, served = 0;
	for (unsigned k = 0; k < 10; k++) {
		struct name n = numbered(k);
		struct address a = lab_v4(100 + k);
		set += pins_set(&lab.t, &n, &a, 1, 0) == ADMIN_OK;
	}
	for (unsigned k = 100; k < 400; k++) {
		clock_after(5);
		served += look_up(&lab.t, k, 1000 + k);
	}
	check_row("explicit pins never give way");
	check_number("set", 10, set);
	for (unsigned k = 0; k < 10; k++) {
		struct name n = numbered(k);
		struct name_ref ref;
		struct name_view v;
		struct address want = lab_v4(100 + k);
		there += table_find(&lab.t, &n, &ref) && pins_view(&lab.t, ref, &v) && v.pin[FAMILY_V4].present &&
			 address_equal(&v.pin[FAMILY_V4].addr, &want);
	}
	check_number("still there, with their addresses", 10, there);
	check_number("others served meanwhile", 300, served);

	for (unsigned k = 10; k < 16; k++) {
		struct name n = numbered(k);
		struct address a = lab_v4(100 + k);
		pins_set(&lab.t, &n, &a, 1, 0);
	}
	check_row("full of explicit pins: others pass through, and are counted");
	uint64_t before = get64(&lab.t.header->counters[COUNT_NAMES_FULL]);
	check_true("not served", !insert(&lab.t, 500));
	check_number("counted", before + 1, get64(&lab.t.header->counters[COUNT_NAMES_FULL]));
	struct name n = numbered(501);
	struct address a = lab_v4(7);
	check_number("set", ADMIN_FULL, pins_set(&lab.t, &n, &a, 1, 0));
	n = numbered(3);
	pins_drop(&lab.t, &n);
	check_true("served once one is dropped", insert(&lab.t, 500));
	lab_close(&lab);
}

/* ---- retired ---- */

static void retired(void)
{
	struct lab lab;
	struct name_ref first, again;
	struct name n = numbered(1);
	lab_open(&lab, 8);
	table_insert(&lab.t, &n, &first);
	check_row("retired: gone, once");
	check_true("current", name_current(&lab.t, first));
	check_true("retired", table_retire(&lab.t, first));
	check_true("not again", !table_retire(&lab.t, first));
	check_true("not current", !name_current(&lab.t, first));
	check_true("not found", !found(&lab.t, 1));
	check_number("names", 0, walk(&lab.t));

	check_row("retired: its record is used again, under a new count");
	table_insert(&lab.t, &n, &again);
	check_number("slot", first.slot, again.slot);
	check_number("reuse", key_reuse(first.key) + 1, key_reuse(again.key));
	check_true("the old ref is not current", !name_current(&lab.t, first));
	check_true("nor can it retire the new", !table_retire(&lab.t, first) && found(&lab.t, 1));

	check_row("retired: the new record has nothing of the old");
	struct address a = lab_v4(9);
	pins_set(&lab.t, &n, &a, 1, 5);
	table_retire(&lab.t, again);
	struct name_view v;
	table_insert(&lab.t, &n, &again);
	check_true("viewed", pins_view(&lab.t, again, &v));
	check_true("no pin", !v.pin[FAMILY_V4].present);
	check_number("candidates", 0, v.n_candidates);
	check_number("moves", 0, v.moves);

	check_row("retired 100,000 times: room for all");
	unsigned lost = 0;
	for (unsigned k = 0; k < 100000; k++) {
		struct name one = numbered(k % 37);
		struct name_ref ref;
		lost += !table_insert(&lab.t, &one, &ref) || !table_retire(&lab.t, ref);
	}
	check_number("lost", 0, lost);
	lab_close(&lab);
}

/* ---- what the killed and the torn leave behind ---- */

static void abandoned(void)
{
	struct lab lab;
	struct name_ref ref;
	struct name n = numbered(1);
	lab_open(&lab, 8);
	table_insert(&lab.t, &n, &ref);
	struct name_hot *hot = name_hot(&lab.t, ref);

	check_row("a claim that its claimer left: finished by who wants that name");
	put64(&hot->key, key_in_state(ref.key, KEY_CLAIMED));
	put64(&hot->head[0], 0);
	check_true("not found", !found(&lab.t, 1));
	check_true("inserted", insert(&lab.t, 1));
	check_true("found", found(&lab.t, 1));
	check_number("in the same record", ref.slot, (table_find(&lab.t, &n, &ref), ref.slot));
	check_number("names", 1, walk(&lab.t));

	check_row("claims that nobody finishes: they give way when the table is full");
	for (uint32_t slot = 0; slot < lab.t.layout.name_slots; slot++)
		put64(&lab.t.hot[slot].key, key_make((uint64_t)slot << 40, 1, KEY_CLAIMED));
	unsigned served = 0;
	for (unsigned k = 0; k < 16; k++) {
		clock_after(2);
		served += look_up(&lab.t, k, 10 + k);
	}
	check_number("served", 16, served);
	lab_close(&lab);
}

static void torn(void)
{
	struct lab lab;
	struct name_ref ref;
	struct name n = lab_name("a-name-that-does-not-fit-into-the-head-of-its-record.torn.example"), seen;
	lab_open(&lab, 8);
	for (int part = 0; part < 2; part++) {
		table_insert(&lab.t, &n, &ref);
		struct address a = lab_v4(5);
		pins_set(&lab.t, &n, &a, 1, 0);
		word64 *word = part ? &name_cold(&lab.t, ref)->tail[0] : &name_hot(&lab.t, ref)->head[2];
		put64(word, get64(word) ^ 0x0100);
		check_row("a torn %s is seen by nobody", part ? "tail" : "head");
		struct name_ref other;
		check_true("not found", !table_find(&lab.t, &n, &other));
		check_true("not walked", walk(&lab.t) == 0);
		check_true("not at its slot", !table_at(&lab.t, ref.slot, &other, &seen));
		check_row("a torn %s is retired by who inserts", part ? "tail" : "head");
		check_true("inserted", table_insert(&lab.t, &n, &other));
		check_true("whole", table_at(&lab.t, other.slot, &other, &seen) && strcmp(seen.text, n.text) == 0);
		check_number("names", 1, walk(&lab.t));
		check_number("counted", (uint64_t)part + 1, get64(&lab.t.header->counters[COUNT_TORN]));
		table_retire(&lab.t, other);
	}
	lab_close(&lab);
}

/* Two live records of one name, as a race with an eviction can leave them. */
static void twins(void)
{
	struct lab lab;
	struct name n = numbered(1), seen;
	struct name_ref first, second, ref;
	lab_open(&lab, 8);
	table_insert(&lab.t, &n, &first);
	second = (struct name_ref){(first.slot + 1) % lab.t.layout.name_slots, first.key};
	for (unsigned w = 0; w < HEAD_BYTES / 8; w++)
		put64(&lab.t.hot[second.slot].head[w], get64(&lab.t.hot[first.slot].head[w]));
	put64(&lab.t.hot[second.slot].key, first.key);
	check_row("twins: the first in search order is the record");
	check_number("live", 2, walk(&lab.t));
	check_true("found", table_find(&lab.t, &n, &ref) && ref.slot == first.slot);

	check_row("twins: gone once the first was dropped and the name inserted again");
	table_retire(&lab.t, first);
	check_true("the second is found meanwhile", table_find(&lab.t, &n, &ref) && ref.slot == second.slot);
	table_retire(&lab.t, ref);
	check_true("inserted", table_insert(&lab.t, &n, &ref) && table_at(&lab.t, ref.slot, &ref, &seen));
	check_number("live", 1, walk(&lab.t));
	lab_close(&lab);
}

/* ---- reading only ---- */

static void read_only(void)
{
	struct lab lab;
	struct name n = numbered(1), other = numbered(2);
	struct address addrs[] = {lab_v4(1), lab_v4(2), lab_v4(3)};
	struct name_ref ref;
	lab_open(&lab, 8);
	lab_lookup(&lab.t, &n, addrs, 3, &ref);
	const size_t size = lab.t.layout.size;
	if (mprotect(lab.t.header, size, PROT_READ) == -1)
		err(2, "mprotect");
	lab.t.writable = false;

	check_row("read-only: the pin is honoured");
	struct address rotated[] = {addrs[2], addrs[1], addrs[0]};
	struct address lead = lab_lookup(&lab.t, &n, rotated, 3, &ref);
	check_true("leads", address_equal(&lead, &addrs[0]));
	check_row("read-only: an unknown name passes through");
	check_true("untouched", address_equal(&(struct address){0}, (lead = lab_lookup(&lab.t, &other, rotated, 3, &ref), &lead)));
	check_row("read-only: nothing is taught");
	const struct outcome o = {.endpoint = {addrs[0], 5060, TRANSPORT_TCP}, .reach = REACH_ALL};
	check_true("failure", !lab_failed(&lab.t, &o, CAUSE_REFUSED));
	check_true("success", !lab_succeeded(&lab.t, &o));
	check_number("set", ADMIN_READ_ONLY, pins_set(&lab.t, &n, addrs, 1, 0));
	check_number("drop", ADMIN_READ_ONLY, pins_drop(&lab.t, &n));
	check_number("refresh", ADMIN_READ_ONLY, pins_refresh(&lab.t, &n, FAMILY_V4, addrs, 3, 60, NULL));
	check_number("report", ADMIN_READ_ONLY, pins_report_by_hand(&lab.t, &n, addrs, true));
	check_true("retire", !table_retire(&lab.t, ref));
	struct event e = {.kind = EVENT_SET};
	journal_write(&lab.t, &e);
	endpoint_pending(&lab.t, addr_find(&lab.t, addrs), &o.endpoint, (struct pending){.since = tick_now(), .pid = 1});
	endpoint_pending_over(&lab.t, addr_find(&lab.t, addrs), &o.endpoint, 1, true);
	check_row("read-only: DNS down is answered");
	const struct lookup l = {.name = &n};
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true}};
	check_true("answered", pins_order(&lab.t, &l, ORDER_FAILED, pool, &ref) && pool[FAMILY_V4].n == 3);
	check_row("read-only: all can be looked at");
	struct name_view v;
	check_true("view", pins_view(&lab.t, ref, &v) && v.pin[FAMILY_V4].present);

	/* Another process lets the pin fail; a reader acts as if it had moved it. */
	if (mprotect(lab.t.header, size, PROT_READ | PROT_WRITE) == -1)
		err(2, "mprotect");
	lab.t.writable = true;
	lab_failed(&lab.t, &(struct outcome){.endpoint = o.endpoint}, CAUSE_REFUSED);
	if (mprotect(lab.t.header, size, PROT_READ) == -1)
		err(2, "mprotect");
	lab.t.writable = false;
	check_row("read-only: a failure that others reported leads elsewhere");
	lead = lab_lookup(&lab.t, &n, addrs, 3, &ref);
	check_true("leads to the next", address_equal(&lead, &addrs[1]));
	lab_close(&lab);
}

int main(void)
{
	layouts();
	own();
	thousand();
	smallest();
	idlest_goes();
	flood();
	spare_only();
	explicit_stay();
	retired();
	abandoned();
	torn();
	twins();
	read_only();
	return check_done();
}
