/*
 * journal.h: the ring of events that every process writes and anybody may follow.
 *
 * It keeps the last ones (layout.h: 512 to 2,048). A writer never waits. A reader that is
 * too slow learns how many events it lost. An event that a dead process left half written
 * is skipped and counted as lost.
 */
#ifndef STICKYDNS_JOURNAL_H
#define STICKYDNS_JOURNAL_H

#include "policy/base/cause.h"
#include "policy/table/file.h"

/* What happened: EVENT_ number and text. */
#define EVENTS_LIST(E)						\
	E(PINNED, "pinned") /* a tentative pin was set */		\
	E(CONFIRMED, "confirmed")					\
	E(MOVED, "moved") /* `old` -> `addr` */				\
	E(DROPPED, "dropped")						\
	E(FAILED, "failed") /* an endpoint failed */			\
	E(RECOVERED, "recovered") /* an endpoint that had failed succeeded */	\
	E(SET, "set") /* pinned by hand */				\
	E(EXPIRED, "expired") /* by idle, max-age or --ttl */		\
	E(DRAINED, "drained") /* an address, by hand */			\
	E(UNDRAINED, "undrained")					\
	E(EVICTED, "evicted") /* a name that had worked gave way to another: with its pin */	\
	E(REPLACED, "replaced") /* this table took the place of another */

#define EVENT_NUMBER(id, text) EVENT_##id,
enum event_kind { EVENTS_LIST(EVENT_NUMBER) EVENT_KINDS };
#undef EVENT_NUMBER

/* Who wrote. */
enum origin { ORIGIN_SHIM, ORIGIN_PINCTL, ORIGIN_PINWATCH, ORIGIN_KEEPER, ORIGINS };

/* Append. Fills in time_ns, pid, comm, origin and generation. A read-only table: nothing happens. */
void journal_write(struct table *t, struct event *e);

/*
 * Append an event as it is, of the journal of the table whose place this one took. Whoever followed a table until it was
 * replaced goes on in the one that is at its path by then: from journal_oldest(), without what was taken from the tables
 * up to the one of `generation`, which he followed.
 */
void journal_take(struct table *t, struct event *e);
uint8_t journal_generation(const struct table *t);
bool journal_is_known(const struct event *e, uint8_t generation);

/* The number of the oldest event that is still there, and of the next one to come. */
uint64_t journal_oldest(const struct table *t);
uint64_t journal_next(const struct table *t);

enum journal_status { JOURNAL_OK, JOURNAL_NONE, JOURNAL_LOST };

/*
 * Read event number *seq and advance. JOURNAL_NONE: not there yet, or still being
 * written; if it stays so while journal_next is past it, its writer died: step
 * over it and count it as lost. JOURNAL_LOST:
 * overwritten; *seq is now the oldest, *lost grew by what was missed.
 */
enum journal_status journal_read(const struct table *t, uint64_t *seq, struct event *out, uint64_t *lost);

/* Wait until event number `seq` may be there, at most `ms` milliseconds. futex(2) FUTEX_WAIT. */
void journal_wait(struct table *t, uint64_t seq, unsigned ms);

/* The same, or until an address beyond the first `added` was added (addr_added). NO_EVENT as `seq`: only for addresses. */
#define NO_EVENT UINT64_MAX
void journal_wait_added(struct table *t, uint64_t seq, uint64_t added, unsigned ms);

/* Wake who follows: something that followers look at has changed. */
void journal_wake(struct table *t);

const char *event_kind_text(unsigned kind);
const char *origin_text(unsigned origin);

#endif
