/*
 * layout.h: the table as it lies in the file. For policy/: others go through its functions.
 *
 *   +--------------------+ 0
 *   | header             | 4 KiB   magic, version, signature, sizes, counters
 *   +--------------------+
 *   | settings, 2 banks  |         one in use, one being written
 *   +--------------------+
 *   | journal            |         ring of events
 *   +--------------------+
 *   | waits              | 32 B * 1024         what endpoints answer, and leave unanswered
 *   +--------------------+
 *   | name, hot          | 128 B * 2 names     key, pins, head of the name
 *   +--------------------+
 *   | index              | 8 B * 6 names       address -> names
 *   +--------------------+
 *   | addresses          | 192 B * 4/3 addrs   key, address, health of endpoints
 *   +--------------------+
 *   | name, cold         | 360 B * 2 names     tail of the name, candidates
 *   +--------------------+
 *
 * All of it is reserved when the file is made. Everything after the header is found with
 * sizes that were checked once, at opening, and are kept outside the table.
 */
#ifndef STICKYDNS_LAYOUT_H
#define STICKYDNS_LAYOUT_H

#include <assert.h>
#include <stddef.h>

#include "policy/base/atomic.h"
#include "policy/base/endpoint.h"
#include "policy/base/name.h"
#include "policy/table/settings.h"

#define TABLE_MAGIC 0x3130736e64797473u	/* "stydns01" */

enum {
	TABLE_VERSION = 2,
	PAGE = 4096,

	HEAD_BYTES = 56,			/* of the name, in the hot part */
	TAIL_BYTES = 200,			/* the rest, in the cold part */
	CANDIDATES = 16,
	TARGETS = CANDIDATES / 2,		/* of a service */
	ENDPOINTS = 4,
	EVENTS = 2048,				/* a small table has as many as half of its names, */
	EVENTS_LEAST = 512,			/* but so many */
	INDEX_PER_NAME = 6,
	SEARCH_MAX = 128,			/* records looked at for one key, at most */

	COMM_BYTES = 16,

	ADDED_KEPT = 128,				/* the latest new addresses, for who follows */
	COUNTED = 256,				/* the latest sockets whose failure was counted */
	WAIT_SETS = 256, WAIT_WAYS = 4,		/* endpoints and kinds of requests of which something is kept (sip-health.h) */
};

/* Counters: what `pinctl stats` shows. */
#define COUNTERS_LIST(C)							\
	C(CAPTURES, "captures") C(CONFIRMED, "confirmed") C(MOVES, "moves") \
	C(FAILURES, "failures") C(SUCCESSES, "successes") C(STALE_ANSWERS, "stale_answers") \
	C(NAMES_FULL, "names_full") C(ADDRS_FULL, "addresses_full") C(EVICTED, "evicted") \
	C(TORN, "torn")

#define COUNTER_NUMBER(id, text) COUNT_##id,
enum counter { COUNTERS_LIST(COUNTER_NUMBER) COUNTERS };
#undef COUNTER_NUMBER

struct header {
	word64 magic;
	word32 version;
	word32 signature;			/* of the sizes below and the records' shapes */
	word64 size;				/* of the file, bytes */
	word32 names;				/* capacity: names */
	word32 addrs;				/* capacity: addresses */
	word64 seed;				/* of the hashes */
	word64 boot_id[2];
	word64 netns;				/* cookie of the network namespace; 0: unknown */
	uint8_t pad_reserved[4];		/* so that `retired` stands where tables of version 1 have it (tools/pinctl/holders.c) */
	word32 retired;				/* 1: replaced, attach again */
	word32 targets;				/* 1: there are SRV targets; while 0, no address is one's */
	word32 refused;				/* tick when an account was refused last; 0: never */
	word32 used_names, used_addrs;		/* records that were ever used: at most so many are */
	word32 growing;				/* tick when somebody began to make a larger one; 0: nobody did */
	uint8_t pad0[36];

	/* journal, a cache line of its own */
	word64 journal_next;			/* sequence number of the next event */
	word32 journal_futex;			/* counts what followers are woken for, for FUTEX_WAIT */
	word32 journal_lease;			/* tick until which somebody follows */
	word64 added_next;			/* addresses that were given a record, ever */
	word32 generation;			/* how many tables this one comes after, each in the place of the one before */
	uint8_t pad1[36];

	word32 settings_bank;			/* counts stores; the low bit is the bank in use */
	uint8_t pad2[60];

	word64 counters[COUNTERS];
	uint8_t pad3[512 - 256 - COUNTERS * 8];
	word64 added[ADDED_KEPT];			/* number + 1, low half | slot of the address record */
	word64 counted[COUNTED];		/* hash of socket and endpoint 32 | tick of the attempt 32; 0: none */
	uint8_t pad4[4096 - 512 - (ADDED_KEPT + COUNTED) * 8];
};
static_assert(offsetof(struct header, journal_next) == 128, "journal words own a cache line");
static_assert(offsetof(struct header, counters) == 256, "counters start a cache line");
static_assert(offsetof(struct header, added) == 512, "added starts a cache line");
static_assert(sizeof(struct header) == PAGE, "the header is one page");

struct settings_record {
	word64 pattern[NAME_WORDS];
	word32 given;				/* a bit for each key */
	uint8_t pad[4];
	word64 value[SETTINGS];			/* in the forms of settings.h */
};
static_assert(sizeof(struct settings_record) == NAME_BYTES + 8 + 8 * SETTINGS, "no hidden padding");
static_assert(SETTINGS <= 32, "`given` has a bit for each");

