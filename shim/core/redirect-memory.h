/*
 * redirect-memory.h: memories of what was redirected, for what comes after it. Pure.
 *
 * A program sends to the original endpoint, and the shim to the actual one (as in NAT).
 * A memory has a fixed size: sets of four records that need no lock (record.h). A full set
 * forgets what was idle longest. What is forgotten goes, or comes, as without the shim. All
 * zeros is empty. There are five, in what all processes of a program share (shared.h), since
 * one may send and another receive:
 *
 *   peers     socket, actual endpoint  ->  the original: whom a reply seems to come from
 *   dialogs   Call-ID, original        ->  the actual one: a call keeps its server (RFC 3261 12.2); and
 *             Call-ID with To-tag      ->  the actual one, if another server that the INVITE went to before answers late
 *   requests  transaction, original    ->  the actual one: a request came in from the actual endpoint and seemed to
 *             come from the original; its responses must go back there (18.2.2)
 *   lone      socket, actual endpoint  ->  itself: a connection without dialogs (hangup.h)
 *   homes     Call-ID, actual server   ->  both endpoints of a dialog, redirected or not (dialogs.h)
 *
 * A set of endpoints as bits only grows. Two endpoints with the same bit cost some work, no more.
 */
#ifndef STICKYDNS_REDIRECT_MEMORY_H
#define STICKYDNS_REDIRECT_MEMORY_H

#include "policy/base/record.h"

enum {
	REDIRECT_WORDS = 10,
	REDIRECT_WAYS = 4,
	REDIRECT_SETS = 1024,		/* 4,096 records, 320 KiB, each */
	REDIRECT_RECORDS = REDIRECT_SETS * REDIRECT_WAYS,
	ENDPOINT_BITS = 4096,
};

struct redirect_memory {
	struct redirect_slot {
		word64 word[REDIRECT_WORDS];
	} slot[REDIRECT_SETS][REDIRECT_WAYS];
};

struct endpoint_bits {
	word64 word[ENDPOINT_BITS / 64];
};

struct redirect {
	struct endpoint original, actual;	/* complete */
	bool own;			/* peers: the program sent to `actual` itself, so what comes from there is not renamed */
	bool ended;			/* homes: the dialog has ended */
};

/*
 * `with` is the socket's cookie, the Call-ID's hash, the leg's (sip_leg) or the transaction's key. `e` is
 * the actual endpoint for peers and lone, the server for homes, the original for the others. A `with` of 0 is never
 * found or kept. Times are milliseconds of CLOCK_MONOTONIC, for what to forget.
 */
bool redirect_find(const struct redirect_memory *m, uint64_t with, const struct endpoint *e, struct redirect *out);
void redirect_note(struct redirect_memory *m, uint64_t with, const struct endpoint *e, const struct redirect *r,
		   uint64_t now_ms);
void redirect_forget(struct redirect_memory *m, uint64_t with, const struct endpoint *e);

/* Record number i of a memory, for walks: what was noted, and under which endpoint_key(). False: there is none. */
struct redirect_record {
	struct redirect r;
	uint64_t key, active_ms;
};
bool redirect_at(const struct redirect_memory *m, unsigned i, struct redirect_record *out);
void redirect_drop(struct redirect_memory *m, unsigned i);

bool bits_have(const struct endpoint_bits *b, const struct endpoint *e);
void bits_add(struct endpoint_bits *b, const struct endpoint *e);

#endif
