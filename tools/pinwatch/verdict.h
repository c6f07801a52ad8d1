/*
 * verdict.h: what an event of the kernel proves about an endpoint. Pure.
 *
 * The same rules as the shim's (flow.h), which sees a connect from the program's
 * side: an error that a server or the way to it causes is a failure, one of this
 * host is not; a connect that is given up says something only after WAIT_MS and
 * WAIT_RETRANSMITS; a close says nothing.
 */
#ifndef STICKYDNS_PINWATCH_VERDICT_H
#define STICKYDNS_PINWATCH_VERDICT_H

#include "policy/base/cause.h"
#include "tools/pinwatch/watch.h"

enum verdict_kind {
	VERDICT_NOTHING,
	VERDICT_WORKS,
	VERDICT_FAILED,
	VERDICT_RESET,			/* an established connection was reset: the next attempt decides */
};

struct verdict {
	enum verdict_kind kind;
	enum cause cause;		/* of VERDICT_FAILED */
};

struct verdict verdict_of(const struct watch_event *e);

/* errno of an ICMP (RFC 792) or ICMPv6 (RFC 4443) destination unreachable with this code, as icmp(7) has it; 0: none. */
int verdict_icmp(unsigned code);
int verdict_icmpv6(unsigned code);

#endif