struct settings_bank {
	word32 hosts;				/* blocks in use */
	word32 by_hosts;			/* a bit for each key that one of them gives */
	word32 dns_ports[DNS_PORTS / 2];	/* two ports a word; 0: none */
	uint8_t pad[4];
	struct settings_record defaults;
	struct settings_record host[SETTINGS_HOSTS];
};

/* One event as it is written and read; kept as words, so that a torn one is found by its check. */
struct event {
	uint64_t time_ns;		/* CLOCK_REALTIME, for people */
	uint32_t pid;
	uint8_t kind;			/* enum event_kind (journal.h) */
	uint8_t cause;			/* enum cause */
	uint8_t transport;		/* of the endpoint, or 0 */
	uint8_t origin;			/* enum origin */
	uint16_t port;			/* host order, or 0 */
	uint8_t has_addr, has_old;
	uint8_t is_explicit;		/* the pin was set by hand */
	uint8_t taken;			/* it was written in a table whose place this one took, */
	uint8_t generation;		/* which had this number, modulo 256 */
	uint8_t pad;
	struct address addr, old;
	char comm[COMM_BYTES];		/* of the process, NUL-terminated */
	char name[NAME_BYTES];		/* "" in events of an endpoint */
};
enum { EVENT_WORDS = sizeof(struct event) / 8 };
static_assert(sizeof(struct event) == EVENT_WORDS * 8, "an event is whole words");

struct event_record {
	word64 seq;				/* 2n+1: event n being written; 2n+2: whole */
	word64 check;
	word64 body[EVENT_WORDS];
} __attribute__((aligned(64)));			/* whole cache lines */

/* Of one kind of requests to one endpoint (sip-health.h). */
struct wait_record {
	word64 key;				/* hash of both; 0: free; 1: being written */
	word64 waits;				/* those that were given up */
	word64 accounts;			/* of registrations: whose they were */
	word32 answered;			/* tick of the last answer */
	word32 refused;				/* an account that was refused and not served since: hash 16 | when 16 */
};
static_assert(sizeof(struct wait_record) == 32, "two a cache line");

struct name_hot {
	word64 key;
	word64 pin[FAMILIES];
	word64 confirmed[FAMILIES];
	word32 used;				/* tick of the last lookup, or when the record was made (words.h) */
	word32 set_at[FAMILIES];		/* tick when the pin was set */
	word32 expires[FAMILIES];		/* tick when an explicit pin ends; 0: never; of another nothing */
	word32 dns_down;			/* tick until which DNS is not asked */
	/* second cache line */
	word32 absent[FAMILIES];		/* tick of the first of the answers without the pin; 0: in it */
	word64 head[HEAD_BYTES / 8];
};
static_assert(offsetof(struct name_hot, absent) == 64, "what a hit reads is one cache line");
static_assert(sizeof(struct name_hot) == 128, "two cache lines");

struct name_cold {
	word64 tail[TAIL_BYTES / 8];
	word64 candidates[CANDIDATES];		/* of a service TARGETS candidates, then their srv words */
	word32 moves;				/* how often its pins moved, and which candidates came beside an SRV answer (words.h) */
	word32 ttl_end;				/* of which families a TTL is known, and when the least of them ends (words.h) */
	word32 origin_pid[FAMILIES];		/* who set the pin */
	word32 origin[FAMILIES];		/* enum origin */
	word32 family_port;			/* which family libc put first, if an answer was its own, where a service led to it (words.h) */
	word32 direct;				/* tick of the last lookup that was not for a service's target */
};
static_assert(sizeof(struct name_cold) == 360, "no hidden padding");
static_assert(HEAD_BYTES + TAIL_BYTES == NAME_BYTES, "the name is whole");

struct endpoint_record {
	word64 health;
	word64 pending;				/* a connect in flight: since, by whom */
	word32 failed;				/* ticks of the last one of each */
	word32 succeeded;
	word32 registered;			/* a REGISTER got a 2xx */
	word32 heard;				/* anything answered over UDP */
};
static_assert(sizeof(struct endpoint_record) == 32, "two a cache line");

struct addr_record {
	word64 key;
	word64 addr[3];				/* struct address */
	word64 other;				/* health of the endpoints that found no slot */
	word32 other_failed;
	word32 drained;				/* 1: kept away by `pinctl drain` */
	word32 used;				/* tick of the last answer or outcome */
	word32 connected;			/* a byte for each endpoint: when a TCP connect came through last (health.h) */
	word64 unanswered;			/* TCP connects that were given up, to the port where that was last */
	struct endpoint_record endpoints[ENDPOINTS];
};
static_assert(offsetof(struct addr_record, endpoints) == 64, "the first line is the address");
static_assert(sizeof(struct addr_record) == 192, "three cache lines");

static_assert(2 * (sizeof(struct name_hot) + sizeof(struct name_cold)) + 8 * INDEX_PER_NAME <= 1024,
	      "at most 1 KiB a name");
static_assert(sizeof(struct addr_record) * 4 / 3 <= 256, "at most 256 bytes an address");

/* Where each part lies, for a table of so many names and addresses. */
struct layout {
	uint32_t name_slots, index_words, addr_slots, events;
	size_t settings, journal, waits, hot, index, addrs, cold;	/* byte offsets */
	size_t size;
};

struct layout layout_for(uint32_t names, uint32_t addrs);

/* Larger than the TLB reaches with small pages: all of it is laid on huge ones where the kernel gives some. */
enum { HUGE_PAGE = 2 << 20, HUGE_FROM = 64 << 20 };
bool layout_is_huge(const struct layout *l);

/* A number that differs when the shapes above differ, or the meaning of the words (words.h). */
uint32_t layout_signature(void);

#endif
