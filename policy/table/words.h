/*
 * words.h: what the 64-bit words of the table mean.
 *
 * A word is read once, unpacked into a plain struct, judged, packed, and put
 * back with one CAS. Everything that must change together is in one word.
 *
 *   key        hash 40 | reuse count 22 | state 2
 *   pin        address ref 32 | failure sum 13 | name's reuse 8 | endpoints 4 | latest 2 | explicit 1 | confirmed 1 | 3
 *   confirmed  address ref 32 | port 16 | transport 2 | name's reuse 8 | minute of the first success 5 | proven 1
 *   health     transport 2 | port 16 | cool-off end 22 (s) | failures 13 | n 4 | last cause 6 | on trial 1
 *   candidate  address ref 32 | last published 24 (s) | name's reuse 4 | rank 4
 *   srv        priority 16 | weight 16 | low bits of its candidate's ref 24 | name's reuse 4 | 15
 *   pending    since 32 (tick) | what 2 | pid namespace 8 | pid 22
 *   unanswered since 32 (tick) | waited 16 (ticks) | port 16
 *   waits      since 32 (tick) | waited 16 (ticks) | in a row 4 | closed 4 | score 8
 *   accounts   twice: hash 16 | when 16 (16 s); the one used last is the first
 *
 * An address ref is the slot of an address record plus one (22 bits) and the low
 * bits of that record's reuse count (10), so that a ref to an evicted address
 * names nothing. 0 is none.
 */
#ifndef STICKYDNS_WORDS_H
#define STICKYDNS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/table/settings.h"

/* ---- key ---- */

enum key_state { KEY_EMPTY, KEY_CLAIMED, KEY_LIVE, KEY_RETIRED };

#define KEY_HASH_MASK (UINT64_MAX << 24)

static inline unsigned key_state(uint64_t key) { return (unsigned)(key & 3); }
static inline uint32_t key_reuse(uint64_t key) { return (uint32_t)(key >> 2) & 0x3fffff; }
static inline bool key_has_hash(uint64_t key, uint64_t hash) { return ((key ^ hash) & KEY_HASH_MASK) == 0; }

static inline uint64_t key_make(uint64_t hash, uint32_t reuse, enum key_state state)
{
	return (hash & KEY_HASH_MASK) | (uint64_t)(reuse & 0x3fffff) << 2 | (uint64_t)state;
}

/* The same record in another state. */
static inline uint64_t key_in_state(uint64_t key, enum key_state state)
{
	return (key & ~(uint64_t)3) | (uint64_t)state;
}

/* ---- address ref ---- */

typedef uint32_t addr_ref;

static inline addr_ref ref_make(uint32_t slot, uint64_t key)
{
	return (slot + 1) << 10 | (key_reuse(key) & 0x3ff);
}
static inline uint32_t ref_slot(addr_ref r) { return (r >> 10) - 1; }
static inline bool ref_names(addr_ref r, uint64_t key)
{
	return key_state(key) == KEY_LIVE && (r & 0x3ff) == (key_reuse(key) & 0x3ff);
}

/* A record, and its key word as it was when found. Words change; the slot is in bounds. */
struct name_ref {
	uint32_t slot;
	uint64_t key;
};

/* ---- pin ---- */

enum { SUM_MASK = 0x1fff };		/* failure counts and their sums are modulo this plus one */

struct pin {
	addr_ref ref;			/* 0: no pin */
	uint16_t sum;			/* failures of the endpoints that count, when the pin was set */
	uint8_t reuse;			/* low bits of the name record's reuse count */
	uint8_t endpoints;		/* bit i: this name succeeded on the record's endpoint i */
	uint8_t latest;			/* the endpoint that confirmed last */
	bool is_explicit;		/* set by hand, else auto */
	bool confirmed;			/* else tentative */
};

static inline uint64_t pin_pack(struct pin p)
{
	return (uint64_t)p.ref << 32 | (uint64_t)(p.sum & SUM_MASK) << 19 | (uint64_t)p.reuse << 11 |
	       (uint64_t)(p.endpoints & 15u) << 7 | (uint64_t)(p.latest & 3u) << 5 |
	       (uint64_t)p.is_explicit << 4 | (uint64_t)p.confirmed << 3;
}

