/*
 * dns-stream.h: DNS messages in a TCP stream (RFC 1035 4.2.2, RFC 7766).
 *
 * A message comes after its 2-byte length, and both may be split at any byte. Bytes that a
 * program has read cannot change any more. So an answer is rewritten when its first bytes
 * are read, if the rest is there to be seen: in a copy, which feeds this read and the next
 * ones. An answer that is not whole in time passes as it is, and is learnt from when it
 * has gone by. No byte is added or held back.
 *
 * Pure: no I/O, locks, allocation, globals. A state of zeros is the start of a
 * connection. One call at a time on a state.
 */
#ifndef STICKYDNS_DNSSTREAM_H
#define STICKYDNS_DNSSTREAM_H

#include "policy/wire/dns-name.h"

enum {
	FRAME_LENGTH = 2,		/* before each message, in network order */
	FRAME_MAX = FRAME_LENGTH + WIRE_MAX,
	FRAME_FIXED = FRAME_LENGTH + WIRE_HEADER,	/* no rewrite changes these: they may be with the program already */
	FRAME_QUESTION = FRAME_FIXED + WIRE_NAME_MAX + 4,	/* a query's question ends here or before (RFC 1035 4.1.2) */
};

/* ---- what the program sends ---- */

struct dnsqueries {
	uint32_t at;			/* bytes of the present frame that have gone by */
	uint8_t head[FRAME_QUESTION];
};

/* A message: its first `len` bytes, which may be changed; they are the stream's if the rules above allow. */
typedef void dnsstream_message(void *arg, uint8_t *msg, size_t len);

/* The program sent `len` bytes. `message` gets each query whose question is whole now, no further than that. */
void dnsqueries_sent(struct dnsqueries *s, const uint8_t *bytes, size_t len, dnsstream_message *message, void *arg);

/* ---- what it receives ---- */

struct dnsanswers {
	uint32_t at;			/* bytes of the present frame that the program has */
	bool whole;			/* the frame is in both copies */
	bool lost;			/* somebody else read from the stream: it is left alone */
	uint8_t plain[FRAME_MAX];	/* as it came; up to `at` unless whole */
	uint8_t given[FRAME_MAX];	/* as the program gets it */
};

struct dnsanswers_calls {
	/* The `len` bytes of the stream that follow what was read, into `to`, without taking them. False: not all are there. */
	bool (*peek)(void *arg, uint8_t *to, size_t len);
	dnsstream_message *message;	/* each whole answer, once */
	void *arg;
};

/* The program's read took these `len` bytes from the stream: they become what it is to get. */
void dnsanswers_read(struct dnsanswers *s, const struct dnsanswers_calls *c, uint8_t *bytes, size_t len);

/*
 * The same for a read that left them there (MSG_PEEK): `peek` begins with them. Of
 * several messages only the first is looked at.
 */
void dnsanswers_peeked(struct dnsanswers *s, const struct dnsanswers_calls *c, uint8_t *bytes, size_t len);

#endif
