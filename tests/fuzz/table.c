/*
 * table.c: fuzz target of a table that somebody scribbles on.
 *
 * A small valid table with something in every part of it lies in memory between
 * pages that cannot be touched. The input says which words are overwritten, with
 * what, or with which other word of the table; between blows, lookups, outcomes,
 * views, the journal, settings and steering run on it. Nothing may crash or be
 * read outside, no call may hang, and what comes back keeps within its bounds.
 *
 *	seconds that pass 1 | blows: part 1, word 2, value 8, of which bit 7 of part says: part 1, word 2 of another
 *
 * tests/stress/hostile.c does the same with blows that fall at any moment.
 */
#define CORPUS "tests/fuzz/corpus/table"
#include "policy/base/clock.h"
#include "policy/pins/admin.h"
#include "policy/pins/answer.h"
#include "policy/pins/health.h"
#include "policy/pins/order.h"
#include "policy/pins/redirect.h"
#include "policy/pins/report.h"
#include "policy/pins/service.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "tests/fuzz/replay.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

#include <sys/mman.h>


enum { CAPACITY = 8, NAMES = 6, BLOWS = 256, COPY = 0x80 };

/* ---- the table ---- */

static struct table table;

static const char *const names[NAMES] = {
	"a.example", "b.example", "c.example", "_sip._udp.d.example", "target.d.example",
	"a-name-with-more-bytes-than-fit-into-the-head-of-a-record.e.example",
};

static uint64_t moment;			/* when the table was made */

static void aim(struct table *t, uint8_t *base)
{
	t->header = (void *)base;
	t->settings = (void *)(base + t->layout.settings);
	t->journal = (void *)(base + t->layout.journal);
	t->waits = (void *)(base + t->layout.waits);
	t->hot = (void *)(base + t->layout.hot);
	t->index = (void *)(base + t->layout.index);
	t->addrs = (void *)(base + t->layout.addrs);
	t->cold = (void *)(base + t->layout.cold);
}

static void use(struct table *t);

