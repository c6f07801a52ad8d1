/*
 * journal.c: the ring of events. See journal.h.
 *
 * A writer takes a number with one fetch-and-add, marks the record as being written,
 * writes it, and marks it as whole. A writer that was stopped for a whole lap may spoil
 * a record that is no longer its own. The check over number and body shows that.
 */
#include "policy/table/journal.h"

#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/hash.h"

enum { LEASE_S = 10 };		/* a follower that died is woken for in vain so long */

static void stamp(const struct table *t, struct event *e)
{
	e->time_ns = now_ns(CLOCK_REALTIME);
	e->pid = store_pid(t);
	e->origin = t->origin;
	e->generation = journal_generation(t);
	memset(e->comm, 0, sizeof e->comm);
	if (t->comm)
		snprintf(e->comm, sizeof e->comm, "%s", t->comm);
	else
		prctl(PR_GET_NAME, e->comm);
}

/* An event count: the word changes with each wake, so that none is missed between a look and the wait. */
void journal_wake(struct table *t)
{
	struct header *h = t->header;
	if (!t->writable)
		return;
	publish_add32(&h->journal_futex, 1);
	store_before_look();
	if (get32(&h->journal_lease) >= tick_now())
		syscall(SYS_futex, &h->journal_futex, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void append(struct table *t, const struct event *e)
{
	uint64_t words[EVENT_WORDS];
	memcpy(words, e, sizeof words);

	uint64_t n = add64(&t->header->journal_next, 1);
	struct event_record *r = &t->journal[n % t->layout.events];
	publish64(&r->seq, 2 * n + 1);
	put64(&r->check, hash_words(words, EVENT_WORDS, n));
	for (size_t i = 0; i < EVENT_WORDS; i++)
		put64(&r->body[i], words[i]);
	publish64(&r->seq, 2 * n + 2);
	journal_wake(t);
}

void journal_write(struct table *t, struct event *e)
{
	stamp(t, e);
	if (!t->writable)
		return;
	append(t, e);
	if (t->observer)
		t->observer(t, e);
}

uint8_t journal_generation(const struct table *t) { return (uint8_t)get32(&t->header->generation); }

bool journal_is_known(const struct event *e, uint8_t generation)
{
	return e->taken && (uint8_t)(generation - e->generation) <= UINT8_MAX / 2;
}

void journal_take(struct table *t, struct event *e)
{
	e->taken = 1;
	if (t->writable)
		append(t, e);
}

uint64_t journal_next(const struct table *t) { return seen64(&t->header->journal_next); }

uint64_t journal_oldest(const struct table *t)
{
	const uint64_t next = journal_next(t), events = t->layout.events;
	return next > events ? next - events : 0;
}

/* Copies event n out of its record; false if it is not whole, or not n. */
static bool read_record(const struct event_record *r, uint64_t n, struct event *out)
{
	uint64_t words[EVENT_WORDS];
	if (seen64(&r->seq) != 2 * n + 2)
		return false;
	uint64_t check = get64(&r->check);
	for (size_t i = 0; i < EVENT_WORDS; i++)
		words[i] = get64(&r->body[i]);
	if (check != hash_words(words, EVENT_WORDS, n))
		return false;
	memcpy(out, words, sizeof *out);
	out->comm[sizeof out->comm - 1] = '\0';
	out->name[sizeof out->name - 1] = '\0';
	return true;
}

enum journal_status journal_read(const struct table *t, uint64_t *seq, struct event *out, uint64_t *lost)
{
	uint64_t oldest = journal_oldest(t);
	if (*seq >= journal_next(t))
		return JOURNAL_NONE;
	if (*seq < oldest) {
		*lost += oldest - *seq;
		*seq = oldest;
		return JOURNAL_LOST;
	}
	if (!read_record(&t->journal[*seq % t->layout.events], *seq, out))
		return JOURNAL_NONE;
	(*seq)++;
	return JOURNAL_OK;
}

void journal_wait(struct table *t, uint64_t seq, unsigned ms) { journal_wait_added(t, seq, UINT64_MAX, ms); }

void journal_wait_added(struct table *t, uint64_t seq, uint64_t added, unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	struct header *h = t->header;
	if (!t->writable) {		/* no lease may be left, so nobody would wake us */
		if (ts.tv_sec > 0 || ts.tv_nsec > 100000000)
			ts = (struct timespec){.tv_nsec = 100000000};
		nanosleep(&ts, NULL);
		return;
	}
	put32(&h->journal_lease, tick_now() + tick_of(LEASE_S + ms / 1000));
	uint32_t count = seen32(&h->journal_futex);
	store_before_look();
	if (journal_next(t) > seq || seen64(&h->added_next) > added)
		return;
	syscall(SYS_futex, &h->journal_futex, FUTEX_WAIT, count, &ts, NULL, 0);
}

const char *event_kind_text(unsigned kind)
{
#define TEXT(id, text) [EVENT_##id] = text,
	static const char *const text[EVENT_KINDS] = {EVENTS_LIST(TEXT)};
	return kind < EVENT_KINDS ? text[kind] : "unknown";
}

const char *origin_text(unsigned origin)
{
	static const char *const text[ORIGINS] = {
		[ORIGIN_SHIM] = "shim", [ORIGIN_PINCTL] = "pinctl", [ORIGIN_PINWATCH] = "pinwatch",
		[ORIGIN_KEEPER] = "pinkeeper"};
	return origin < ORIGINS ? text[origin] : "unknown";
}