static inline struct pin pin_unpack(uint64_t w)
{
	return (struct pin){
		.ref = (addr_ref)(w >> 32),
		.sum = (uint16_t)(w >> 19 & SUM_MASK),
		.reuse = (uint8_t)(w >> 11),
		.endpoints = (uint8_t)(w >> 7 & 15),
		.latest = (uint8_t)(w >> 5 & 3),
		.is_explicit = (w >> 4 & 1) != 0,
		.confirmed = (w >> 3 & 1) != 0,
	};
}

/* ---- the last confirmed address and endpoint of a name ---- */

enum { MINUTES = 32 };

struct confirmed {
	addr_ref ref;
	uint16_t port;
	uint8_t transport;
	uint8_t reuse;
	uint8_t first;			/* minute of uptime of the name's first success, modulo MINUTES */
	bool proven;			/* another success of the name came a minute or more later */
};

static inline uint64_t confirmed_pack(struct confirmed c)
{
	return (uint64_t)c.ref << 32 | (uint64_t)c.port << 16 | (uint64_t)(c.transport & 3u) << 14 |
	       (uint64_t)c.reuse << 6 | (uint64_t)(c.first & (MINUTES - 1u)) << 1 | (uint64_t)c.proven;
}

static inline struct confirmed confirmed_unpack(uint64_t w)
{
	return (struct confirmed){
		.ref = (addr_ref)(w >> 32),
		.port = (uint16_t)(w >> 16),
		.transport = (uint8_t)(w >> 14 & 3),
		.reuse = (uint8_t)(w >> 6),
		.first = (uint8_t)(w >> 1 & (MINUTES - 1)),
		.proven = (w & 1) != 0,
	};
}

static inline uint8_t minute_stamp(uint32_t now_s) { return (uint8_t)(now_s / 60 % MINUTES); }

/* Is it surely a minute or more since then? Not for 3 minutes of each half hour. */
static inline bool minute_is_past(uint8_t then, uint32_t now_s)
{
	const unsigned apart = (minute_stamp(now_s) + (unsigned)MINUTES - then) % MINUTES;
	return apart >= 2 && apart < MINUTES - 1;
}

/* ---- health of an endpoint ---- */

enum {
	COOL_MASK = 0x3fffff,
	COOL_N_MAX = 10,
	TRIAL_S = 30,			/* the right to try an endpoint after its cool-off lapses */
	COOL_LONGEST_S = COOL_BOUND_S + COOL_BOUND_S / 5 + TRIAL_S,	/* with jitter */
};

struct health {
	uint8_t transport;		/* enum transport; 0 with port 0: slot free, or "other" */
	uint16_t port;
	uint32_t cool_end;		/* second of uptime, 22 bits; 0: not cooling */
	uint16_t failures;		/* modulo SUM_MASK + 1 */
	uint8_t n;			/* failures in a row, which make the cool-off longer */
	uint8_t last_cause;		/* enum cause */
	bool on_trial;			/* somebody took the right to try it after its cool-off */
};

static inline uint64_t health_pack(struct health h)
{
	return (uint64_t)(h.transport & 3u) << 62 | (uint64_t)h.port << 46 |
	       (uint64_t)(h.cool_end & COOL_MASK) << 24 | (uint64_t)(h.failures & SUM_MASK) << 11 |
	       (uint64_t)(h.n & 15u) << 7 | (uint64_t)(h.last_cause & 63u) << 1 | (uint64_t)h.on_trial;
}

/* Is it the word of this endpoint? */
static inline bool health_is_of(uint64_t w, uint8_t transport, uint16_t port)
{
	return w >> 46 == ((uint64_t)(transport & 3u) << 16 | port);
}

static inline uint16_t health_failures(uint64_t w) { return (uint16_t)(w >> 11 & SUM_MASK); }

/* Is its circuit closed? Else it cools off, or its cool-off is over and nobody has had a success since. */
static inline bool health_is_closed(uint64_t w) { return (w >> 24 & COOL_MASK) == 0; }

static inline struct health health_unpack(uint64_t w)
{
	return (struct health){
		.transport = (uint8_t)(w >> 62),
		.port = (uint16_t)(w >> 46),
		.cool_end = (uint32_t)(w >> 24) & COOL_MASK,
		.failures = (uint16_t)(w >> 11 & SUM_MASK),
		.n = (uint8_t)(w >> 7 & 15),
		.last_cause = (uint8_t)(w >> 1 & 63),
		.on_trial = (w & 1) != 0,
	};
}

