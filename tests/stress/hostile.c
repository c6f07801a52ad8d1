/*
 * hostile.c: the table is overwritten while every function of policy/ runs.
 *
 *   hostile [SECONDS]		default $STRESS_SECONDS, else 6
 *
 * Vandals write random bytes over the whole mapping, over its regions, over single
 * words, and, which reaches deeper, swap words, flip bits and put back a valid
 * copy. The mapping of the victims lies between pages that cannot be touched, and
 * those between canaries. Nothing may crash, nothing outside may change, and each
 * call must come back within a bound.
 */
#include "policy/pins/admin.h"
#include "policy/pins/health.h"
#include "policy/pins/report.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/view.h"
#include "policy/table/effective.h"
#include "tests/stress/herd.h"

#include <signal.h>

#include "policy/base/clock.h"
#include "policy/base/hash.h"

enum {
	VICTIMS = 3,
	VANDALS = 2,
	CAPACITY = 64,
	NAMES = 100,
	POOL = 6,
	SLOW_MS = 2000,
	CANARY = 64 * PAGE,
};

struct siege {
	struct herd *herd;
	struct lab lab;
	void *spoils;			/* the vandals' own mapping of the file */
	uint64_t *copy;			/* of the table while it was whole */
	uint8_t *canary[2];
	_Atomic uint64_t calls, blows;
};

/* ---- a mapping between fences ---- */

/* Moves the mapping to where a fault follows each step past its ends. */
static void fence(struct siege *s)
{
	struct table *t = &s->lab.t;
	const size_t size = t->layout.size;
	uint8_t *room = mmap(NULL, size + 2 * (PAGE + CANARY), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		err(2, "mmap");
	uint8_t *base = room + CANARY + PAGE;
	if (mremap(t->header, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, base) != base)
		err(2, "mremap");
	t->header = (void *)base;
	t->settings = (void *)(base + t->layout.settings);
	t->journal = (void *)(base + t->layout.journal);
	t->waits = (void *)(base + t->layout.waits);
	t->hot = (void *)(base + t->layout.hot);
	t->index = (void *)(base + t->layout.index);
	t->addrs = (void *)(base + t->layout.addrs);
	t->cold = (void *)(base + t->layout.cold);
	s->canary[0] = room;
	s->canary[1] = base + size + PAGE;
	for (int i = 0; i < 2; i++) {
		if (mprotect(s->canary[i], CANARY, PROT_READ | PROT_WRITE) == -1)
			err(2, "mprotect");
		memset(s->canary[i], 0xc5, CANARY);
	}
}

static bool canaries_sing(const struct siege *s)
{
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < CANARY; k++)
			if (s->canary[i][k] != 0xc5)
				return false;
	return true;
}

/* ---- vandals ---- */

static void smear(struct siege *s, uint64_t *random, size_t from, size_t size)
{
	word64 *w = (word64 *)(void *)((char *)s->spoils + from / 8 * 8);
	for (size_t i = 0; i < size / 8; i++)
		put64(&w[i], herd_random(random));
}

static void restore(struct siege *s, size_t from, size_t size)
{
	word64 *w = s->spoils;
	for (size_t i = from / 8; i < (from + size) / 8; i++)
		put64(&w[i], s->copy[i]);
}

/* Where records lie; the settings and journal are large and get fewer blows. */
static size_t somewhere(const struct layout *l, uint64_t *random)
{
	const struct {
		size_t from, to;
	} parts[] = {{0, l->settings}, {l->settings, l->journal}, {l->journal, l->hot}, {l->hot, l->index}, {l->hot, l->index},
		     {l->index, l->addrs}, {l->addrs, l->cold}, {l->addrs, l->cold}, {l->cold, l->size}, {l->cold, l->size}};
	const size_t p = herd_random(random) % (sizeof parts / sizeof *parts);
	return parts[p].from + herd_random(random) % ((parts[p].to - parts[p].from) / 8) * 8;
}

static void strike(struct siege *s, uint64_t *random)
{
	const struct layout *l = &s->lab.t.layout;
	const size_t at = somewhere(l, random), other = somewhere(l, random);
	const size_t length = herd_random(random) % 4096 / 8 * 8, room = l->size - at;
	word64 *words = s->spoils;
	switch (herd_random(random) % 64) {
	case 0:
		smear(s, random, 0, l->size);
		break;
	case 1:
	case 2:
		restore(s, 0, l->size);
		break;
	case 3:
		smear(s, random, at, length < room ? length : room);
		break;
	case 4:
	case 5:
		restore(s, at, length < room ? length : room);
		break;
	default:
		if (herd_random(random) % 3 == 0)
			put64(&words[at / 8], herd_random(random) >> (herd_random(random) % 64));
		else if (herd_random(random) % 2)
			put64(&words[at / 8], get64(&words[at / 8]) ^ UINT64_C(1) << (herd_random(random) % 64));
		else
			put64(&words[at / 8], get64(&words[other / 8]));
	}
	atomic_fetch_add(&s->blows, 1);
}

