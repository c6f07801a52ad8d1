/*
 * sip-transactions.h: the SIP requests that this program has sent, and what became of each.
 *
 * A memory of fixed size: sets of four slots, found by the transaction's key
 * (sip_transaction). A slot is a record that needs no lock (record.h). What is lost
 * means "no evidence". All zeros is an empty memory; it may lie in shared memory.
 *
 * What a request proves, sip-evidence.h says.
 */
#ifndef STICKYDNS_SIP_TRANSACTIONS_H
#define STICKYDNS_SIP_TRANSACTIONS_H

#include "policy/base/atomic.h"
#include "policy/base/endpoint.h"
#include "policy/wire/sip-message.h"

enum {
	TX_WORDS = 14,
	TX_WAYS = 4,
	TX_SETS = 1024,			/* 4,096 requests, 448 KiB */

	SIP_T1_MS = 500,		/* RFC 3261 17.1.1.1 */
	TX_KEEP_MS = 64 * SIP_T1_MS + 4000,	/* Timers B, D, F (17.1.1.2, 17.1.2.2), and T2 more */
	TX_RINGING_MS = 600000,		/* an INVITE with a provisional answer has no end but Timer C, > 3 min (16.6) */
};

struct transactions {
	struct tx_slot {
		word64 word[TX_WORDS];	/* check, key, the record; see sip-transactions.c */
	} slot[TX_SETS][TX_WAYS];
};

/* A request, identified by key and method: a CANCEL has the key of its INVITE (RFC 3261 9.1). */
struct tx {
	uint64_t key;			/* sip_transaction() */
	uint64_t since_ms;		/* first send to `last`, or the one at tx_anew */
	uint64_t active_ms;		/* last send or answer */
	struct endpoint first, last;	/* where it was sent first, and last; often the same */
	struct endpoint original;	/* where the program sent it last; it may have been redirected since */
	uint8_t method;			/* enum sip_method */
	uint8_t sends;			/* to `last` since then, saturated at 255 */
	uint8_t erred;			/* how many they were when an error came that quotes too little; 0: none did */
	bool answered;			/* the latest answer was provisional (1xx) */
	bool finished;			/* the latest answer was final (2xx to 6xx) */
	uint16_t early;			/* status of a final answer that was noted before the request; 0: none */
	uint16_t early_retry_s;		/* its Retry-After, saturated; 0: none */
	bool within;			/* it is one within a dialog (RFC 3261 12.2): its server has no choice but to answer */
};

/*
 * Times are milliseconds of CLOCK_MONOTONIC, endpoints complete (address, port,
 * transport); a TCP response comes from the connection's peer. A key of 0 is never
 * found or kept.
 */

/* Milliseconds since the first send to its present endpoint; 0 when that lies ahead (another CPU's clock). */
static inline uint64_t tx_age_ms(const struct tx *x, uint64_t now_ms)
{
	return now_ms > x->since_ms ? now_ms - x->since_ms : 0;
}

/* The request as it stands, before it is sent again. False: not known (any more). */
bool tx_find(const struct transactions *t, uint64_t key, enum sip_method method, uint64_t now_ms, struct tx *out);

/*
 * It was sent (again), to `to`; `original` is where the program sent it. Notes that and
 * returns how it stands, this send included. Another endpoint than before starts
 * sends and since_ms anew, since the silence of the one says nothing about the
 * other. ACK is not kept: it is no transaction (RFC 3261 17). A full set forgets what
 * is finished before what waits, and of requests that wait in vain those sent least.
 */
struct tx tx_redirected(struct transactions *t, uint64_t key, enum sip_method method, bool within,
		     const struct endpoint *original, const struct endpoint *to, uint64_t now_ms);

/* The same for what went where the program sent it, outside of a dialog. */
static inline struct tx tx_sent(struct transactions *t, uint64_t key, enum sip_method method, const struct endpoint *to,
				uint64_t now_ms)
{
	return tx_redirected(t, key, method, false, to, to, now_ms);
}

/* The send at now_ms counts as the first to its endpoint: what came before says no more. */
void tx_anew(struct transactions *t, uint64_t key, enum sip_method method, uint64_t now_ms);

/*
 * A response came from `from`; key, method (of CSeq) and status are its own. True,
 * and *out, if it answers a request that is known and was sent to that very
 * endpoint, first or last (17.1.3, 18.1.2). Everything else is stray or forged and
 * must change nothing.
 */
bool tx_match(struct transactions *t, uint64_t key, enum sip_method method, const struct endpoint *from,
	      unsigned status, uint64_t now_ms, struct tx *out);

/*
 * A final answer came from `from`, and its request is not known: it may be
 * noted yet, for one process sends and another reads, and a request is noted once it
 * is sent. tx_redirected then says so, once, in `early`, and the request does not wait.
 */
void tx_early(struct transactions *t, uint64_t key, enum sip_method method, const struct endpoint *from, unsigned status,
	      int64_t retry_after, uint64_t now_ms);

/*
 * The request that a CANCEL (9.1) or the ACK to a failure (17.1.1.3) belongs to, of
 * the same key: they must go where it last went. False: none is known. An ACK to a
 * 2xx has a branch of its own, so none is found: it goes where the dialog goes.
 */
bool tx_origin(const struct transactions *t, uint64_t key, uint64_t now_ms, struct tx *out);

/* Does a request that was sent to `to` wait for its final answer? A walk over the whole memory. */
bool tx_waits(const struct transactions *t, const struct endpoint *to, uint64_t now_ms);

/*
 * An error came for a datagram to `to`, and quotes too little of it to tell which, or whether it was sent at all. True:
 * a request waits there without any answer that met one before it was sent again. A walk over the whole memory.
 */
bool tx_erred_again(struct transactions *t, const struct endpoint *to, uint64_t now_ms);

#endif