/* Seconds until the cool-off ends; 0: there is none. An end that is further ahead than any can be is of an earlier lap of the clock. */
static inline uint32_t health_cooling_s(struct health h, uint32_t now_s)
{
	const uint32_t left = (h.cool_end - now_s) & COOL_MASK;
	return h.cool_end && left <= COOL_LONGEST_S ? left : 0;
}

/* ---- candidate ---- */

enum { SEEN_MASK = 0xffffff };

struct candidate_word {
	addr_ref ref;
	uint32_t seen;			/* second of uptime when last in an answer, 24 bits; 0: never */
	uint8_t reuse;			/* low bits of the name record's reuse count */
	uint8_t rank;			/* place in the preference list, from 1; 0: not in it */
};

static inline uint64_t candidate_pack(struct candidate_word c)
{
	return (uint64_t)c.ref << 32 | (uint64_t)(c.seen & SEEN_MASK) << 8 | (uint64_t)(c.reuse & 15u) << 4 |
	       (c.rank & 15u);
}

static inline addr_ref candidate_ref_of(uint64_t w) { return (addr_ref)(w >> 32); }

static inline struct candidate_word candidate_unpack(uint64_t w)
{
	return (struct candidate_word){
		.ref = (addr_ref)(w >> 32),
		.seen = (uint32_t)(w >> 8) & SEEN_MASK,
		.reuse = (uint8_t)(w >> 4 & 15),
		.rank = (uint8_t)(w & 15),
	};
}

/* ---- until when what DNS said may be given without asking it ---- */

enum { TTL_SHIFT = 30 };		/* seconds of CLOCK_MONOTONIC fit below for 34 years */

static inline uint32_t ttl_pack(uint32_t end_s, unsigned families)
{
	return families << TTL_SHIFT | (end_s & ((1u << TTL_SHIFT) - 1));
}

static inline uint32_t ttl_end_s(uint32_t w) { return w & ((1u << TTL_SHIFT) - 1); }

/* A bit for each family that it holds for. */
static inline unsigned ttl_families(uint32_t w) { return w >> TTL_SHIFT; }

/* ---- when a name was used last ---- */

enum { USED_ERROR = 2 };		/* ticks: such a word is less than that behind the time */

/* A tick. Its low bit: the name was looked up; else that is when its record was made, and nobody has asked yet. */
static inline uint32_t used_looked_up(uint32_t now) { return (now - 1) | 1; }
static inline uint32_t used_made(uint32_t now) { return now & ~1u; }

/* The tick of the last lookup; 0: never. */
static inline uint32_t used_lookup(uint32_t w) { return w & 1 ? w : 0; }

/* ---- what an SRV record says of a candidate of a service ---- */

enum { SRV_MARK = 15 };			/* where a candidate has its rank, which is smaller */

struct srv_word {
	uint16_t priority, weight;
	addr_ref ref;			/* of the candidate: 24 bits of it */
	uint8_t reuse;
};

static inline uint64_t srv_pack(struct srv_word s)
{
	return (uint64_t)s.priority << 48 | (uint64_t)s.weight << 32 | (uint64_t)(s.ref & 0xffffff) << 8 |
	       (uint64_t)(s.reuse & 15u) << 4 | SRV_MARK;
}

/* Is it the word of this candidate? Then priority and weight, else zeros. */
static inline struct srv_word srv_unpack(uint64_t w, struct candidate_word c)
{
	if ((w & 15) != SRV_MARK || (w >> 4 & 15) != c.reuse || ((w >> 8 ^ c.ref) & 0xffffff) != 0)
		return (struct srv_word){0};
	return (struct srv_word){(uint16_t)(w >> 48), (uint16_t)(w >> 32), c.ref, c.reuse};
}

static inline uint32_t seen_stamp(uint32_t now_s) { return now_s & SEEN_MASK ? now_s & SEEN_MASK : 1; }

enum { SEEN_AHEAD_S = 60, SEEN_MAX_S = SEEN_MASK - SEEN_AHEAD_S - 1 };

/* Seconds since then, within a lap of the 24 bits (194 days); what lies just ahead is another CPU's now. UINT32_MAX: never. */
static inline uint32_t seen_age(uint32_t seen, uint32_t now_s)
{
	const uint32_t age = (now_s - seen) & SEEN_MASK;
	return seen == 0 ? UINT32_MAX : age <= SEEN_MAX_S ? age : 0;
}

