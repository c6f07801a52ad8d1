/*
 * refusals.h: endpoints of which an ICMP error came lately.
 *
 * A server whose port is closed, or whose host is out of reach, answers no request
 * either; but that is told as what it is, and not as silence once more.
 *
 * A memory of fixed size, all zeros when empty. Two endpoints may meet in a slot: the
 * later one stays. Times are nanoseconds of CLOCK_MONOTONIC, ports in host order.
 */
#ifndef STICKYDNS_PINWATCH_REFUSALS_H
#define STICKYDNS_PINWATCH_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/pinwatch/watch.h"

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
