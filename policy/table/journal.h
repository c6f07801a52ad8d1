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

enum event_kind {
	EVENT_PINNED,		/* a tentative pin was set */
	EVENT_CONFIRMED,
	EVENT_MOVED,		/* `old` -> `addr` */
	EVENT_DROPPED,
	EVENT_FAILED,		/* an endpoint failed */
	EVENT_RECOVERED,	/* an endpoint that had failed succeeded */
	EVENT_SET,		/* pinned by hand */
	EVENT_EXPIRED,		/* by idle, max-age or --ttl */
	EVENT_DRAINED,		/* an address, by hand */
	EVENT_UNDRAINED,
	EVENT_KINDS
};

/* Who wrote. */
enum origin { ORIGIN_SHIM, ORIGIN_PINCTL, ORIGIN_PINWATCH, ORIGINS };

struct event {
	uint64_t time_ns;		/* CLOCK_REALTIME, for people */
	uint32_t pid;
	uint8_t kind;			/* enum event_kind */
	uint8_t cause;			/* enum cause */
	uint8_t transport;		/* of the endpoint, or 0 */
	uint8_t origin;			/* enum origin */
	uint16_t port;			/* host order, or 0 */
	uint8_t has_addr, has_old;
	uint8_t is_explicit;		/* the pin was set by hand */
	uint8_t pad[3];
	struct address addr, old;
	char comm[COMM_BYTES];		/* of the process, NUL-terminated */
	char name[NAME_BYTES];		/* "" in events of an endpoint */
};
static_assert(sizeof(struct event) == EVENT_WORDS * 8, "an event is whole words");

/* Append. Fills in time_ns, pid, comm and origin. A read-only table: nothing happens. */
void journal_write(struct table *t, struct event *e);

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

/* The same, or until an address beyond the first `learnt` was learnt (addr_learnt). */
void journal_wait_learnt(struct table *t, uint64_t seq, uint64_t learnt, unsigned ms);

/* Wake who follows: something that followers look at has changed. */
void journal_wake(struct table *t);

const char *event_kind_text(unsigned kind);
const char *origin_text(unsigned origin);

#endif
