/*
 * icmp.h: ICMP and ICMPv6 errors of UDP datagrams, from raw sockets (raw(7)).
 *
 * An error on an unconnected UDP socket fires no tracepoint, and the program sees nothing
 * of it. A raw socket gets every such message of its network namespace, forged ones too.
 * Only an error that quotes a datagram that was really sent counts (probes_quoted). If it
 * quotes too little of it, see struct doubts.
 */
#ifndef STICKYDNS_PINWATCH_ICMP_H
#define STICKYDNS_PINWATCH_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pinwatch/watched.h"

/* Raw sockets for this process's network namespace; -1: none, errno. */
int icmp_open(void);
int icmpv6_open(void);

struct icmp_error {
	struct watch_event event;	/* WATCH_REFUSED */
	__u64 quote;			/* struct sent_key: of its text, */
	bool text;			/* or of its length alone */
};

enum icmp_status { ICMP_EVENT, ICMP_NOTHING, ICMP_NO_MORE };

/* The next message. `v6`: fd is of icmpv6_open. ICMP_NOTHING: it says nothing of UDP. */
enum icmp_status icmp_read(int fd, bool v6, uint64_t netns, struct icmp_error *out);

/*
 * What a message quotes: for tests. `p` starts at the IP header (v4: of the
 * message itself; v6: the ICMPv6 header, raw(7)). Fills in ports, address, error and
 * the quote.
 */
bool icmp_parse(const uint8_t *p, size_t n, struct icmp_error *out);
bool icmpv6_parse(const uint8_t *p, size_t n, struct icmp_error *out);

/* ---- whether it is believed ---- */

/*
 * Errors that may be forged: of each flow the last one that was not believed yet.
 *
 * An error that quotes a request's text comes from who has seen it. Anybody can make up one that quotes only ports
 * and a length (RFC 792 asks for no more) or a short text. Such an error counts once a later datagram has met the
 * same, and the first one had the time to be answered and was not. A forger must be quicker than the server each time.
 *
 * A memory of fixed size, all zeros when empty. Two flows may meet in a slot: the later one stays. Times are
 * nanoseconds of CLOCK_MONOTONIC.
 */
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

/* ---- endpoints that were refused ---- */

/*
 * Endpoints of which an ICMP error came lately. A server whose port is closed, or whose host is out of
 * reach, answers no request either; that is told as what it is, and not as silence once more.
 *
 * A memory like the one above. Ports are in host order.
 */
enum { REFUSALS_MAX = 1024 };

struct refusals {
	struct refusal {
		struct watch_key peer;
		uint64_t port;
		uint64_t last;			/* 0: empty */
	} slot[REFUSALS_MAX];
};

void refusals_note(struct refusals *r, const struct watch_key *peer, uint16_t port, uint64_t now);

bool refusals_since(const struct refusals *r, const struct watch_key *peer, uint16_t port, uint64_t since);

#endif
