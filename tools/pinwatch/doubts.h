/*
 * doubts.h: ICMP errors that may be forged: of each flow the last one that was not believed yet.
 *
 * An error that quotes a request's text comes from who has seen it. One that quotes ports and a length, as RFC 792
 * asks for no more, or a text that is short, is easily made up: it counts once a later datagram has met the same, and
 * the first had the time to be answered and was not. Who forges it must be quicker than the server each time.
 *
 * A memory of fixed size, all zeros when empty. Two flows may meet in a slot: the later one stays. Times are
 * nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef STICKYDNS_PINWATCH_DOUBTS_H
#define STICKYDNS_PINWATCH_DOUBTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/pinwatch/watch.h"

enum {
	DOUBTS_MAX = 1024,
	DOUBT_ANSWER_MS = 400,			/* time for an answer: a request is sent again after 500 (RFC 3261 17.1.1.2) */
	DOUBT_LATELY_S = 10,			/* an error comes no later after its datagram */
};

struct doubts {
	struct doubt {
		struct sender_key flow;
		uint64_t sent;			/* when its datagram was; 0: empty */
	} slot[DOUBTS_MAX];
};

/*
 * An error came for a datagram of `flow` that was sent at `sent`; the last answer came at `heard`, 0: none. True: it
 * is believed, for one before met the same.
 */
bool doubts_met_again(struct doubts *d, const struct sender_key *flow, uint64_t sent, uint64_t heard);

/* Was it sent lately enough for an error that comes now? */
static inline bool doubts_lately(uint64_t sent, uint64_t now)
{
	return sent && (now < sent || now - sent <= DOUBT_LATELY_S * 1000000000ull);
}

#endif
