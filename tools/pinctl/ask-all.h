/*
 * ask-all.h: asks DNS for all names of a list, with a line on the terminal that shows how far it is.
 *
 * Names that stand side by side are often of one zone, whose servers may be down. So they are asked for in an order that
 * leads through the whole list: when none of many in a row has an answer, DNS is down, and it is given up.
 */
#ifndef STICKYDNS_ASK_ALL_H
#define STICKYDNS_ASK_ALL_H

#include "tools/common/names.h"
#include "tools/common/resolve.h"

enum {
	ASKED_AT_ONCE = 64,			/* names in flight: their 128 queries fit a server's socket (net.core.rmem_default) */
	GIVE_UP = 2 * ASKED_AT_ONCE,		/* names in a row without an answer; half of it, as long as there was none at all */
};

/* How it went. Each name was answered, or had no answer, or was not asked for. */
struct tally {
	size_t answered, unanswered;
	bool given_up;				/* DNS is down */
	bool stopped;				/* by SIGINT or SIGTERM, or by stop_asking() */
};

/* Name number `i` is answered, or has no answer. The tally does not count it yet. */
typedef void asked_fn(void *arg, size_t i, const struct reply reply[static FAMILIES]);

struct asking {
	const struct names *names;
	const struct endpoint *server;		/* resolve.h */
	uint32_t timeout_ms;
	asked_fn *done;
	void *arg;
	struct tally tally;			/* begin with zeros */
};

/* Asks, until all have an answer or a time-out. NULL, or what is wrong. */
const char *ask_all(struct asking *a);

/* From within done(): no more. */
void stop_asking(struct asking *a);

#endif