/* A private mapping of it, which goes back to what it was when its pages are dropped. */
static void prepare(void)
{
	struct lab lab;
	lab_open(&lab, CAPACITY);
	use(&lab.t);
	use(&lab.t);
	const size_t size = lab.t.layout.size, mapped = (size + PAGE - 1) / PAGE * PAGE;
	int fd = memfd_create("table", MFD_CLOEXEC);
	uint8_t *room = mmap(NULL, mapped + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	claim(fd != -1 && room != MAP_FAILED && write(fd, lab.t.header, size) == (ssize_t)size);
	claim(mmap(room + PAGE, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == room + PAGE);
	close(fd);
	table = lab.t;
	aim(&table, room + PAGE);
	lab_close(&lab);
	moment = clock_ns;
}

/* ---- blows ---- */

static word64 *word_at(const struct table *t, unsigned part, size_t word)
{
	const struct layout *l = &t->layout;
	const struct {
		size_t from, to;
	} parts[] = {{0, PAGE}, {l->settings, l->settings + PAGE}, {l->journal, l->journal + 16 * PAGE}, {l->hot, l->index},
		     {l->index, l->addrs}, {l->addrs, l->cold}, {l->cold, l->size}, {l->hot, l->index}, {l->waits, l->hot}};
	part %= sizeof parts / sizeof *parts;
	const size_t words = (parts[part].to - parts[part].from) / 8;
	return (word64 *)(void *)((uint8_t *)t->header + parts[part].from) + word % words;
}

struct input {
	const uint8_t *p, *end;
};

static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t v = 0;
	for (; bytes > 0 && in->p < in->end; bytes--)
		v = v << 8 | *in->p++;
	return v;
}

static void strike(struct input *in)
{
	const unsigned part = (unsigned)take(in, 1);
	word64 *at = word_at(&table, part, take(in, 2));
	if (part & COPY)
		put64(at, get64(word_at(&table, (unsigned)take(in, 1), take(in, 2))));
	else
		put64(at, take(in, 8));
}

/* ---- what runs on it ---- */

static struct address address_of(unsigned name, unsigned j) { return j % 2 ? lab_v6(1 + name + j) : lab_v4(1 + name + j); }

static size_t look_up(struct table *t, unsigned k, struct name_ref *ref)
{
	const struct name n = lab_name(names[k]);
	const struct lookup l = {.name = &n, .port = k % 2 ? 5060 : 0, .transport = TRANSPORT_TCP, .as_target = k == 4};
	struct pool pool[FAMILIES] = {{.asked = true}, {.asked = true}};
	for (unsigned j = 0; j < 8; j++)
		pool[j % 2].addr[pool[j % 2].n++] = address_of(k, j);
	if (!pins_order(t, &l, ORDER_DNS, pool, ref))
		return 0;
	claim(pool[0].n <= POOL_MAX + 1 && pool[1].n <= POOL_MAX + 1);
	struct pool stale[FAMILIES] = {{.asked = true}, {.asked = true}};
	struct name_ref same;
	struct known known;
	struct lookup again = l;
	pins_source(t, &n, &known);
	again.known = &known;
	if (pins_order(t, &again, k == 2 ? ORDER_FAILED : ORDER_STALE, stale, &same))
		claim(stale[0].n <= POOL_MAX + 1 && stale[1].n <= POOL_MAX + 1);
	return 1;
}

static size_t look_up_service(struct table *t, struct name_ref *ref)
{
	const struct name service = lab_name(names[3]), target = lab_name(names[4]), other = lab_name(names[0]);
	struct srv_record r[3] = {{.priority = 1, .weight = 5}, {.priority = 2}, {.priority = 2, .weight = 9}};
	if (!pins_target(t, &service, &target, 5060, &r[0].target) || !pins_target(t, &service, &other, 5062, &r[1].target) ||
	    !pins_target(t, &service, &target, 5064, &r[2].target))
		return 0;
	const int lead = pins_service(t, &service, NULL, r, 3, false, ref);
	claim(lead >= -1 && lead < 3);
	pins_is_target(t, &target, ref, 1);
	return lead >= 0;
}

static void tell(struct table *t, const struct name_ref *refs, size_t n, unsigned k)
{
	const struct outcome o = {.endpoint = {address_of(k, k), (uint16_t)(5060 + k % 3), (uint8_t)(1 + k % 2)},
				  .names = refs, .n_names = k % 2 ? n : 0, .reach = REACH_SHIM};
	const addr_ref a = addr_find(t, &o.endpoint.addr);
	struct endpoint to;
	endpoint_pending(t, a, &o.endpoint, (struct pending){.since = tick_now(), .pid = 1, .what = PENDING_CONNECT});
	endpoint_heard(t, a, &o.endpoint, REQUEST_REGISTRATION, true);
	if (k % 3 == 0)
		lab_failed(t, &o, CAUSE_REFUSED);
	else if (k % 3 == 1)
		lab_succeeded(t, &o);
	else
		lab_reset(t, &o);
	endpoint_pending_over(t, a, &o.endpoint, 1, k % 2);
	endpoint_heard_age(t, a, &o.endpoint, REQUEST_CALL);
	endpoint_registered_age(t, a, &o.endpoint);
	endpoint_connected_lately(t, a, &o.endpoint);
	for (int kind = REDIRECT_CONNECT; kind <= REDIRECT_DATAGRAM; kind++)
		if (pins_redirect(t, &o.endpoint, (enum redirect_kind)kind, &(struct asker){.names = refs, .n = n}, &to))
			claim(to.transport == o.endpoint.transport && address_family(&to.addr) == address_family(&o.endpoint.addr));
}

static void by_hand(struct table *t)
{
	const struct name a = lab_name(names[0]), b = lab_name(names[1]), c = lab_name(names[2]);
	const struct address list[] = {lab_v4(3), lab_v4(90), lab_v4(91)};
	bool dropped;
	pins_report_by_hand(t, &a, &list[0], false);
	pins_set(t, &b, list, 3, 60);
	pins_refresh(t, &a, FAMILY_V4, list, 3, 60, &dropped);
	pins_report_by_hand(t, &b, &list[0], true);
	pins_drop(t, &c);
}

static void look_on(const struct table *t)
{
	struct name_ref ref;
	struct name n;
	static struct name_view v;
	struct table_stats stats;
	uint32_t cursor = 0;
	while (table_next(t, &cursor, &ref, &n)) {
		claim(n.len <= NAME_MAX_LEN && n.text[n.len] == '\0');
		if (!pins_view(t, ref, &v))
			continue;
		claim(v.n_candidates <= CANDIDATES);
		for (size_t i = 0; i < v.n_candidates; i++)
			claim(v.candidates[i].n_endpoints <= ENDPOINTS + 1);
	}
	pins_stats(t, &stats);
}

static void follow(const struct table *t)
{
	struct event e;
	uint64_t lost = 0, seq = journal_oldest(t);
	for (unsigned i = 0; i < 64; i++)
		if (journal_read(t, &seq, &e, &lost) == JOURNAL_OK) {
			claim(memchr(e.name, '\0', sizeof e.name) && memchr(e.comm, '\0', sizeof e.comm));
			claim(event_kind_text(e.kind) && cause_text(e.cause) && origin_text(e.origin));
		} else {
			seq++;
		}
}

static void settings(const struct table *t)
{
	const struct name n = lab_name(names[0]);
	struct effective e;
	char pattern[NAME_BYTES];
	settings_effective(t, &n, &e);
	for (unsigned k = 0; k < SETTINGS; k++) {
		claim(e.from[k] >= FROM_BUILTIN && e.from[k] < SETTINGS_HOSTS);
		settings_pattern(t, e.from[k], pattern);
	}
	settings_dns_port(t, 5353);
}

/* Everything once, as the programs of a host would. */
static void use(struct table *t)
{
	struct name_ref refs[NAMES + 1];
	size_t n = look_up_service(t, &refs[0]);
	for (unsigned k = 0; k < NAMES; k++)
		n += look_up(t, k, &refs[n]);
	for (unsigned k = 0; k < 6; k++)
		tell(t, refs, n, k);
	by_hand(t);
	look_on(t);
	follow(t);
	settings(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	if (!table.header)
		prepare();
	claim(madvise(table.header, table.layout.size, MADV_DONTNEED) == 0);
	clock_ns = moment;
	clock_after((double)take(&in, 1));
	for (unsigned i = 0; i < BLOWS && in.p < in.end; i++)
		strike(&in);
	look_on(&table);
	follow(&table);
	settings(&table);
	use(&table);
	return 0;
}