static void vandal(void *arg, unsigned i)
{
	struct siege *s = arg;
	uint64_t random = (herd_ns() ^ (i * 99)) | 1;
	while (!atomic_load(&s->herd->stop)) {
		for (unsigned k = 0; k < 200; k++)
			strike(s, &random);
		const struct timespec ts = {.tv_nsec = 20000};
		nanosleep(&ts, NULL);
	}
}

/* ---- victims ---- */

static struct name name_of(unsigned k)
{
	char text[NAME_BYTES];
	snprintf(text, sizeof text, k % 3 ? "h%u.example" : "a-name-with-more-bytes-than-fit-into-the-head-of-a-record.h%u.example", k);
	return lab_name(text);
}

static struct address address_of(enum family f, unsigned k, unsigned j)
{
	return f == FAMILY_V4 ? lab_v4(1 + k * 2 + j) : lab_v6(1 + k * 2 + j);
}

static void look_up(struct siege *s, uint64_t *random, const struct name *n, unsigned k)
{
	const struct lookup l = {.name = n, .port = herd_random(random) % 2 ? 5060 : 0, .transport = TRANSPORT_TCP};
	struct pool pool[FAMILIES];
	struct name_ref ref;
	for (unsigned f = 0; f < FAMILIES; f++) {
		pool[f] = (struct pool){.asked = true, .n = herd_random(random) % (herd_random(random) % 8 ? POOL + 1 : POOL_MAX + 1)};
		for (unsigned j = 0; j < pool[f].n; j++)
			pool[f].addr[j] = address_of((enum family)f, k, j);
	}
	if (!pins_order(&s->lab.t, &l, ORDER_DNS, pool, &ref))
		return;
	for (unsigned f = 0; f < FAMILIES; f++)
		if (pool[f].n > POOL_MAX + 1)
			herd_blame(s->herd, "%zu addresses came back", pool[f].n);
	struct outcome o = {.endpoint = {pool[0].addr[0], (uint16_t)herd_random(random), 1 + herd_random(random) % 2},
			    .names = &ref, .n_names = herd_random(random) % 2, .reach = herd_random(random) % 2 ? REACH_ALL : REACH_SHIM};
	if (herd_random(random) % 2)
		lab_failed(&s->lab.t, &o, CAUSE_REFUSED);
	else
		lab_succeeded(&s->lab.t, &o);
	addr_ref a = addr_find(&s->lab.t, &o.endpoint.addr);
	const struct vain_wait w = {.kind = herd_random(random) % REQUEST_KINDS, .since = tick_now() - 40, .until = tick_now()};
	endpoint_heard(&s->lab.t, a, &o.endpoint, w.kind, true);
	endpoint_waited(&s->lab.t, &o.endpoint, &w);
	account_used(&s->lab.t, &o.endpoint, (uint16_t)herd_random(random));
	account_refused(&s->lab.t, &o.endpoint, (uint16_t)herd_random(random));
	account_served(&s->lab.t, &o.endpoint, (uint16_t)herd_random(random));
	endpoint_pending(&s->lab.t, a, &o.endpoint, (struct pending){.since = tick_now(), .pid = 1, .what = PENDING_CONNECT});
	endpoint_pending_over(&s->lab.t, a, &o.endpoint, 1, true);
}

static void with_dns_down(struct siege *s, const struct name *n)
{
	struct known known;
	const struct lookup l = {.name = n, .known = &known};
	struct pool pool[FAMILIES] = {{.asked = true}, {.asked = true}};
	struct name_ref ref;
	pins_source(&s->lab.t, n, &known);
	pins_order(&s->lab.t, &l, ORDER_FAILED, pool, &ref);
}

static void by_hand(struct siege *s, uint64_t *random, const struct name *n, unsigned k)
{
	struct address list[PREFERENCES];
	const enum family f = herd_random(random) % 2;
	for (unsigned j = 0; j < PREFERENCES; j++)
		list[j] = address_of(f, k, j);
	switch (herd_random(random) % 4) {
	case 0:
		pins_set(&s->lab.t, n, list, 1 + herd_random(random) % PREFERENCES, (uint32_t)herd_random(random));
		break;
	case 1:
		pins_drop(&s->lab.t, n);
		break;
	case 2:
		pins_refresh(&s->lab.t, n, f, list, PREFERENCES, 60, NULL);
		break;
	default:
		pins_report_by_hand(&s->lab.t, n, list, herd_random(random) % 2);
	}
}

