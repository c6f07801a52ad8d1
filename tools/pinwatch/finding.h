/*
 * finding.h: what an event of the kernel proves about an endpoint. Pure.
 *
 * The rules are the shim's (shim/tcp), which sees a connect from the program's side. An
 * error that a server or the way to it causes is a failure; one of this host is not. A
 * connect that waits, or is given up, says something only after `connect-timeout`, and when
 * SYNs were sent again. A close says nothing.
 */
#ifndef STICKYDNS_PINWATCH_FINDING_H
#define STICKYDNS_PINWATCH_FINDING_H

#include <stdint.h>

#include "policy/base/cause.h"
#include "tools/pinwatch/watched.h"

enum finding_kind {
	FINDING_NOTHING,
	FINDING_WORKS,
	FINDING_FAILED,
	FINDING_RESET,			/* an established connection was reset: the next attempt decides */
};

struct finding {
	enum finding_kind kind;
	enum cause cause;		/* of FINDING_FAILED */
};

/* `timeout_s`: the endpoint's `connect-timeout`. */
struct finding finding_of(const struct watch_event *e, uint32_t timeout_s);

#endif
