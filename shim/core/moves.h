/*
 * moves.h: what was steered, for what comes after it.
 *
 * Five memories of fixed size, in the memory that all processes of the program
 * share (one may send, another receive; outcome.h). Each is sets of four records
 * that need no lock (record.h); a full set forgets what was idle longest, and what is
 * forgotten goes, or comes, as if the shim were absent. All zeros is empty.
 *
 *   peers     socket, real endpoint  ->  asked one: whom a reply seems to come from
 *   dialogs   Call-ID, asked one     ->  real one: a call keeps its server (RFC 3261 12.2); and Call-ID
 *             with To-tag, asked one ->  real one: of another server that the INVITE went to before
 *   requests  transaction, asked one ->  real one: a request that came in from the real
 *             one and seemed to come from the asked one; its responses must go back
 *             there (18.2.2)
 *   lone      socket, real endpoint  ->  itself: a connection without dialogs (hangup.h)
 *   homes     Call-ID, real server   ->  the asked and the real endpoint of a dialog, moved or not (dialogs.h)
 *
 * And sets of endpoints that only grow, as bits; another endpoint with the same
 * bit costs some work, no more.
 */
#ifndef STICKYDNS_MOVES_H
#define STICKYDNS_MOVES_H

#include "policy/base/record.h"
#include "policy/rules/decide.h"

enum {
	MOVE_WORDS = 10,
	MOVE_WAYS = 4,
	MOVE_SETS = 1024,		/* 4,096 records, 320 KiB, each */
	MOVE_RECORDS = MOVE_SETS * MOVE_WAYS,
	MOVE_BITS = 4096,
};

struct move_memory {
	struct move_slot {
		word64 word[MOVE_WORDS];
	} slot[MOVE_SETS][MOVE_WAYS];
};

struct endpoint_bits {
	word64 word[MOVE_BITS / 64];
};

enum { PASSED_OVER = 64 };

struct moves {
	word32 any;			/* 1 once anything was moved: until then nothing has to be looked for */
	struct endpoint_bits moved;	/* asked: something to it went elsewhere */
	struct endpoint_bits waited[REQUEST_KINDS];	/* asked: a request of this kind to it may be waiting for its answer */
	struct endpoint_bits sent[REQUEST_KINDS];	/* real: one went there */
	word32 passed_over[PASSED_OVER];	/* by the real one's hash: tick of the last answer that was not read (judge_knows) */
	struct endpoint_bits servers, believed;	/* homes: the real ones' addresses, and those asked that were others */
	struct move_memory peers, dialogs, requests, lone, homes;
};

struct move {
	struct endpoint asked, real;	/* complete */
	bool own;			/* peers: the program sent to `real` itself, so what comes from there is not renamed */
};

/*
 * `with` is the socket's cookie, the Call-ID's hash, the leg's (sip_leg) or the transaction's key; `e` is
 * the real endpoint for peers, the asked one for the others. A `with` of 0 is never
 * found or kept. Times are milliseconds of CLOCK_MONOTONIC, for what to forget.
 */
bool move_find(const struct move_memory *m, uint64_t with, const struct endpoint *e, struct move *out);
void move_note(struct move_memory *m, uint64_t with, const struct endpoint *e, const struct move *mv, uint64_t now_ms);
void move_forget(struct move_memory *m, uint64_t with, const struct endpoint *e);

/* Record number i of a memory, for walks; what was noted, and under which endpoint_key(). False: there is none. */
struct move_record {
	struct move mv;
	uint64_t key, active_ms;
};
bool move_at(const struct move_memory *m, unsigned i, struct move_record *out);
void move_drop(struct move_memory *m, unsigned i);

bool bits_have(const struct endpoint_bits *b, const struct endpoint *e);
void bits_add(struct endpoint_bits *b, const struct endpoint *e);

#endif