static void look_on(struct siege *s)
{
	struct name_ref ref;
	struct name n;
	struct name_view v;
	uint32_t cursor = 0;
	while (table_next(&s->lab.t, &cursor, &ref, &n)) {
		if (n.len > NAME_MAX_LEN || n.text[n.len])
			herd_blame(s->herd, "a name of %u bytes", n.len);
		if (!pins_view(&s->lab.t, ref, &v))
			continue;
		if (v.n_candidates > CANDIDATES)
			herd_blame(s->herd, "%zu candidates", v.n_candidates);
		for (size_t i = 0; i < v.n_candidates; i++)
			if (v.candidates[i].n_endpoints > ENDPOINTS + 1)
				herd_blame(s->herd, "%zu endpoints", v.candidates[i].n_endpoints);
	}
}

static void follow(struct siege *s)
{
	struct event e;
	uint64_t lost = 0, seq = journal_oldest(&s->lab.t);
	for (unsigned i = 0; i < EVENTS; i++)
		if (journal_read(&s->lab.t, &seq, &e, &lost) == JOURNAL_OK) {
			if (memchr(e.name, '\0', sizeof e.name) == NULL || memchr(e.comm, '\0', sizeof e.comm) == NULL)
				herd_blame(s->herd, "an event without end");
			event_kind_text(e.kind);
			cause_text(e.cause);
			origin_text(e.origin);
		} else {
			seq++;
		}
	journal_wait(&s->lab.t, seq, 1);
}

static void settings(struct siege *s, const struct name *n)
{
	struct settings_block b = {.pattern = "*.example", .given = 1u << SET_GRACE};
	struct effective e;
	char pattern[NAME_BYTES];
	settings_effective(&s->lab.t, n, &e);
	for (unsigned k = 0; k < SETTINGS; k++)
		if (e.from[k] < FROM_BUILTIN || e.from[k] >= SETTINGS_HOSTS)
			herd_blame(s->herd, "a setting from block %d", e.from[k]);
		else
			settings_pattern(&s->lab.t, e.from[k], pattern);
	settings_store(&s->lab.t, &b, &b, 1, NULL);
}

static void victim(void *arg, unsigned i)
{
	struct siege *s = arg;
	uint64_t random = (herd_ns() ^ (i * 77)) | 1;
	while (!atomic_load(&s->herd->stop)) {
		const unsigned k = (unsigned)(herd_random(&random) % NAMES), what = (unsigned)(herd_random(&random) % 64);
		const struct name n = name_of(k);
		uint64_t from = herd_cpu_ns();
		if (what < 36)
			look_up(s, &random, &n, k);
		else if (what < 46)
			by_hand(s, &random, &n, k);
		else if (what < 56)
			with_dns_down(s, &n);
		else if (what < 60)
			look_on(s);
		else if (what < 63)
			settings(s, &n);
		else
			follow(s);
		herd_timed(s->herd, from);
		atomic_fetch_add(&s->calls, 1);
	}
	if (!canaries_sing(s))		/* private to each process */
		herd_blame(s->herd, "bytes outside the table changed");
}

/* ---- the test ---- */

/* A table with something in every part of it, and a copy for the vandals to put back. */
static void furnish(struct siege *s)
{
	const size_t size = s->lab.t.layout.size;
	uint64_t random = 42;
	for (unsigned k = 0; k < CAPACITY; k++) {
		struct name n = name_of(k);
		look_up(s, &random, &n, k);
		by_hand(s, &random, &n, k);
	}
	s->spoils = mremap(s->lab.t.header, 0, size, MREMAP_MAYMOVE);	/* a second mapping (mremap(2), old_size 0) */
	if (s->spoils == MAP_FAILED)
		err(2, "mremap");
	s->copy = malloc(size);
	if (!s->copy)
		errx(2, "no memory");
	memcpy(s->copy, s->spoils, size);
}

int main(int argc, char **argv)
{
	struct siege *s = herd_share(sizeof *s);
	pid_t pids[VICTIMS + VANDALS];
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : herd_seconds(6);
	bool fine = true;
	s->herd = herd_new(0);
	lab_open(&s->lab, CAPACITY);
	furnish(s);
	fence(s);
	for (unsigned i = 0; i < VICTIMS + VANDALS; i++)
		pids[i] = herd_fork(i < VICTIMS ? victim : vandal, s, i);
	const struct timespec ts = {.tv_sec = seconds};
	do
		nanosleep(&ts, NULL);
	while (atomic_load(&s->calls) < VICTIMS);
	atomic_store(&s->herd->stop, true);
	for (unsigned i = 0; i < VICTIMS + VANDALS; i++)
		fine &= herd_wait(pids[i], false);

	check_row("%" PRIu64 " calls under %" PRIu64 " blows in %u s: none crashes", atomic_load(&s->calls), atomic_load(&s->blows), seconds);
	check_true("every process ended well", fine);
	check_row("nothing outside the table changed, and results stay within their bounds");
	herd_judge(s->herd);
	check_row("each call comes back");
	check_range("slowest, ms", 0, SLOW_MS, atomic_load(&s->herd->slowest_ns) / 1000000);
	check_range("calls", VICTIMS, UINT64_MAX, atomic_load(&s->calls));
	lab_close(&s->lab);
	free(s->copy);
	return check_done();
}