/*
 * ---- of a name: which family libc put first, 1 + enum family; whether an answer was its own; the port where a service
 * led to it. 0: not known ----
 */

enum { OWN_ANSWER = 1 << 15, FIRST_MASK = OWN_ANSWER - 1 };

static inline uint32_t with_first(uint32_t w, uint16_t first) { return (w & ~(uint32_t)FIRST_MASK) | first; }
static inline uint32_t with_led_port(uint32_t w, uint16_t port) { return (uint32_t)port << 16 | (uint16_t)w; }
static inline uint16_t first_family(uint32_t w) { return (uint16_t)(w & FIRST_MASK); }
static inline bool had_own_answer(uint32_t w) { return (w & OWN_ANSWER) != 0; }
static inline uint16_t led_port(uint32_t w) { return (uint16_t)(w >> 16); }

/* ---- of a name: how often its pins moved; which of its candidates came beside an SRV answer, a bit each ---- */

static inline uint16_t moves_count(uint32_t w) { return (uint16_t)(w >> 16); }
static inline bool came_beside(uint32_t w, unsigned candidate) { return (w >> candidate & 1) != 0; }

/* ---- a connect in flight, or a request that waits ---- */

enum { PENDING_CONNECT, PENDING_REQUEST };	/* the latter and those behind it: plus its kind (enum request_kind) */

struct pending {
	uint32_t since;			/* tick; 0: none */
	uint32_t pid;			/* less than 2^22 on Linux (proc(5), pid_max) */
	uint8_t what;
	uint8_t space;			/* of which pid namespace the pid is: struct table */
};

static inline uint64_t pending_pack(struct pending p)
{
	return (uint64_t)p.since << 32 | (uint64_t)(p.what & 3u) << 30 | (uint64_t)p.space << 22 | (p.pid & 0x3fffff);
}
static inline struct pending pending_unpack(uint64_t w)
{
	return (struct pending){.since = (uint32_t)(w >> 32), .pid = (uint32_t)w & 0x3fffff, .what = (uint8_t)(w >> 30 & 3),
				.space = (uint8_t)(w >> 22)};
}

/* ---- connects that were given up unanswered ---- */

struct unanswered {
	uint32_t since;			/* tick when the first began; 0: none */
	uint16_t waited;		/* ticks, all together */
	uint16_t port;
};

static inline uint64_t unanswered_pack(struct unanswered u) { return (uint64_t)u.since << 32 | (uint64_t)u.waited << 16 | u.port; }
static inline struct unanswered unanswered_unpack(uint64_t w)
{
	return (struct unanswered){.since = (uint32_t)(w >> 32), .waited = (uint16_t)(w >> 16), .port = (uint16_t)w};
}

/* ---- requests that were given up unanswered ---- */

struct waits {
	uint32_t since;			/* tick when the first was sent; 0: none */
	uint16_t waited;		/* ticks, of those in a row together */
	uint8_t row;			/* how many since the last answer, 15 at most */
	uint8_t closed;			/* the same, of those whose connection the server closed without a byte */
	uint8_t score;			/* those in vain against those answered (decide.h) */
};

static inline uint64_t waits_pack(struct waits w)
{
	return (uint64_t)w.since << 32 | (uint64_t)w.waited << 16 | (uint64_t)(w.row & 15u) << 12 |
	       (uint64_t)(w.closed & 15u) << 8 | w.score;
}
static inline struct waits waits_unpack(uint64_t w)
{
	return (struct waits){.since = (uint32_t)(w >> 32), .waited = (uint16_t)(w >> 16), .row = (uint8_t)(w >> 12 & 15),
			      .closed = (uint8_t)(w >> 8 & 15), .score = (uint8_t)w};
}

/* ---- the accounts that a host used with an endpoint last ---- */

enum { ACCOUNT_UNIT_S = 16 };		/* of their times, which begin anew after 12 days */

struct accounts {
	uint16_t hash[2], when[2];	/* when 0: none */
};

static inline uint64_t accounts_pack(struct accounts a)
{
	return (uint64_t)a.hash[0] << 48 | (uint64_t)a.when[0] << 32 | (uint64_t)a.hash[1] << 16 | a.when[1];
}
static inline struct accounts accounts_unpack(uint64_t w)
{
	return (struct accounts){{(uint16_t)(w >> 48), (uint16_t)(w >> 16)}, {(uint16_t)(w >> 32), (uint16_t)w}};
}

#endif
