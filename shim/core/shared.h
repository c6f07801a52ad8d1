/*
 * shared.h: one piece of memory without a name that the processes of a program share.
 *
 * A child may hear what its parent asked. So this holds what was redirected, which requests were sent, and which
 * addresses a name gave. It is made when a program first looks up a name, opens an IP socket or forks. Most programs never
 * do, and mlockall(2) counts all that is mapped. It may be given back (locked.h). Then `shared` is NULL, as when there is no
 * memory for it: nothing is remembered, redirected or judged.
 */
#ifndef STICKYDNS_SHARED_H
#define STICKYDNS_SHARED_H

#include "policy/rules/decide.h"
#include "policy/wire/sip-transactions.h"
#include "shim/core/export.h"
#include "shim/core/redirect-memory.h"

enum {
	UNREAD_ANSWERS = 64,
	GIVEN_NAMED = 262144,		/* bits: 10,000 addresses fill 8 % of them, and one in 180 others is taken for given */
	GIVEN_PLAIN = 32768,
	GIVEN_LATELY = 1024,
};

struct shared {
	word32 redirected;		/* 1 once anything was: until then nothing has to be looked for */
	struct endpoint_bits redirected_originals;	/* original: something to it went elsewhere */
	struct endpoint_bits waited[REQUEST_KINDS];	/* original: a request of this kind to it may be waiting for its answer */
	struct endpoint_bits sent[REQUEST_KINDS];	/* actual: one went there */
	word32 unread[UNREAD_ANSWERS];	/* by the actual one's hash: tick of the last answer that was not read (judge_knows) */
	struct endpoint_bits servers, believed;	/* homes: the actual addresses, and the original ones that were others */
	struct redirect_memory peers, dialogs, requests, lone, homes;	/* redirect-memory.h */
	struct transactions transactions;	/* SIP requests of the program */
	struct {			/* given.h */
		word32 count;
		word64 named[GIVEN_NAMED / 64];	/* of name and address */
		word64 first[GIVEN_PLAIN / 64], number[GIVEN_PLAIN / 64];	/* of the address */
		word64 lately[GIVEN_LATELY];	/* hash of name and address 32 | tick 32 */
	} given;
};

extern HIDDEN struct shared *shared;

/* Makes it: zeros. Not again once it was given back, nor in a program that has sealed itself. errno is kept. */
void shared_make(void);

/* The program is about to use what needs it. */
static inline void shared_need(void)
{
	if (__builtin_expect(!shared, 0))
		shared_make();
}

/* Was anything ever redirected, by this process, its parents or children? One or two loads. */
static inline bool redirected_any(void) { return shared && get32(&shared->redirected); }

/* Was anything that was sent to `original` redirected? */
static inline bool redirected_from(const struct endpoint *original)
{
	return redirected_any() && bits_have(&shared->redirected_originals, original);
}

/* How many bytes there are. */
size_t shared_size(void);

/* Gives it back. Nobody may be using it: the process has one thread, and that is in none of our calls. */
void shared_let_go(void);

/* Takes mlockall(2)'s lock off it. */
void shared_unlock(void);

#endif
